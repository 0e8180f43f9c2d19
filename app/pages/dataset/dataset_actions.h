#pragma once

#include "app/session.h"

#include <QObject>

class QAction;

namespace nanodit {

class DatasetJobs;
class Dialogs;
class PageFrame;

/// The page's actions: the jobs that turn pictures into what a model is trained on.
class DatasetActions : public QObject {
    Q_OBJECT

public:
    DatasetActions(Session& session, DatasetJobs& jobs, Dialogs& dialogs, PageFrame* frame, QWidget* page);
    /// Which of them make sense now.
    void update();
    /// Asks first where a set is there already.
    void pack();

Q_SIGNALS:
    void importWanted();
    void passesWanted();

private:
    Session& session_;
    DatasetJobs& jobs_;
    Dialogs& dialogs_;
    QWidget* page_;
    QAction *import_, *passes_, *pack_, *verify_, *certify_;
};

} // namespace nanodit
