#include "app/pages/sample/sample_page.h"

#include "app/background_queue.h"
#include "app/dialogs.h"
#include "app/failures.h"
#include "app/job_runner.h"
#include "app/page_table.h"
#include "app/pages/sample/sample_form.h"
#include "app/wording.h"
#include "widgets/banner.h"
#include "widgets/factories.h"
#include "widgets/filmstrip.h"
#include "widgets/guidance_anatomy.h"
#include "widgets/guidance_plane_view.h"
#include "widgets/image_canvas.h"
#include "widgets/layers.h"
#include "widgets/page_frame.h"
#include "widgets/picture.h"
#include "widgets/state_panel.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QFile>
#include <QFileInfo>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QShortcut>
#include <QStackedWidget>
#include <QVBoxLayout>

#include <algorithm>
#include <utility>

namespace nanodit {

namespace {
constexpr int drawerHeight = 124, anatomyHeight = 150;
constexpr qsizetype mostKilobytesInFull = 128 * 1024; ///< Of pictures that are kept to be shown again at once.
} // namespace

SamplePage::SamplePage(Session& session, Sampling& sampling, Dialogs& dialogs, QWidget* parent)
    : QWidget(parent)
    , session_(session)
    , sampling_(sampling)
    , dialogs_(dialogs)
    , frame_(new PageFrame(pageName(Page::Sample), this))
    , states_(new QStackedWidget(this))
    , empty_(new StatePanel(this))
    , form_(new SampleForm(session, dialogs, this))
    , film_(new FilmModel(this))
    , strip_(new Filmstrip(this))
{
    planeButton_ = frame_->addAction(tr("Guidance plane"), QStringLiteral("grid"),
                                     tr("Generate pictures over both guidance scales (G)"));
    planeButton_->setObjectName(QStringLiteral("planeButton"));
    planeButton_->setCheckable(true);
    connect(planeButton_, &QPushButton::toggled, this, &SamplePage::showPlane);
    anatomyButton_ = frame_->addAction(tr("Guidance by step"), QStringLiteral("train"),
                                       tr("Show how strongly text and DINO pull at each step"));
    anatomyButton_->setObjectName(QStringLiteral("anatomyButton"));
    anatomyButton_->setCheckable(true);
    attend_ =
        frame_->addAction(tr("Attention"), QStringLiteral("eye"), tr("Inspect the attention behind this picture"));
    attend_->setObjectName(QStringLiteral("attend"));
    connect(attend_, &QPushButton::clicked, this, [this] { Q_EMIT attentionWanted(shownFile_); });
    save_ =
        frame_->addAction(tr("Save PNG…"), QStringLiteral("save"), tr("Save the picture with its settings (Ctrl+S)"));
    save_->setShortcut(QKeySequence::Save);
    frame_->setContent(makeContent());
    frame_->setInspector(form_);
    strip_->setModel(film_);
    strip_->setEmptyText(tr("Every generated picture is kept here with its settings"));
    frame_->setDrawer(strip_, drawerHeight);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(frame_);
    connectSampling();
    connect(new QShortcut(Qt::Key_G, this), &QShortcut::activated, planeButton_, &QPushButton::toggle);
    connect(anatomyButton_, &QPushButton::toggled, this, &SamplePage::showAnatomy);
    connect(plane_, &GuidancePlaneView::opened, this, &SamplePage::openCell);
    connect(form_, &SampleForm::scalesChanged, this, [this](double text, double dino) {
        plane_->setPoint(text, dino);
        if (form_->live() && !planeButton_->isChecked())
            follow();
    });

    connect(generate_, &QPushButton::clicked, this, &SamplePage::generate);
    connect(new QShortcut(Qt::CTRL | Qt::Key_Return, this), &QShortcut::activated, this, &SamplePage::generate);
    connect(new QShortcut(Qt::Key_F, this), &QShortcut::activated, canvas_, &ImageCanvas::fit);
    connect(prompt_, &QLineEdit::returnPressed, this, &SamplePage::generate);
    connect(cancel_, &QPushButton::clicked, &sampling_, &Sampling::cancel);
    connect(save_, &QPushButton::clicked, this, &SamplePage::save);
    connect(strip_, &Filmstrip::frameChosen, this, &SamplePage::showFrame);
    connect(strip_, &Filmstrip::activated, this,
            [this](const QModelIndex& index) { restoreFrom(index.data(FilmModel::KeyRole).toString()); });
    connect(form_, &SampleForm::checkpointsListed, this, &SamplePage::updateState);
    connect(form_, &SampleForm::checkpointsListed, this, &SamplePage::suggest);
    connect(form_, &SampleForm::refused, this,
            [this](const QString& why) { frame_->banner()->showFailure(tr("Unknown reference"), why); });
    inFull_.setMaxCost(mostKilobytesInFull);
    connect(&session_, &Session::workspaceChanged, this, [this] {
        planeButton_->setChecked(false);
        planeSettings_.reset();
        canvas_->clear();
        caption_->clear();
        shownFile_.clear();
        history_.clear();
        inFull_.clear();
        trashed_.clear();
        film_->setFrames({});
        frame_->setContext({});
        sampling_.readHistory();
        updateState();
    });
    updateState();
}

QWidget* SamplePage::makeContent()
{
    auto* const content = new QWidget(this);
    prompt_ = new QLineEdit(content);
    prompt_->setObjectName(QStringLiteral("prompt"));
    prompt_->setAccessibleName(tr("Prompt"));
    prompt_->setPlaceholderText(tr("Describe the picture: a red circle at the top left, a blue square below it"));
    prompt_->setClearButtonEnabled(true);
    prompt_->setMinimumHeight(32);
    generate_ = makeButton(tr("Generate"), QStringLiteral("sample"), tr("Generate (Ctrl+Enter)"), true, content);
    generate_->setObjectName(QStringLiteral("generate"));
    generate_->setMinimumHeight(32);
    cancel_ = makeButton(tr("Cancel"), QStringLiteral("stop"), tr("Stop (Esc)"), false, content);
    cancel_->setObjectName(QStringLiteral("cancel"));
    cancel_->setMinimumHeight(32);
    cancel_->setShortcut(Qt::Key_Escape);
    auto* const row = new QHBoxLayout;
    row->setContentsMargins(16, 12, 16, 8);
    row->setSpacing(8);
    row->addWidget(prompt_, 1);
    row->addWidget(generate_);
    row->addWidget(cancel_);

    canvas_ = new ImageCanvas(content);
    canvas_->setObjectName(QStringLiteral("sampleCanvas"));
    canvas_->setEmptyText(tr("Press Generate; the picture appears here"));
    progress_ = new QProgressBar(content);
    progress_->setTextVisible(false);
    progress_->setAccessibleName(tr("Progress of the picture"));
    auto keepsPlace = progress_->sizePolicy();
    keepsPlace.setRetainSizeWhenHidden(true);
    progress_->setSizePolicy(keepsPlace);
    caption_ = new QLabel(content);
    caption_->setTextFormat(Qt::PlainText);
    caption_->setContentsMargins(16, 4, 16, 6);
    caption_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
    caption_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    setRole(caption_, "small");
    states_->addWidget(empty_);
    auto* const picture = new QWidget(content);
    auto* const pictureColumn = new QVBoxLayout(picture);
    pictureColumn->setContentsMargins(0, 0, 0, 0);
    pictureColumn->setSpacing(0);
    pictureColumn->addWidget(progress_);
    views_ = new QStackedWidget(picture);
    views_->addWidget(canvas_);
    plane_ = new GuidancePlaneView(views_);
    plane_->setObjectName(QStringLiteral("guidancePlane"));
    views_->addWidget(plane_);
    anatomy_ = new GuidanceAnatomy(picture);
    anatomy_->setObjectName(QStringLiteral("guidanceAnatomy"));
    anatomy_->setFixedHeight(anatomyHeight);
    anatomy_->hide();
    pictureColumn->addWidget(views_, 1);
    pictureColumn->addWidget(anatomy_);
    pictureColumn->addWidget(caption_);
    states_->addWidget(picture);
    auto* const column = new QVBoxLayout(content);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addLayout(row);
    column->addWidget(states_, 1);
    return content;
}

void SamplePage::connectSampling()
{
    connect(&sampling_, &Sampling::stateChanged, this, &SamplePage::updateState);
    connect(&sampling_, &Sampling::opened, frame_, &PageFrame::setContext);
    connect(&sampling_, &Sampling::progressed, this, [this](const Progress& progress) {
        progress_->setRange(0, progress.total > 0 ? 1000 : 0);
        if (progress.total > 0)
            progress_->setValue(static_cast<int>(1000 * progress.done / progress.total));
        const auto numbers = progressText(progress);
        caption_->setText(numbers.isEmpty() ? stageText(progress) : numbers);
    });
    connect(&sampling_, &Sampling::previewed, this, [this](const QImage& picture, qint64, qint64) {
        shownFile_.clear();
        showPicture(picture, picture.size());
    });
    connect(&sampling_, &Sampling::followed, this, [this](const QImage& picture, bool refined) {
        shownFile_.clear();
        showPicture(picture, picture.size());
        caption_->setText(refined ? tr("Live picture. Generate keeps it.") : tr("Live picture, refining…"));
        updateState();
    });
    connect(&sampling_, &Sampling::planeBegun, this, [this](const GuidancePlane& plane, const QSize& picture) {
        plane_->begin(plane.textScales, plane.dinoScales, picture);
    });
    connect(&sampling_, &Sampling::cellGenerated, plane_, &GuidancePlaneView::setPicture);
    connect(&sampling_, &Sampling::planeFinished, this, [this](double seconds) {
        caption_->setText(tr("Guidance plane of %1 pictures · %2 s. Click one to keep it.")
                              .arg(plane_->rows() * plane_->cols())
                              .arg(numberText(seconds)));
    });
    connect(&sampling_, &Sampling::finished, this, [this](const SampledPicture& picture, double seconds) {
        auto reduced = picture;
        reduced.picture = reducedTo(picture.picture, Filmstrip::keptSide);
        history_[picture.file] = reduced;
        inFull_.insert(picture.file, new QImage(picture.picture), picture.picture.sizeInBytes() / 1024);
        film_->insert(0, {.key = picture.file, .picture = reduced.picture, .caption = picture.caption});
        {
            const QSignalBlocker quiet(strip_);
            strip_->setCurrentIndex(film_->index(0));
        }
        showFrame(picture.file);
        caption_->setText(tr("%1 · %2 s").arg(picture.caption, numberText(seconds)));
    });
    connect(&sampling_, &Sampling::cancelled, this, [this] {
        planeSettings_.reset(); // what is there of a plane stays; asked for again, it is made whole
        caption_->setText(tr("cancelled"));
    });
    connect(&sampling_, &Sampling::warned, this,
            [this](const QString& sentences) { frame_->banner()->showNotice(sentences); });
    connect(&sampling_, &Sampling::failed, this, [this](const Notice& why) {
        caption_->clear();
        showFailure(*frame_->banner(), tr("Could not generate the picture"), why);
    });
    connect(&sampling_, &Sampling::historyRead, this, [this](const std::vector<SampledPicture>& pictures) {
        std::vector<FilmFrame> frames;
        history_.clear();
        for (const auto& picture : pictures) {
            frames.push_back({.key = picture.file, .picture = picture.picture, .caption = picture.caption});
            history_[picture.file] = picture;
        }
        film_->setFrames(std::move(frames));
        if (!pictures.empty() && shownFile_.isEmpty()) { // go on where the last session ended
            strip_->setCurrentIndex(film_->index(0));
            if (pictures.front().request)
                applySettings(*pictures.front().request);
        }
        suggest();
    });
    connect(&sampling_, &Sampling::discarded, this, [this](const QString& file, const QString& inTrash) {
        trashed_.push_back({.picture = history_[file], .place = inTrash, .row = film_->rowOf(file)});
        history_.erase(file);
        inFull_.remove(file);
        if (shownFile_ == file) {
            shownFile_.clear();
            canvas_->clear();
            caption_->clear();
            frame_->setContext({});
        }
        film_->remove(file); // the one beside it is shown
        frame_->banner()->showNotice(
            tr("%1 was moved to the trash. Press Ctrl+Z to restore it.").arg(QFileInfo(file).fileName()));
        updateState();
    });
    connect(&sampling_, &Sampling::broughtBack, this, [this](const QString& file) {
        const auto back = std::move(trashed_.back());
        trashed_.pop_back();
        history_[file] = back.picture;
        film_->insert(back.row, {.key = file, .picture = back.picture.picture, .caption = back.picture.caption});
        strip_->setCurrentIndex(film_->index(film_->rowOf(file)));
        frame_->banner()->hide();
    });
    connect(&sampling_, &Sampling::discardFailed, frame_->banner(), failuresIn(frame_->banner()));
}

void SamplePage::generate()
{
    if (sampling_.active() || form_->checkpoint().empty())
        return;
    frame_->banner()->hide();
    if (!form_->takeTyped())
        return;
    planeButton_->setChecked(false);
    sampling_.generate(request(), form_->checkpoint());
}

SampleRequest SamplePage::request() const
{
    auto request = form_->request();
    request.prompt = prompt_->text().trimmed().toStdString();
    return request;
}

void SamplePage::follow()
{
    if (!sampling_.active() && !form_->checkpoint().empty())
        sampling_.follow(request(), form_->checkpoint());
}

void SamplePage::showPlane(bool shown)
{
    if (!shown) {
        views_->setCurrentWidget(canvas_);
        return updateState();
    }
    frame_->banner()->hide();
    const auto wanted = request();
    const bool text = !wanted.prompt.empty() || wanted.textRecord,
               dino = !std::holds_alternative<NoReference>(wanted.reference);
    if (sampling_.active() || form_->checkpoint().empty() || !form_->takeTyped() || (!text && !dino)) {
        if (!text && !dino)
            frame_->banner()->showNotice(tr("Enter a prompt or choose a reference first: guidance needs one of them."));
        const QSignalBlocker quiet(planeButton_);
        planeButton_->setChecked(false);
        return;
    }
    views_->setCurrentWidget(plane_);
    states_->setCurrentIndex(1);
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
    plane_->setPoint(wanted.textScale, wanted.dinoScale);
    plane_->setFocus();
    updateState();
}

void SamplePage::openCell(int row, int col)
{
    form_->setScales(plane_->textScale(row), plane_->dinoScale(col));
    plane_->setPoint(plane_->textScale(row), plane_->dinoScale(col));
    sampling_.keepCell({.row = static_cast<std::size_t>(row), .col = static_cast<std::size_t>(col)});
}

void SamplePage::showAnatomy()
{
    anatomy_->setVisible(anatomyButton_->isChecked());
    std::vector<GuidanceAnatomy::Step> steps;
    const auto term = [](const std::optional<GuidanceTermSize>& size) -> std::optional<GuidanceAnatomy::Term> {
        if (!size)
            return std::nullopt;
        return GuidanceAnatomy::Term{.length = size->length, .across = size->across};
    };
    if (const auto found = history_.find(shownFile_); found != history_.end()) {
        for (const auto& step : found->second.guidance)
            steps.push_back({.t = step.t, .applies = step.applies, .text = term(step.text), .dino = term(step.dino)});
    }
    anatomy_->setSteps(std::move(steps));
}

void SamplePage::saveSheet()
{
    const auto target = dialogs_.chooseSaveFile(this, tr("Save the plane as one picture"),
                                                QStringLiteral("guidance-plane.png"), tr("PNG (*.png)"));
    if (target.isEmpty())
        return;
    session_.background().ask(
        this,
        [sheet = sampling_.planeSheet(), to = std::filesystem::path(target.toStdString())] { writePng(to, sheet); },
        [this, target] { frame_->banner()->showNotice(tr("Saved to %1").arg(target)); },
        [this](const Notice& why) { showFailure(*frame_->banner(), tr("Could not save the plane"), why); });
}

void SamplePage::updateState()
{
    const bool active = sampling_.active();
    const bool ready = !form_->checkpoint().empty();
    const bool focused = generate_->hasFocus() || cancel_->hasFocus();
    generate_->setVisible(!active);
    generate_->setEnabled(ready);
    cancel_->setVisible(active);
    if (focused) // hiding a button hands its focus to whatever comes next
        (active ? cancel_ : generate_)->setFocus();
    progress_->setVisible(active);
    const bool plane = planeButton_->isChecked();
    planeButton_->setEnabled(ready && (plane || !active));
    save_->setEnabled(plane ? !active : !shownFile_.isEmpty());
    attend_->setEnabled(!shownFile_.isEmpty());
    const bool anything = ready || !history_.empty();
    if (!anything && states_->currentIndex() == 0 && empty_->findChild<QPushButton*>() != nullptr)
        return;
    states_->setCurrentIndex(anything ? 1 : 0);
    if (!anything) {
        empty_->showEmpty(QStringLiteral("sample"), tr("No model to sample from yet"),
                          tr("Train a model first; you can sample from any checkpoint."));
        connect(empty_->addButton(tr("Go to training"), QStringLiteral("train"), true), &QPushButton::clicked, this,
                &SamplePage::trainWanted);
    }
}

void SamplePage::showPicture(const QImage& picture, QSize size)
{
    const QRectF extent(QPointF(0, 0), QSizeF(size));
    canvas_->setLayers({std::make_shared<PictureLayer>(QString(), QString(), picture, extent)}, extent);
    states_->setCurrentIndex(1);
}

void SamplePage::showFrame(const QString& file)
{
    const auto found = history_.find(file);
    if (found == history_.end())
        return;
    shownFile_ = file;
    planeButton_->setChecked(false);
    showAnatomy();
    caption_->setText(found->second.caption);
    caption_->setToolTip(file);
    frame_->setContext(found->second.model); // the picture's, not that of the one painted last
    updateState();
    if (const auto* const inFull = inFull_.object(file))
        return showPicture(*inFull, inFull->size());
    showPicture(found->second.picture, found->second.size);
    session_.background().ask(
        this, [path = std::filesystem::path(file.toStdString())] { return qImageFromImage(readImage(path)); },
        [this, file](const QImage& picture) {
            if (history_.count(file) == 0)
                return;
            inFull_.insert(file, new QImage(picture), picture.sizeInBytes() / 1024);
            if (shownFile_ == file)
                showPicture(picture, picture.size());
        },
        [this](const Notice& why) { showFailure(*frame_->banner(), tr("Could not read the picture"), why); });
}

void SamplePage::restoreFrom(const QString& file)
{
    session_.background().ask(
        this,
        [path = std::filesystem::path(file.toStdString()), runs = session_.runs()] { return readPainted(path, runs); },
        [this, file](const PaintedPicture& painted) { takeOver(file, painted); },
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
        frame_->banner()->showNotice(tr("Settings and model restored from %1").arg(name));
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
    if (!shownFile_.isEmpty() && (strip_->hasFocus() || canvas_->hasFocus()))
        sampling_.discard(QString(shownFile_)); // a copy: it is no longer shown once it is gone
}

void SamplePage::bringBack()
{
    if (trashed_.empty())
        return;
    const auto back = trashed_.back(); // a copy: it leaves the list once it is back
    sampling_.bringBack(back.picture.file, back.place);
}

void SamplePage::applySettings(const SampleRequest& settings)
{
    form_->setRequest(settings);
    const auto* const record =
        settings.textRecord ? session_.record(QString::fromStdString(*settings.textRecord)) : nullptr;
    prompt_->setText(QString::fromStdString(record != nullptr ? record->caption : settings.prompt));
    prompt_->setCursorPosition(0);
}

void SamplePage::suggest()
{
    auto request = form_->request();
    const bool untouched = prompt_->text().isEmpty() && !prompt_->isModified() && history_.empty() &&
                           std::holds_alternative<NoReference>(request.reference);
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
    prompt_->setText(QString::fromStdString(record->caption));
    prompt_->setCursorPosition(0);
}

void SamplePage::save()
{
    if (planeButton_->isChecked())
        return saveSheet();
    if (shownFile_.isEmpty())
        return;
    const auto target = dialogs_.chooseSaveFile(this, tr("Save the picture with its settings"),
                                                QFileInfo(shownFile_).fileName(), tr("PNG (*.png)"));
    if (target.isEmpty())
        return;
    session_.background().ask(
        this,
        [from = std::filesystem::path(shownFile_.toStdString()), to = std::filesystem::path(target.toStdString())] {
            writePng(to, readImage(from), readPngText(from));
        },
        [this, target] { frame_->banner()->showNotice(tr("Saved to %1").arg(target)); },
        [this](const Notice& why) { showFailure(*frame_->banner(), tr("The picture could not be saved"), why); });
}

void SamplePage::chooseCheckpoint(const QString& folder)
{
    form_->chooseCheckpoint(folder);
}

bool SamplePage::settled() const
{
    return session_.background().pending() == 0 && !sampling_.busy();
}

void SamplePage::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    session_.refreshRuns(); // a training may have saved checkpoints since
}

void SamplePage::keyPressEvent(QKeyEvent* event)
{
    if (event->key() == Qt::Key_Delete)
        discardShown();
    else if (event->matches(QKeySequence::Undo))
        bringBack();
    else if (event->key() == Qt::Key_R)
        form_->rollSeed();
    else
        QWidget::keyPressEvent(event);
}

} // namespace nanodit
