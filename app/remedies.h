#pragma once

#include "app/page_table.h"
#include "core/runtime/remedy.h"

#include <QObject>

namespace nanodit {

class DatasetJobs;

/// Does what helps against a failure, or says where in the window it is done. It does something for exactly those
/// remedies for which remedyAction() (app/wording.h) has a button. Home thread.
class Remedies : public QObject {
    Q_OBJECT

public:
    explicit Remedies(DatasetJobs& jobs);
    void act(const Remedy& remedy);

Q_SIGNALS:
    void pageWanted(nanodit::Page page);
    void openWanted();   ///< Another workspace.
    void demoWanted();   ///< A demo workspace.
    void importWanted(); ///< Pictures.
    void passesWanted(); ///< To see what passes would do, and start them there.
    void packWanted();   ///< The shards, after asking whether those that are there may go.
    void encoderWanted(nanodit::remedy::Encoder encoder); ///< To be named in the workspace's settings.
    void deviceWanted();                                  ///< To choose what computes.

private:
    DatasetJobs& jobs_;
};

} // namespace nanodit
