#pragma once

#include "app/session.h"

#include <QFrame>

#include <map>

class QHBoxLayout;
class QLabel;

namespace nanodit {

class JobBar;

/// The window's bottom line: a bar per running job; at the right what computes, and the memory that is used.
class StatusStrip : public QFrame {
    Q_OBJECT

public:
    explicit StatusStrip(Session& session, QWidget* parent = nullptr);

Q_SIGNALS:
    void pageWanted(nanodit::Page page);

private:
    void addJob(JobRunner* runner);
    void removeJob(JobRunner* runner);
    void arrange();
    void showMachine();

    Session& session_;
    QHBoxLayout* row_;
    QLabel* quiet_;
    QLabel* machine_;
    std::map<JobRunner*, JobBar*> bars_;
};

} // namespace nanodit
