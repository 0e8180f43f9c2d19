#include "app/pages/dataset/dataset_page.h"

#include "app/background_queue.h"
#include "app/dataset_jobs.h"
#include "app/dialogs.h"
#include "app/failures.h"
#include "app/job_runner.h"
#include "app/page_table.h"
#include "app/pages/dataset/dataset_actions.h"
#include "app/pages/dataset/duplicates_panel.h"
#include "app/pages/dataset/feature_colours.h"
#include "app/pages/dataset/layer_panel.h"
#include "app/pages/dataset/loupe.h"
#include "app/pages/dataset/picture_pane.h"
#include "app/pages/dataset/record_browser.h"
#include "app/pages/dataset/record_editing.h"
#include "app/pages/dataset/record_facts.h"
#include "app/pages/dataset/record_list.h"
#include "app/pages/dataset/record_menu.h"
#include "app/pages/dataset/report_drawer.h"
#include "app/same_workspace.h"
#include "widgets/banner.h"
#include "widgets/commands.h"
#include "widgets/image_canvas.h"
#include "widgets/inspector_column.h"
#include "widgets/page_frame.h"
#include "widgets/state_panel.h"
#include "widgets/text.h"

#include <QAction>
#include <QApplication>
#include <QFileInfo>
#include <QMenu>
#include <QPushButton>
#include <QSplitter>
#include <QStackedWidget>
#include <QUndoStack>
#include <QVBoxLayout>

#include <algorithm>
#include <chrono>
#include <utility>

