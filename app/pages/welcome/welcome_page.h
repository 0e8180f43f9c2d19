#pragma once

#include "core/runtime/job.h"

#include <QWidget>

#include <array>

class QLabel;
class QProgressBar;
class QPushButton;
class QToolButton;
class QVBoxLayout;

namespace nanodit {

struct Progress;

/// What stands in the window before a workspace is open: what this is, the ways in, recent workspaces.
class WelcomePage : public QWidget {
    Q_OBJECT

public:
    explicit WelcomePage(QWidget* parent = nullptr);
    void setRecent(const QStringList& folders);
    void showProgress(const Progress& progress);
    void setBusy(bool busy, const QString& sentence);

Q_SIGNALS:
    void openWanted();
    void newWanted();
    void demoWanted();
    void recentWanted(const QString& folder);

private:
    QToolButton* makeRecent(const QString& folder);

    QLabel* sentence_;
    QProgressBar* bar_;
    std::array<QPushButton*, 3> ways_{};
    QWidget* recent_;
    QVBoxLayout* recentColumn_;
    QLabel* recentTitle_;
};

} // namespace nanodit
