#pragma once

#include "app/disk_questions.h"
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
    /// Asks the disk first whether a set is there already, and then the user.
    void pack();

Q_SIGNALS:
    void importWanted();
    void passesWanted();

private:
    void packUnlessRefused(bool packed);

    Session& session_;
    DatasetJobs& jobs_;
    Dialogs& dialogs_;
    QWidget* page_;
    DiskQuestions disk_;
    int asked_ = 0; ///< Counts its questions: only the last one is acted on.
    QAction *import_, *passes_, *pack_, *verify_, *certify_;
};

} // namespace nanodit