namespace nanodit {

namespace {

constexpr int gridWidth = 412;
constexpr int tableWidth = 600; ///< Its columns fit, beside the inspector, in a window of 1280 pixels.
constexpr int reportDrawerHeight = 232;
constexpr int manyRecords = 20;             ///< As many are changed at once only after a question.
constexpr qsizetype mostShownAtOnce = 1000; ///< Of selected records; going through more of them would hold the window.
constexpr std::chrono::milliseconds selectingPause{50};

} // namespace

DatasetPage::DatasetPage(Session& session, DatasetJobs& jobs, Dialogs& dialogs, QWidget* parent)
    : QWidget(parent)
    , session_(session)
    , jobs_(jobs)
    , dialogs_(dialogs)
    , frame_(new PageFrame(pageName(Page::Dataset), this))
    , states_(new QStackedWidget(this))
    , empty_(new StatePanel(this))
    , editing_(new RecordEditing(session, this))
    , browser_(new RecordBrowser(session, editing_->undoStack(), this))
    , loupe_(new Loupe(session, this))
    , facts_(new RecordFacts(this))
    , layers_(new LayerPanel(loupe_, this))
    , drawer_(new ReportDrawer(session, jobs,
                               {.ids =
                                    [this](CaptionsPanel::Scope scope) {
                                        return scope == CaptionsPanel::Scope::Selected ? browser_->selectedIds()
                                                                                       : browser_->listedIds();
                                    },
                                .count =
                                    [this](CaptionsPanel::Scope scope) {
                                        return scope == CaptionsPanel::Scope::Selected ? browser_->selectedCount()
                                                                                       : browser_->listedCount();
                                    }},
                               this))
    , actions_(new DatasetActions(session, jobs, dialogs, frame_, this))
    , split_(new QSplitter(Qt::Horizontal, this))
{
    split_->setObjectName(QStringLiteral("datasetSplit"));
    split_->setHandleWidth(1);
    split_->setChildrenCollapsible(false);
    split_->addWidget(browser_);
    split_->addWidget(loupe_);
    split_->setStretchFactor(0, 0);
    split_->setStretchFactor(1, 1);
    split_->setSizes({gridWidth, 1000});
    empty_->setObjectName(QStringLiteral("noRecords"));
    states_->addWidget(empty_);
    states_->addWidget(split_);
    frame_->setContent(states_);
    frame_->setInspector(makeInspector());
    frame_->setDrawer(drawer_, reportDrawerHeight);
    frame_->setDrawerVisible(false);
    frame_->setInspectorVisible(false);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(frame_);

    chosenSoon_.setSingleShot(true);
    chosenSoon_.setInterval(selectingPause);
    connect(&chosenSoon_, &QTimer::timeout, this, &DatasetPage::askChosen);
    connect(actions_, &DatasetActions::importWanted, this, &DatasetPage::importPictures);
    connect(&jobs_, &DatasetJobs::busyChanged, this, &DatasetPage::tellWhyEmpty);
    connect(actions_, &DatasetActions::passesWanted, drawer_, &ReportDrawer::openPasses);
    connect(browser_, &RecordBrowser::recordChosen, this, [this](const QString& id) {
        if (const auto* const record = session_.record(id))
            loupe_->showRecord(*record);
        showChosen();
    });
    connect(browser_, &RecordBrowser::selectionChanged, this, &DatasetPage::showChosen);
    connect(browser_, &RecordBrowser::selectionChanged, drawer_->captions(), &CaptionsPanel::refresh);
    connect(browser_, &RecordBrowser::viewChanged, this, [this](RecordBrowser::View view) {
        const int wanted = view == RecordBrowser::View::Grid ? gridWidth : std::max(tableWidth, split_->width() / 2);
        split_->setSizes({wanted, std::max(1, split_->width() - wanted)});
    });
    connect(browser_, &RecordBrowser::counted, this, &DatasetPage::showRecords);
    connect(drawer_, &ReportDrawer::reported, this, [this] { frame_->setDrawerVisible(true); });
    connect(drawer_, &ReportDrawer::recordChosen, this, &DatasetPage::chooseRecord);
    connect(drawer_, &ReportDrawer::packWanted, actions_, &DatasetActions::pack);
    connect(drawer_, &ReportDrawer::encoderWanted, this, [this](Pass pass) {
        const auto encoder = pass == Pass::T5    ? remedy::Encoder::T5
                             : pass == Pass::Vae ? remedy::Encoder::Vae
                                                 : remedy::Encoder::Dino;
        Q_EMIT remedyWanted(remedy::NameEncoder{encoder});
    });
    connect(drawer_, &ReportDrawer::queryChosen, browser_, &RecordBrowser::setQuery);
    connectSession();
    connectEditing();
    makeCommands();
    showRecords();
}

QWidget* DatasetPage::makeInspector()
{
    auto* const inspector = new InspectorColumn(this);
    inspector->addSection(tr("Record"), facts_);
    inspector->add(layers_);
    return inspector;
}

void DatasetPage::connectSession()
{
    connect(&session_, &Session::workspaceChanged, this, [this] {
        browser_->forgetWorkspace();
        loupe_->clear();
        ++chosenAsked_; // an answer on its way is of the workspace before
        chosenSoon_.stop();
        facts_->setEnabled(true);
        facts_->forget();
        frame_->setDrawerVisible(frame_->drawerByHand().value_or(false));
        frame_->banner()->hide();
        frame_->setContext(folderText(QString::fromStdString(session_.workspace().root.string())));
        tellWhyEmpty();
    });
    connect(&session_, &Session::leaving, facts_, &RecordFacts::finishEditing);
    auto* const banner = frame_->banner();
    connect(&jobs_, &DatasetJobs::failed, banner, failuresIn(banner));
    connect(drawer_, &ReportDrawer::failed, banner, failuresIn(banner));
    connect(loupe_->colours(), &FeatureColours::failed, banner, failuresIn(banner));
    connect(loupe_->colours(), &FeatureColours::logged, drawer_, &ReportDrawer::log);
    connect(editing_, &RecordEditing::failed, banner, failuresIn(banner));
    connect(editing_, &RecordEditing::failed, this, &DatasetPage::showChosen); // as it was
    connect(editing_, &RecordEditing::failed, drawer_->captions(), &CaptionsPanel::refresh);
}

void DatasetPage::connectEditing()
{
    connect(facts_, &RecordFacts::captionEdited, editing_, &RecordEditing::setCaption);
    connect(drawer_->captions(), &CaptionsPanel::editWanted, editing_, &RecordEditing::editCaptions);
    connect(drawer_->duplicates(), &DuplicatesPanel::excludeWanted, editing_, &RecordEditing::excludeDuplicates);
    connect(facts_, &RecordFacts::splitEdited, this,
            [this](const QString& split) { setSplit(browser_->selectedIds(), split); });
    connect(facts_, &RecordFacts::tagsEdited, this, [this](const QStringList& added, const QStringList& removed) {
        if (const auto ids = browser_->selectedIds(); mayEdit(ids, tr("Change the tags of %1?")))
            editing_->changeTags(ids, added, removed);
    });
    connect(facts_, &RecordFacts::exclusionEdited, this,
            [this](const QString& reason) { setExcluded(browser_->selectedIds(), reason); });
    connect(facts_, &RecordFacts::captionLeft, this, [this] { browser_->focusRecords(); });
    connect(facts_, &RecordFacts::fileWanted, this, [this] { showFile(browser_->current()); });
    connect(facts_, &RecordFacts::remedyWanted, this, &DatasetPage::remedyWanted);
    connect(editing_, &RecordEditing::made, browser_, &RecordBrowser::tell);
    connect(browser_, &RecordBrowser::menuWanted, this, &DatasetPage::openMenu);
    for (auto* const pane : {loupe_->left(), loupe_->right()}) {
        auto* const canvas = pane->canvas();
        canvas->setContextMenuPolicy(Qt::CustomContextMenu);
        connect(canvas, &QWidget::customContextMenuRequested, this, [this, pane, canvas](QPoint point) {
            if (pane->view() && QString::fromStdString(pane->view()->record.id) == browser_->current())
                openMenu(canvas->mapToGlobal(point));
        });
    }
    connect(browser_, &RecordBrowser::captionEdited, editing_, &RecordEditing::setCaption);
    connect(browser_, &RecordBrowser::splitEdited, this,
            [this](const QString& id, const QString& split) { editing_->setSplit({id}, split); });
    connect(browser_, &RecordBrowser::tagsEdited, this, [this](const QString& id, const QStringList& tags) {
        if (const auto* const record = session_.record(id)) {
            QStringList before;
            for (const auto& tag : record->tags)
                before << QString::fromStdString(tag);
            editing_->changeTags({id}, tags, before);
        }
    });
}

void DatasetPage::makeCommands()
{
    using View = RecordBrowser::View;
    auto* const commands = new Commands(this);
    commands->note(tr("arrows"), tr("step through the records; with Shift select several"));
    commands->add({{QKeySequence::Find, [this] { browser_->focusSearch(); }},
                   {Qt::CTRL | Qt::SHIFT | Qt::Key_F, [this] { browser_->openFilters(); }}},
                  tr("search and filter; list the filters"));
    commands->add({{Qt::Key_G, [this] { browser_->setView(View::Grid); }},
                   {Qt::Key_L, [this] { browser_->setView(View::Table); }},
                   {Qt::Key_M, [this] { browser_->setView(View::Map); }}},
                  tr("thumbnails, table, map"));
    const auto edits = commands->add({{Qt::Key_E, [this] { editCaption(); }},
                                      {Qt::Key_T, [this] { editTags(); }},
                                      {Qt::Key_X, [this] { toggleExclusion(); }}},
                                     tr("edit the caption, the tags; exclude or include"));
    caption_ = edits[0];
    tags_ = edits[1];
    exclude_ = edits[2];
    undo_ = commands
                ->add({{QKeySequence::Undo, [this] { editing_->undoStack()->undo(); }},
                       {QKeySequence::Redo, [this] { editing_->undoStack()->redo(); }}},
                      tr("undo an edit, redo it"))
                .front();
    captions_ = commands->add(Qt::CTRL | Qt::Key_H, tr("find and replace in many captions"),
                              [this] { drawer_->openCaptions(); });
    showFile_ =
        commands->add(Qt::Key_O, tr("show the picture in the file manager"), [this] { showFile(browser_->current()); });
    auto* const pause =
        commands->add(Qt::Key_Space, tr("pause or resume the running job"), [this] { pauseOrResume(); });
    pause->setEnabled(false); // the views' own while nothing runs
    connect(&jobs_, &DatasetJobs::busyChanged, pause, [this, pause] { pause->setEnabled(jobs_.busy()); });
}

/// Whoever comes to the page by its key goes on with the arrows.
void DatasetPage::focusInEvent(QFocusEvent* event)
{
    QWidget::focusInEvent(event);
    if (states_->currentIndex() == 1)
        browser_->focusRecords();
}

void DatasetPage::showRecords()
{
    const auto& counts = browser_->list().counts();
    const bool any = counts.records > 0;
    if (any != (states_->currentIndex() == 1)) // nothing to inspect, no inspector; later the user folds it
        frame_->setInspectorVisible(any && frame_->inspectorByHand().value_or(true));
    states_->setCurrentIndex(any ? 1 : 0);
    frame_->fitInspector();
    if (!any)
        return tellWhyEmpty();
    if (hasFocus())
        browser_->focusRecords();
    facts_->setSplits(browser_->splits());
    drawer_->showBuckets(browser_->list());
    if (session_.record(browser_->current()) == nullptr)
        browser_->choose(QString::fromStdString(session_.records().front().id));
    else if (const auto* const record = session_.record(browser_->current()))
        loupe_->showRecord(*record); // its arrays may be others now
}

/// There are no records, or they are on their way.
void DatasetPage::tellWhyEmpty()
{
    const auto awaited = !session_.records().empty()                           ? tr("Reading records")
                         : jobs_.busy() && jobs_.work() == DatasetWork::Import ? tr("Importing pictures")
                                                                               : QString();
    if (std::exchange(awaited_, awaited) == awaited) // its button may have the keys
        return;
    if (!awaited.isEmpty())
        return empty_->showWorking(awaited);
    empty_->showEmpty(QStringLiteral("dataset"), tr("No pictures yet"),
                      tr("Import a folder of pictures; captions are read from a .txt or .json beside each, or from a "
                         "records.jsonl."));
    connect(empty_->addButton(tr("Import…"), QStringLiteral("import"), true), &QPushButton::clicked, this,
            &DatasetPage::importPictures);
}

void DatasetPage::showChosen()
{
    ++chosenAsked_;
    if (browser_->selectedCount() <= mostShownAtOnce) {
        chosenSoon_.stop();
        return showFacts(chosenOf(session_.records(), browser_->selectedIds()));
    }
    if (!facts_->isAncestorOf(QApplication::focusWidget())) // else what is edited there stays of the same records
        facts_->setEnabled(false);
    chosenSoon_.start();
}

void DatasetPage::askChosen()
{
    session_.background().ask(
        this, [records = session_.recordsValue(), ids = browser_->selectedIds()] { return chosenOf(*records, ids); },
        [this, asked = chosenAsked_](const ChosenRecords& chosen) {
            if (asked == chosenAsked_)
                showFacts(chosen);
        });
}

void DatasetPage::showFacts(const ChosenRecords& chosen)
{
    facts_->setEnabled(true);
    facts_->show(chosen.summary);
    loupe_->colours()->setSelection(chosen.withPatches);
}

void DatasetPage::chooseRecord(const QString& id)
{
    browser_->choose(id);
}

void DatasetPage::importPictures()
{
    const SameWorkspace same(session_);
    const auto folder = dialogs_.chooseFolder(this, tr("Import the pictures of a folder"));
    if (!folder.isEmpty() && same)
        jobs_.importPictures(folder);
}

void DatasetPage::openMenu(QPoint globalPoint)
{
    std::vector<const RecordInfo*> records;
    QStringList ids; // another selection may have taken the place of this one when an entry is chosen
    for (const auto& id : browser_->selectedIds()) {
        if (const auto* const record = session_.record(id)) {
            records.push_back(record);
            ids << id;
        }
    }
    if (records.empty())
        return;
    // What is edited on the page is what is selected there.
    const auto selectedAgain = [this, ids](const auto& edit) {
        return [this, ids, edit] {
            if (browser_->chooseAll(ids))
                edit();
            else
                browser_->tell(tr("these records are no longer listed"));
        };
    };
    RecordMenuActions actions;
    actions.showFile = [this, id = ids.front()] { showFile(id); };
    actions.editCaption = selectedAgain([this] {
        if (!browser_->editCaptionCell())
            editCaption();
    });
    actions.editCaptions = selectedAgain([this] { drawer_->openCaptions(); });
    actions.editTags = selectedAgain([this] { editTags(); });
    actions.setSplit = [this, ids](const QString& split) { setSplit(ids, split); };
    actions.setExcluded = [this, ids](const QString& reason) { setExcluded(ids, reason); };
    actions.undo = editing_->undoStack();
    actions.showFileKey = showFile_;
    actions.captionKey = caption_;
    actions.captionsKey = captions_;
    actions.tagsKey = tags_;
    actions.excludeKey = exclude_;
    actions.undoKey = undo_;
    auto* const menu = makeRecordMenu(records, browser_->splits(), actions, this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    connect(&session_, &Session::workspaceChanged, menu, &QMenu::close);
    menu->popup(globalPoint);
}

void DatasetPage::editCaption()
{
    frame_->setInspectorVisible(true); // where it is edited
    facts_->editCaption();
}

void DatasetPage::editTags()
{
    frame_->setInspectorVisible(true);
    facts_->focusTags();
}

void DatasetPage::toggleExclusion()
{
    const auto ids = browser_->selectedIds();
    const auto isExcluded = [this](const QString& id) {
        const auto* const record = session_.record(id);
        return record != nullptr && !record->excluded.empty();
    };
    const bool excluded = !ids.isEmpty() && std::ranges::all_of(ids, isExcluded);
    setExcluded(ids, excluded ? QString() : tr("by hand"));
}

bool DatasetPage::mayEdit(const QStringList& ids, const QString& question)
{
    if (ids.size() < manyRecords)
        return !ids.isEmpty();
    const SameWorkspace same(session_);
    if (dialogs_.confirm(this, question.arg(countText(ids.size(), tr("records"))), tr("Ctrl+Z undoes it."),
                         tr("Change")) &&
        same)
        return true;
    showChosen(); // as it was
    return false;
}

void DatasetPage::setSplit(const QStringList& ids, const QString& split)
{
    if (mayEdit(ids, tr("Change the split of %1?")))
        editing_->setSplit(ids, split);
}

void DatasetPage::setExcluded(const QStringList& ids, const QString& reason)
{
    if (mayEdit(ids, reason.isEmpty() ? tr("Include %1 again?") : tr("Exclude %1?")))
        editing_->setExcluded(ids, reason);
}

void DatasetPage::showFile(const QString& id)
{
    const auto* const record = session_.record(id);
    if (record == nullptr)
        return;
    const auto file = QString::fromStdString(record->image.string());
    browser_->tell(dialogs_.showInFileManager(file)
                       ? tr("shown in the file manager: %1").arg(QFileInfo(file).fileName())
                       : tr("no file manager opened; the picture is %1").arg(file));
}

void DatasetPage::pauseOrResume()
{
    auto* const job = jobs_.runner();
    if (job == nullptr)
        return;
    if (job->paused())
        job->resume();
    else
        job->pause();
}

bool DatasetPage::settled() const
{
    return session_.idle() && !chosenSoon_.isActive() && browser_->idle() && loupe_->idle() &&
           drawer_->captions()->idle();
}

} // namespace nanodit
