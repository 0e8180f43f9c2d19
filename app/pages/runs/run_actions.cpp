#include "app/pages/runs/run_actions.h"

#include "app/background_queue.h"
#include "app/dialogs.h"
#include "app/job_runner.h"
#include "app/pages/runs/run_model.h"
#include "app/trash.h"
#include "core/io/size_text.h"
#include "core/runtime/error.h"
#include "core/runtime/job.h"
#include "widgets/text.h"

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QMenu>
#include <QWidget>

#include <algorithm>
#include <utility>

namespace nanodit {

RunActions::RunActions(Session& session, Dialogs& dialogs, QWidget* page)
    : QObject(page)
    , session_(session)
    , dialogs_(dialogs)
    , page_(page)
{
    show_ = add("runShowAction", tr("Show curves on the Train page"), &RunActions::emitShow);
    validate_ = add("runValidateAction", tr("Validate"), &RunActions::emitValidate);
    addSeparator();
    rename_ = add("runRename", tr("Rename (F2)"), &RunActions::editName);
    tags_ = add("runTags", tr("Edit tags"), &RunActions::editTags);
    note_ = add("runNote", tr("Edit note"), &RunActions::editNote);
    addSeparator();
    duplicate_ = add("runDuplicate", tr("New run with these settings…"), &RunActions::emitDuplicate);
    startFrom_ = add("runStartFrom", tr("New run from its weights…"), &RunActions::emitStartFrom);
    export_ = add("runExport", tr("Export model…"), &RunActions::exportModel);
    export_->setToolTip(tr("Its newest weights as float16 safetensors, with the configuration"));
    addSeparator();
    openFolder_ = add("runOpenFolder", tr("Open folder"), &RunActions::openFolder);
    copyCommand_ = add("runCopyCommand", tr("Copy command line"), &RunActions::copyCommand);
    copyPath_ = add("runCopyPath", tr("Copy path"), &RunActions::copyPath);
    addSeparator();
    remove_ = add("runRemove", tr("Move to trash…"), &RunActions::remove);
    setRun(nullptr, false);
}

QAction* RunActions::add(const char* object, const QString& text, void (RunActions::*act)())
{
    auto* const action = new QAction(text, this);
    action->setObjectName(QLatin1String(object));
    connect(action, &QAction::triggered, this, act);
    all_ << action;
    return action;
}

void RunActions::addSeparator()
{
    auto* const line = new QAction(this);
    line->setSeparator(true);
    all_ << line;
}

void RunActions::addTo(QMenu* menu)
{
    menu->addActions(all_);
    menus_ << menu;
    connect(menu, &QMenu::aboutToShow, this, &RunActions::hold);
    // Its entry is triggered after it has closed.
    connect(menu, &QMenu::aboutToHide, this, &RunActions::release, Qt::QueuedConnection);
    connect(&session_, &Session::workspaceChanged, menu, &QMenu::close);
}

void RunActions::hold()
{
    if (auto subject = std::exchange(late_, std::nullopt))
        take(std::move(*subject));
    held_ = true;
}

void RunActions::release()
{
    if (std::ranges::any_of(menus_, &QMenu::isVisible)) // opened again, on another run
        return;
    held_ = false;
    if (auto subject = std::exchange(late_, std::nullopt))
        take(std::move(*subject));
}

void RunActions::setRun(const ListedRun* run, bool training)
{
    Subject subject{.run = run != nullptr ? std::optional(*run) : std::nullopt, .training = training};
    if (held_)
        late_ = std::move(subject);
    else
        take(std::move(subject));
}

void RunActions::take(Subject subject)
{
    run_ = std::move(subject.run);
    for (auto* const action : all_)
        action->setEnabled(run_.has_value());
    const bool hasWeights = run_ && !run_->run.checkpoints.empty();
    startFrom_->setEnabled(hasWeights);
    export_->setEnabled(hasWeights);
    rename_->setEnabled(run_ && !subject.training);
    remove_->setEnabled(run_ && !subject.training);
}

QString RunActions::name() const
{
    return run_ ? QString::fromStdString(run_->run.name) : QString();
}

QString RunActions::folder() const
{
    return run_ ? QString::fromStdString(run_->run.folder.string()) : QString();
}

void RunActions::change(const QString& what, std::function<void()> work, std::function<void()> then)
{
    session_.background().ask(
        this, std::move(work),
        [this, then = std::move(then)] {
            Q_EMIT changed();
            if (then)
                then();
            session_.refreshRuns();
        },
        [this, what](const Notice& why) {
            Q_EMIT failed(what, why);
            session_.refreshRuns(); // shows what is there
        });
}

void RunActions::rename(const QString& name, const QString& newName)
{
    change(
        tr("Could not rename the run"),
        [workspace = session_.workspace(), from = name.toStdString(), to = newName.toStdString()] {
            renameRun(workspace, from, to);
        },
        [this, name, newName] { Q_EMIT renamed(name, newName); });
}

void RunActions::write(const QString& name, const RunNotes& notes)
{
    change(tr("Could not save the note"),
           [folder = session_.workspace().runsFolder() / name.toStdString(), notes] { writeRunNotes(folder, notes); });
}

void RunActions::emitShow()
{
    Q_EMIT showWanted(name());
}

void RunActions::emitValidate()
{
    Q_EMIT validationWanted(name());
}

void RunActions::editName()
{
    Q_EMIT editWanted(name(), RunModel::Name);
}

void RunActions::editTags()
{
    Q_EMIT editWanted(name(), RunModel::Tags);
}

void RunActions::editNote()
{
    Q_EMIT editWanted(name(), RunModel::Note);
}

void RunActions::emitDuplicate()
{
    Q_EMIT duplicateWanted(name());
}

void RunActions::emitStartFrom()
{
    Q_EMIT startFromWanted(name());
}

void RunActions::exportModel()
{
    if (!run_ || run_->run.checkpoints.empty())
        return;
    const auto run = name(); // another one may be selected by the time of the answer
    const auto checkpoint = run_->run.checkpoints.back();
    const auto target = dialogs_.chooseNewFolder(page_, tr("Export the model to a new folder"),
                                                 run + QStringLiteral("-export"), NewFolder::Files);
    if (target.isEmpty())
        return;
    auto* const runner = session_.newJob(tr("Export of %1").arg(run), Page::Runs);
    connect(runner, &JobRunner::failed, this,
            [this](const Notice& why) { Q_EMIT failed(tr("Could not export the model"), why); });
    connect(runner, &JobRunner::finished, this, [this, target, run] {
        Q_EMIT done(tr("Exported the model of %1 to %2.").arg(run, target));
        session_.refreshRuns();
    });
    session_.startJob(runner, makeJob([request = RunExport{.checkpoint = checkpoint, .folder = target.toStdString()}](
                                          const JobContext&) {
                          exportRun(request);
                          return JobEnd::Finished;
                      }));
}

void RunActions::openFolder()
{
    if (!dialogs_.showInFileManager(folder() + QStringLiteral("/config.yaml")))
        Q_EMIT failed(tr("Could not open the folder"),
                      {tr("No file manager was found for %1").arg(folder()).toStdString()});
}

void RunActions::copyCommand()
{
    QApplication::clipboard()->setText(trainCommand(session_.workspace(), session_.runs(), name().toStdString()));
    Q_EMIT done(tr("The command line is on the clipboard"));
}

void RunActions::copyPath()
{
    QApplication::clipboard()->setText(folder());
    Q_EMIT done(tr("The path is on the clipboard"));
}

void RunActions::remove()
{
    if (!run_)
        return;
    const auto asked = *run_; // another one may be selected, or none be left, by the time of the answer
    if (!dialogs_.confirm(
            page_, tr("Move the run \"%1\" to the trash?").arg(name()),
            tr("%1, curves, pictures and validations: %2 in total.")
                .arg(countText(static_cast<std::int64_t>(asked.run.checkpoints.size()), tr("checkpoints")),
                     QString::fromStdString(sizeText(static_cast<std::int64_t>(asked.bytes)))),
            tr("Move to trash")))
        return;
    change(tr("Could not move the run to the trash"), [folder = asked.run.folder] {
        if (const auto holder = runHolder(folder))
            throw StoreError("it is being trained by " + holder->text());
        moveToTrash(QString::fromStdString(folder.string()));
    });
}

} // namespace nanodit
