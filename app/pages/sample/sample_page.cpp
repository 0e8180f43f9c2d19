#include "app/pages/sample/sample_page.h"

#include "app/background_queue.h"
#include "app/failures.h"
#include "app/job_runner.h"
#include "app/page_table.h"
#include "app/pages/sample/history_panel.h"
#include "app/pages/sample/picture_saving.h"
#include "app/pages/sample/picture_series.h"
#include "app/pages/sample/picture_stage.h"
#include "app/pages/sample/prompt_bar.h"
#include "app/pages/sample/region_editor.h"
#include "app/pages/sample/sample_form.h"
#include "app/pages/sample/trashed_pictures.h"
#include "app/same_workspace.h"
#include "widgets/banner.h"
#include "widgets/commands.h"
#include "widgets/guidance_plane_view.h"
#include "widgets/image_canvas.h"
#include "widgets/page_frame.h"
#include "widgets/picture_tiles.h"
#include "widgets/state_panel.h"
#include "widgets/text.h"

#include <QAction>
#include <QFileInfo>
#include <QPushButton>
#include <QStackedWidget>
#include <QVBoxLayout>

#include <algorithm>
#include <utility>

namespace nanodit {

namespace {
constexpr qsizetype mostRecentPrompts = 15;
}

SamplePage::SamplePage(Session& session, Sampling& sampling, Dialogs& dialogs, QWidget* parent)
    : QWidget(parent)
    , session_(session)
    , sampling_(sampling)
    , frame_(new PageFrame(pageName(Page::Sample), this))
    , prompt_(new PromptBar(session, this))
    , states_(new QStackedWidget(this))
    , empty_(new StatePanel(this))
    , stage_(new PictureStage(session, this))
    , form_(new SampleForm(session, dialogs, this))
    , history_(new HistoryPanel(this))
    , saving_(new PictureSaving(session, sampling, dialogs, frame_->banner(), this))
    , trashed_(new TrashedPictures(sampling, history_, frame_->banner(), this))
    , actions_(*frame_)
{
    makeCommands();
    empty_->showEmpty(QStringLiteral("sample"), tr("No model to sample from yet"),
                      tr("Train a model first; you can sample from any checkpoint."));
    connect(empty_->addButton(tr("Go to training"), QStringLiteral("train"), true), &QPushButton::clicked, this,
            &SamplePage::trainWanted);
    auto* const content = new QWidget(this);
    states_->addWidget(empty_);
    states_->addWidget(stage_);
    auto* const contentColumn = new QVBoxLayout(content);
    contentColumn->setContentsMargins(0, 0, 0, 0);
    contentColumn->setSpacing(0);
    contentColumn->addWidget(prompt_);
    contentColumn->addWidget(states_, 1);
    frame_->setContent(content);
    frame_->setInspector(form_);
    frame_->setDrawer(history_, HistoryPanel::height);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(frame_);
    connectSampling();
    connectHistory();
    connectParts();
    connectForm();
    updateState();
}

void SamplePage::makeCommands()
{
    auto* const commands = new Commands(this);
    commands->add(Qt::CTRL | Qt::Key_Return, tr("generate"), [this] { generate(); });
    commands->add(Qt::Key_Escape, tr("stop generating, or show the picture again"), [this] {
        if (sampling_.active())
            sampling_.cancel();
        else
            stage_->showView(PictureStage::View::Picture);
    });
    commands->add(Qt::Key_R, tr("new random seed"), [this] { form_->rollSeed(); });
    commands->bind(actions_.plane, Qt::Key_G, tr("guidance plane"));
    commands->add(Qt::Key_F, tr("show the whole picture"), [this] { stage_->canvas()->fit(); });
    commands->bind(actions_.save, QKeySequence::Save, tr("save the picture with its settings"));
    commands->add(Qt::ALT | Qt::Key_Down, tr("choose one of the last prompts"), [this] { prompt_->showRecent(); });
    commands->note(tr("Shift+Enter"), tr("in the prompt: start a new line"));
    commands->add(QKeySequence::Paste, tr("use the clipboard's picture as the reference"), [this] { form_->paste(); });
    commands->add(QKeySequence::Copy, tr("copy the picture"), [this] { saving_->copy(stage_->shown()); });
    commands->add(Qt::Key_C, tr("compare the pictures that are selected in the history"),
                  [this] { compare(history_->selected()); });
    commands->note(tr("double click"), tr("on a picture of the history: restore its settings"));
    commands->add(Qt::Key_Delete, tr("move the picture to the trash"), [this] { discardShown(); });
    commands->add(QKeySequence::Undo, tr("restore it from the trash"), [this] { trashed_->bringBack(); });
}

void SamplePage::connectParts()
{
    connect(actions_.plane, &QAction::triggered, this, &SamplePage::showPlane); // somebody wants it, or no longer
    connect(actions_.checkpoints, &QAction::triggered, this, &SamplePage::generateOverCheckpoints);
    connect(actions_.anatomy, &QAction::toggled, this, &SamplePage::showAnatomy);
    connect(actions_.attend, &QAction::triggered, this, [this] { Q_EMIT attentionWanted(shownFile_); });
    connect(actions_.save, &QAction::triggered, this, &SamplePage::save);
    prompt_->offerRecent([this] { return history_->prompts(mostRecentPrompts); });
    connect(prompt_, &PromptBar::generateWanted, this, &SamplePage::generate);
    connect(prompt_, &PromptBar::cancelWanted, this, [this] {
        if (sampling_.active())
            sampling_.cancel();
    });
    connect(stage_->plane(), &GuidancePlaneView::opened, this, &SamplePage::openCell);
    connect(stage_->tiles(), &PictureTiles::opened, this, [this](int index) {
        history_->setCurrent(seriesFiles_.value(index));
        showFrame(seriesFiles_.value(index));
    });
    connect(stage_->region(), &RegionEditor::regionChanged, form_, &SampleForm::setRegion);
    connect(stage_, &PictureStage::branchesWanted, this, &SamplePage::generateBranches);
    connect(stage_, &PictureStage::failed, frame_->banner(), failuresIn(frame_->banner()));
    connect(stage_, &PictureStage::viewChanged, this, [this] {
        actions_.plane->setChecked(stage_->view() == PictureStage::View::Plane);
        updateState();
    });
    connect(&session_, &Session::workspaceChanged, this, &SamplePage::forgetWorkspace);
}

void SamplePage::connectForm()
{
    connect(form_, &SampleForm::regionWanted, this, &SamplePage::showRegion);
    connect(form_, &SampleForm::regionLost, this, [this] {
        if (stage_->view() == PictureStage::View::Region)
            stage_->showView(PictureStage::View::Picture);
    });
    connect(form_, &SampleForm::scalesChanged, this, [this](double text, double dino) {
        stage_->plane()->setPoint(text, dino);
        if (form_->live() && !actions_.plane->isChecked())
            follow();
    });
    connect(form_, &SampleForm::checkpointChosen, this, [this] { prompt_->setCheckpoint(form_->checkpoint()); });
    connect(form_, &SampleForm::checkpointsListed, this, [this] {
        updateState();
        suggest();
    });
    connect(form_, &SampleForm::refused, this,
            [this](const QString& why) { frame_->banner()->showFailure(tr("Could not use that reference"), why); });
}

void SamplePage::forgetWorkspace()
{
    stage_->showView(PictureStage::View::Picture);
    stage_->clear();
    planeSettings_.reset();
    seriesFiles_.clear();
    shownFile_.clear();
    trashed_->forget();
    history_->setPictures({});
    frame_->setContext({});
    frame_->banner()->hide();
    promptBefore_ = prompt_->prompt();
    sampling_.readHistory();
    updateState();
}

void SamplePage::connectSampling()
{
    connect(&sampling_, &Sampling::stateChanged, this, &SamplePage::updateState);
    connect(&sampling_, &Sampling::opened, frame_, &PageFrame::setContext);
    connect(&sampling_, &Sampling::progressed, stage_, &PictureStage::setProgress);
    connect(&sampling_, &Sampling::previewed, this, [this](const QImage& picture, qint64, qint64) {
        shownFile_.clear();
        stage_->showPicture(picture, picture.size());
    });
    connect(&sampling_, &Sampling::followed, this, [this](const QImage& picture, bool refined) {
        shownFile_.clear();
        stage_->showPicture(picture, picture.size());
        stage_->setCaption(refined ? tr("Live picture. Generate keeps it.") : tr("Live picture, refining…"));
        updateState();
    });
    auto* const plane = stage_->plane();
    connect(&sampling_, &Sampling::planeBegun, this, [plane](const GuidancePlane& wanted, const QSize& picture) {
        plane->begin(wanted.textScales, wanted.dinoScales, picture);
    });
    connect(&sampling_, &Sampling::cellGenerated, plane, &GuidancePlaneView::setPicture);
    connect(&sampling_, &Sampling::planeFinished, this, [this, plane](double seconds) {
        stage_->setCaption(tr("Guidance plane of %1 pictures · %2 s. Click one to keep it.")
                               .arg(plane->rows() * plane->cols())
                               .arg(numberText(seconds)));
    });
    auto* const tiles = stage_->tiles();
    connect(&sampling_, &Sampling::seriesBegun, this, [this, tiles](const QStringList& labels, const QSize& picture) {
        seriesFiles_ = QStringList(labels.size(), QString());
        tiles->begin(labels, picture);
        stage_->showView(PictureStage::View::Series);
    });
    connect(&sampling_, &Sampling::seriesGenerated, this, [this, tiles](int index, const SampledPicture& picture) {
        if (index < seriesFiles_.size())
            seriesFiles_[index] = picture.file;
        tiles->setPicture(index, picture.picture);
        keep(picture);
    });
    connect(&sampling_, &Sampling::seriesFinished, this, [this, tiles](double seconds) {
        stage_->setCaption(
            tr("%1 pictures · %2 s. Click one to open it.").arg(tiles->count()).arg(numberText(seconds)));
    });
    connect(&sampling_, &Sampling::finished, this, [this](const SampledPicture& picture, double seconds) {
        keep(picture);
        history_->setCurrent(picture.file);
        showFrame(picture.file);
        stage_->setCaption(tr("%1 · %2 s").arg(picture.caption, numberText(seconds)), picture.file);
    });
    connect(&sampling_, &Sampling::cancelled, this, [this] {
        planeSettings_.reset(); // what is there of a plane stays; asked for again, it is made whole
        stage_->setCaption(tr("Stopped"));
    });
    connect(&sampling_, &Sampling::warned, this,
            [this](const QString& sentences) { frame_->banner()->showNotice(sentences); });
    connect(&sampling_, &Sampling::failed, this, [this](const Notice& why) {
        stage_->setCaption({});
        showFailure(*frame_->banner(), tr("Could not generate the picture"), why);
    });
}

void SamplePage::connectHistory()
{
    connect(history_, &HistoryPanel::chosen, this, &SamplePage::showFrame);
    connect(history_, &HistoryPanel::opened, this, &SamplePage::restoreFrom);
    connect(history_, &HistoryPanel::compareWanted, this, &SamplePage::compare);
    connect(history_, &HistoryPanel::copyWanted, this, [this] { saving_->copy(stage_->shown()); });
    connect(history_, &HistoryPanel::noteChanged, &sampling_, &Sampling::keepNote);
    connect(&session_, &Session::leaving, history_, &HistoryPanel::finishEditing);
    connect(&sampling_, &Sampling::historyRead, this, &SamplePage::takeHistory);
    connect(trashed_, &TrashedPictures::leaving, this, [this](const QString& file) {
        stage_->forget(file);
        if (shownFile_ != file)
            return;
        shownFile_.clear();
        stage_->clear();
        frame_->setContext({});
    });
    connect(trashed_, &TrashedPictures::left, this, &SamplePage::updateState);
    connect(trashed_, &TrashedPictures::returned, this, [this](const QString& file) {
        history_->setCurrent(file);
        showFrame(file);
    });
    connect(&sampling_, &Sampling::historyFailed, frame_->banner(), failuresIn(frame_->banner()));
}

void SamplePage::takeHistory(const std::vector<SampledPicture>& pictures)
{
    history_->setPictures(pictures);
    if (!pictures.empty() && shownFile_.isEmpty()) { // go on where the last session ended
        history_->setCurrent(pictures.front().file);
        showFrame(pictures.front().file);
        const bool typed = prompt_->typed() && prompt_->prompt() != promptBefore_; // while the history was read
        if (pictures.front().request && !typed)
            applySettings(*pictures.front().request);
    }
    suggest();
}

void SamplePage::keep(const SampledPicture& picture)
{
    stage_->keepFull(picture.file, picture.picture);
    history_->insert(0, picture);
}

void SamplePage::generate()
{
    if (sampling_.active() || form_->checkpoint().empty())
        return;
    frame_->banner()->hide();
    if (!form_->takeTyped())
        return;
    const auto wanted = request();
    if (form_->pictures() == 1) {
        stage_->showView(PictureStage::View::Picture);
        return sampling_.generate(wanted, form_->checkpoint());
    }
    sampling_.generateSeries(seriesOverSeeds(wanted, form_->checkpoint(), form_->pictures()));
}

void SamplePage::generateOverCheckpoints()
{
    if (sampling_.active() || form_->checkpoint().empty() || !form_->takeTyped())
        return;
    frame_->banner()->hide();
    sampling_.generateSeries(seriesOverCheckpoints(request(), form_->checkpointsOfRun()));
}

void SamplePage::generateBranches()
{
    if (sampling_.active() || form_->checkpoint().empty() || !form_->takeTyped())
        return;
    frame_->banner()->hide();
    sampling_.generateSeries(seriesOverBranches(request(), form_->checkpoint()));
}

SampleRequest SamplePage::request() const
{
    auto request = form_->request();
    prompt_->apply(request);
    return request;
}

void SamplePage::follow()
{
    if (sampling_.active() || form_->checkpoint().empty())
        return;
    stage_->showView(PictureStage::View::Picture);
    sampling_.follow(request(), form_->checkpoint());
}

void SamplePage::showPlane(bool shown)
{
    if (!shown)
        return stage_->showView(PictureStage::View::Picture);
    frame_->banner()->hide();
    const auto wanted = request();
    const bool text = !wanted.prompt.empty() || wanted.textRecord,
               dino = !std::holds_alternative<NoReference>(wanted.reference);
    if (sampling_.active() || form_->checkpoint().empty() || !form_->takeTyped() || (!text && !dino)) {
        if (!text && !dino)
            frame_->banner()->showNotice(tr("Enter a prompt or choose a reference first: guidance needs one of them."));
        actions_.plane->setChecked(false);
        return;
    }
    stage_->showView(PictureStage::View::Plane);
    auto settings = wanted;
    settings.textScale = settings.dinoScale = 0;
    auto key = settingsOf(settings);
    key["checkpoint"] = form_->checkpoint().string();
    if (planeSettings_ != key) {
        planeSettings_ = std::move(key);
        const std::vector<double> scales = {0, 1.5, 3, 4.5, 6};
        sampling_.generatePlane(wanted,
                                {.textScales = text ? scales : std::vector{wanted.textScale},
                                 .dinoScales = dino ? scales : std::vector{wanted.dinoScale}},
                                form_->checkpoint());
    }
    stage_->plane()->setPoint(wanted.textScale, wanted.dinoScale);
    stage_->plane()->setFocus();
    updateState();
}

void SamplePage::openCell(int row, int col)
{
    auto* const plane = stage_->plane();
    form_->setScales(plane->textScale(row), plane->dinoScale(col));
    plane->setPoint(plane->textScale(row), plane->dinoScale(col));
    sampling_.keepCell({.row = static_cast<std::size_t>(row), .col = static_cast<std::size_t>(col)});
}

void SamplePage::showRegion()
{
    if (!form_->takeTyped() || std::holds_alternative<NoReference>(form_->request().reference))
        return;
    stage_->showView(PictureStage::View::Region);
    stage_->region()->begin(form_->request());
}

void SamplePage::compare(const QStringList& files)
{
    std::vector<PictureStage::Compared> compared;
    for (const auto& file : files) {
        if (const auto* const picture = history_->find(file))
            compared.push_back(
                {.file = file, .label = QStringLiteral("%1 · %2").arg(picture->caption, picture->model)});
    }
    stage_->compare(compared);
}

void SamplePage::showFrame(const QString& file)
{
    const auto* const found = history_->find(file);
    if (found == nullptr)
        return;
    shownFile_ = file;
    stage_->setCaption(found->caption, file);
    frame_->setContext(found->model); // the picture's, not that of the one painted last
    stage_->showFile(file, found->picture, found->size);
    showAnatomy();
}

void SamplePage::showAnatomy()
{
    const auto* const picture = history_->find(shownFile_);
    stage_->setAnatomy(picture != nullptr ? picture->guidance : std::vector<GuidanceStep>{},
                       actions_.anatomy->isChecked());
}

void SamplePage::updateState()
{
    const bool active = sampling_.active(), ready = !form_->checkpoint().empty();
    prompt_->setState(ready, active);
    stage_->setState(ready, active);
    const bool plane = actions_.plane->isChecked();
    actions_.plane->setEnabled(ready && (plane || !active));
    actions_.checkpoints->setEnabled(!active && form_->hasOtherCheckpoints());
    actions_.save->setEnabled(plane ? !active : !shownFile_.isEmpty());
    actions_.attend->setEnabled(!shownFile_.isEmpty());
    states_->setCurrentIndex(ready || !history_->empty() ? 1 : 0);
}

void SamplePage::restoreFrom(const QString& file)
{
    session_.background().ask(
        this,
        [path = std::filesystem::path(file.toStdString()), runs = session_.runs()] { return readPainted(path, runs); },
        [this, file, same = SameWorkspace(session_)](const PaintedPicture& painted) {
            if (same) // its model and records are of the workspace before
                takeOver(file, painted);
        },
        [this](const Notice& why) { showFailure(*frame_->banner(), tr("Could not read the picture"), why); });
}

void SamplePage::takeOver(const QString& file, const PaintedPicture& painted)
{
    if (!painted.request) { // a picture like any other
        form_->setReference(PictureReference{file.toStdString()});
        return;
    }
    applySettings(*painted.request);
    const auto name = QFileInfo(file).fileName();
    if (painted.checkpoint) {
        form_->chooseCheckpoint(QString::fromStdString(painted.checkpoint->string()));
        frame_->banner()->showNotice(
            tr("Settings and model restored from %1. Generate makes the same picture again.").arg(name));
    } else if (painted.model) {
        frame_->banner()->showFailure(
            tr("Settings restored from %1, but not its model").arg(name),
            tr("It was generated by %1, but no checkpoint has those weights any more. The selected checkpoint will "
               "generate a different picture.")
                .arg(QString::fromStdString(nameOf(*painted.model))));
    } else {
        frame_->banner()->showNotice(
            tr("Settings restored from %1. It does not name the model that generated it.").arg(name));
    }
}

void SamplePage::discardShown()
{
    if (!shownFile_.isEmpty() && (history_->stripHasFocus() || stage_->canvas()->hasFocus()))
        sampling_.discard(QString(shownFile_)); // a copy: it is no longer shown once it is gone
}

void SamplePage::applySettings(const SampleRequest& settings)
{
    form_->setRequest(settings);
    prompt_->setPrompt(settings);
}

void SamplePage::suggest()
{
    auto request = form_->request();
    const bool untouched =
        prompt_->untouched() && history_->empty() && std::holds_alternative<NoReference>(request.reference);
    if (!untouched || form_->checkpoint().empty())
        return;
    const auto isReady = [](const RecordInfo& record) {
        return record.split == "val" && record.excluded.empty() && !record.caption.empty() &&
               std::ranges::all_of(record.arrays, [](ArrayState state) { return state == ArrayState::Whole; });
    };
    const auto record = std::ranges::find_if(session_.records(), isReady);
    if (record == session_.records().end())
        return;
    request.reference = RecordReference{record->id};
    request.size = record->bucket;
    form_->setRequest(request);
    prompt_->setPrompt(QString::fromStdString(record->caption));
}

void SamplePage::save()
{
    if (actions_.plane->isChecked())
        saving_->saveSheet();
    else
        saving_->save(QString(shownFile_)); // a copy: another may be shown once the file is chosen
}

void SamplePage::chooseCheckpoint(const QString& folder)
{
    form_->chooseCheckpoint(folder);
}

bool SamplePage::settled() const
{
    return session_.background().pending() == 0 && !sampling_.busy() && prompt_->settled();
}

void SamplePage::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    session_.refreshRuns(); // a training may have saved checkpoints since
}

} // namespace nanodit
