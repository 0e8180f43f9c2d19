#include "app/pages/dataset/dataset_actions.h"

#include "app/dataset_jobs.h"
#include "app/dialogs.h"
#include "app/same_workspace.h"
#include "widgets/page_frame.h"

#include <QAction>

#include <filesystem>
#include <system_error>

namespace nanodit {

DatasetActions::DatasetActions(Session& session, DatasetJobs& jobs, Dialogs& dialogs, PageFrame* frame, QWidget* page)
    : QObject(page)
    , session_(session)
    , jobs_(jobs)
    , dialogs_(dialogs)
    , page_(page)
{
    import_ = frame->addAction(tr("Import…"), QStringLiteral("import"),
                               tr("Add the pictures of a folder, with captions beside them"));
    passes_ = frame->addAction(tr("Passes…"), QStringLiteral("passes"),
                               tr("Compute missing text embeddings, latents and patches (shows the cost first)"));
    pack_ = frame->addAction(tr("Pack shards"), QStringLiteral("pack"),
                             tr("Pack complete records into shards for training"));
    verify_ =
        frame->addAction(tr("Verify"), QStringLiteral("verify"), tr("Check every array: complete, aligned, finite"));
    certify_ = frame->addAction(
        tr("Certify"), QStringLiteral("verify"),
        tr("Check patch alignment: recompute the patches and compare them with the stored ones and with what "
           "known bugs would have stored"));
    passes_->setObjectName(QStringLiteral("passes"));
    pack_->setObjectName(QStringLiteral("pack"));
    verify_->setObjectName(QStringLiteral("verify"));
    certify_->setObjectName(QStringLiteral("certify"));
    connect(import_, &QAction::triggered, this, &DatasetActions::importWanted);
    connect(passes_, &QAction::triggered, this, &DatasetActions::passesWanted);
    connect(pack_, &QAction::triggered, this, &DatasetActions::pack);
    connect(verify_, &QAction::triggered, this, [this] { jobs_.verify(); });
    connect(certify_, &QAction::triggered, this, [this] { jobs_.certify(0); });
    connect(&jobs_, &DatasetJobs::busyChanged, this, &DatasetActions::update);
    connect(&session_, &Session::recordsChanged, this, &DatasetActions::update);
    update();
}

void DatasetActions::pack()
{
    disk_.ask(
        [folder = session_.workspace().shardsFolder()] {
            std::error_code none;
            return std::filesystem::is_directory(folder, none) && !std::filesystem::is_empty(folder, none);
        },
        [this, number = ++asked_, same = SameWorkspace(session_)](bool packed) {
            if (number == asked_ && same)
                packUnlessRefused(packed);
        });
}

void DatasetActions::packUnlessRefused(bool packed)
{
    const SameWorkspace same(session_);
    const auto folder = QString::fromStdString(session_.workspace().shardsFolder().string());
    if (packed && !(dialogs_.confirm(page_, tr("Pack the shards again?"),
                                     tr("The existing shards in %1 will be replaced.").arg(folder), tr("Pack again")) &&
                    same))
        return;
    jobs_.packShards(packed);
}

void DatasetActions::update()
{
    const bool free = session_.hasWorkspace() && !jobs_.busy();
    const bool any = !session_.records().empty();
    import_->setEnabled(free);
    for (auto* const action : {passes_, pack_, verify_, certify_})
        action->setEnabled(free && any);
}

} // namespace nanodit
