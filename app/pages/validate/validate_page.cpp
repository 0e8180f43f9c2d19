#include "app/pages/validate/validate_page.h"

#include "app/background_queue.h"
#include "app/dialogs.h"
#include "app/failures.h"
#include "app/job_runner.h"
#include "app/page_table.h"
#include "app/pages/validate/validate_form.h"
#include "app/pages/validate/validate_results.h"
#include "app/same_workspace.h"
#include "app/wording.h"
#include "core/io/atomic_file.h"
#include "widgets/banner.h"
#include "widgets/commands.h"
#include "widgets/page_frame.h"
#include "widgets/picture.h"
#include "widgets/progress_share.h"
#include "widgets/state_panel.h"
#include "widgets/text.h"

#include <QAction>
#include <QMenu>
#include <QProgressBar>
#include <QPushButton>
#include <QStackedWidget>
#include <QVBoxLayout>

namespace nanodit {

namespace fs = std::filesystem;

ValidatePage::ValidatePage(Session& session, Validating& validating, Dialogs& dialogs, QWidget* parent)
    : QWidget(parent)
    , session_(session)
    , validating_(validating)
    , dialogs_(dialogs)
    , frame_(new PageFrame(pageName(Page::Validate), this))
    , progress_(new QProgressBar(this))
    , states_(new QStackedWidget(this))
    , state_(new StatePanel(this))
    , results_(new ValidateResults(session, this))
    , form_(new ValidateForm(session, this))
{
    progress_->setTextVisible(false);
    progress_->setAccessibleName(tr("Progress of the validation"));
    auto keepsPlace = progress_->sizePolicy();
    keepsPlace.setRetainSizeWhenHidden(true);
    progress_->setSizePolicy(keepsPlace);
    states_->addWidget(state_);
    states_->addWidget(results_);
    auto* const content = new QWidget(this);
    auto* const contentColumn = new QVBoxLayout(content);
    contentColumn->setContentsMargins(0, 0, 0, 0);
    contentColumn->setSpacing(0);
    contentColumn->addWidget(progress_);
    contentColumn->addWidget(states_, 1);
    frame_->setContent(content);
    frame_->setInspector(form_);
    addActions();
    connectValidating();
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(frame_);
    updateState();
}

void ValidatePage::addActions()
{
    export_ = frame_->addAction(tr("Export"), QStringLiteral("save"), tr("Save what is shown as a file"));
    export_->setObjectName(QStringLiteral("validateExport"));
    auto* const menu = new QMenu(this);
    menu->addAction(tr("Report as a page (HTML)…"), this, [this] { save(Export::Page); });
    exportComparison_ = menu->addAction(tr("Comparison as a page (HTML)…"), this, [this] { save(Export::Comparison); });
    menu->addAction(tr("Report's numbers (JSON)…"), this, [this] { save(Export::Numbers); });
    menu->addAction(tr("One row per picture (CSV)…"), this, [this] { save(Export::Table); });
    menu->addAction(tr("This tab as a picture (PNG)…"), this, [this] { save(Export::Picture); });
    export_->setMenu(menu);
    cancel_ = frame_->addAction(tr("Stop"), QStringLiteral("stop"),
                                tr("Stop validating. Finished pictures are kept; validating again resumes from there"));
    cancel_->setObjectName(QStringLiteral("validateCancel"));
    start_ = frame_->addAction(tr("Validate"), QStringLiteral("play"), tr("Run the suite on this model"), true);
    start_->setObjectName(QStringLiteral("validateStart"));
    auto* const commands = new Commands(this);
    commands->bind(start_, Qt::CTRL | Qt::Key_Return, tr("validate"));
    escape_ = commands->add(Qt::Key_Escape, tr("stop the first validation of a model"), [this] { cancel_->trigger(); });
    commands->note(tr("arrows"), tr("between cards: sort by the next one; between pictures: the next picture"));
    commands->note(tr("Enter"), tr("enlarge the picture beside its reference"));
    connect(start_, &QAction::triggered, this, &ValidatePage::start);
    connect(cancel_, &QAction::triggered, &validating_, &Validating::cancel);
    connect(form_, &ValidateForm::subjectChosen, this, &ValidatePage::readChosen);
    connect(form_, &ValidateForm::edited, this, &ValidatePage::updateState);
    connect(results_, &ValidateResults::attentionWanted, this, &ValidatePage::attentionWanted);
    connect(results_, &ValidateResults::sampleWanted, this, [this](const QString& file) {
        const auto* const subject = form_->subject();
        Q_EMIT sampleWanted(file,
                            subject != nullptr ? QString::fromStdString(subject->checkpoint.string()) : QString());
    });
}

void ValidatePage::connectValidating()
{
    connect(&session_, &Session::workspaceChanged, this, [this] {
        listed_ = reading_ = false;
        frame_->banner()->hide();
        read_.clear();
        failure_.clear();
        results_->clear();
        validating_.list();
        updateState();
    });
    connect(&session_, &Session::runsChanged, &validating_, &Validating::list);
    connect(&validating_, &Validating::listed, this, [this](const std::vector<ValidationSubject>& subjects) {
        listed_ = true;
        form_->setSubjects(subjects);
    });
    connect(form_, &ValidateForm::subjectsListed, this, [this] {
        if (chosenNow() != read_) // else what is looked at stays as it is
            readChosen();
        else
            updateState();
    });
    connect(&validating_, &Validating::readDone, this, &ValidatePage::showRead);
    connect(&validating_, &Validating::readFailed, this, [this](const Notice& why) {
        reading_ = false;
        failure_ = noticeText(why);
        results_->clear();
        updateState();
    });
    connect(&validating_, &Validating::stateChanged, this, &ValidatePage::updateState);
    connect(&validating_, &Validating::progressed, this, [this](const Progress& progress) {
        showShare(*progress_, progress.done, progress.total);
        state_->setProgress(progress.done, progress.total);
        showContext(&progress);
    });
    connect(&validating_, &Validating::failed, this,
            [this](const Notice& why) { showFailure(*frame_->banner(), tr("Validation stopped with an error"), why); });
    connect(&validating_, &Validating::cancelled, this, [this] {
        frame_->banner()->showNotice(tr("Stopped. Finished pictures are kept; press Validate to resume."));
    });
    connect(&validating_, &Validating::finished, this, [this](const ValidationReport& report) {
        frame_->banner()->showNotice(tr("Validated %1: %2 pictures in %3")
                                         .arg(QString::fromStdString(report.model),
                                              groupedNumber(report.pictures.size()),
                                              folderText(QString::fromStdString(report.folder.string()))));
    });
}

void ValidatePage::start()
{
    const auto* const chosen = form_->subject();
    if (validating_.active() || reading_ || chosen == nullptr || chosen->checkpoint.empty())
        return;
    const auto name = subjectName(*chosen); // the list may be another one when the question is answered
    ValidateRequest request;
    request.checkpoint = chosen->checkpoint;
    request.settings = form_->settings();
    request.lpipsNet = form_->lpipsNet();
    request.replaceOther = true;
    if (const auto* const baseline = form_->baseline())
        request.baseline = baseline->report;
    const auto* const shown = results_->shown();
    const SameWorkspace same(session_);
    const bool replaces = shown != nullptr && shown->report.settings != request.settings;
    if (replaces &&
        !dialogs_.confirm(
            this, tr("Replace the validation of %1?").arg(name),
            tr("It used other settings. Its %1 pictures and its report will be deleted; to keep them, export "
               "the report first.")
                .arg(shown->report.pictures.size()),
            tr("Replace")))
        return;
    frame_->banner()->hide();
    if (!validating_.active() && same) // another may have begun meanwhile
        validating_.start(std::move(request), name);
}

QString ValidatePage::chosenNow() const
{
    QStringList parts;
    for (const auto* const subject : {form_->subject(), form_->baseline()}) {
        parts << (subject == nullptr ? QString()
                                     : QStringLiteral("%1|%2|%3")
                                           .arg(subjectName(*subject), QString::fromStdString(subject->report.string()),
                                                QString::number(subject->reportWritten.time_since_epoch().count())));
    }
    return parts.join(QLatin1Char('\n'));
}

void ValidatePage::readChosen()
{
    read_ = chosenNow();
    failure_.clear();
    const auto* const subject = form_->subject();
    reading_ = subject != nullptr && !subject->report.empty();
    if (reading_) {
        const auto* const baseline = form_->baseline();
        validating_.read(subject->report, baseline != nullptr ? baseline->report : fs::path());
    } else {
        validating_.forgetRead(); // what is being read is of another model
        results_->clear();
        form_->setMilestones({});
    }
    updateState();
}

void ValidatePage::showRead(const ShownValidation& shown)
{
    reading_ = false;
    results_->show(shown);
    form_->setSettings(shown.report.settings, shown.report.lpips);
    form_->setMilestones(shown.milestones);
    updateState();
}

void ValidatePage::updateState()
{
    const auto* const subject = form_->subject();
    const bool active = validating_.active();
    const bool hasReport = results_->shown() != nullptr;
    start_->setVisible(!active);
    // While a report is read it is not known whether it is to be replaced, and with which settings it was made.
    start_->setEnabled(subject != nullptr && !subject->checkpoint.empty() && form_->valid() && !reading_);
    start_->setText(hasReport ? tr("Validate again") : tr("Validate"));
    cancel_->setVisible(active);
    cancel_->setEnabled(validating_.state() == Validating::State::Running);
    escape_->setEnabled(active && !hasReport); // pictures that are looked at have it to go back
    export_->setEnabled(hasReport);
    exportComparison_->setEnabled(hasReport && results_->shown()->baseline.has_value());
    progress_->setVisible(active);
    form_->setReadOnly(active);
    showContext(active && validating_.runner() != nullptr ? &validating_.runner()->progress() : nullptr);
    if (hasReport || (reading_ && states_->currentIndex() == 1)) { // while another is read, the one before stays
        states_->setCurrentIndex(1);
        return;
    }
    states_->setCurrentIndex(0);
    if (!failure_.isEmpty()) {
        state_->showFailure(tr("Cannot read this validation"), failure_, failure_);
        addStartButton(tr("Validate again"));
    } else if (active) {
        state_->showWorking(
            tr("Generating and measuring %1").arg(subject != nullptr ? subjectName(*subject) : QString()));
    } else if (!listed_ || reading_) {
        state_->showWorking(tr("Reading validations"));
    } else if (subject == nullptr) {
        state_->showEmpty(QStringLiteral("validate"), tr("No model to validate yet"),
                          tr("Train a model first; any of its checkpoints can be validated."));
        connect(state_->addButton(tr("Go to training"), QStringLiteral("train"), true), &QPushButton::clicked, this,
                &ValidatePage::trainWanted);
    } else {
        state_->showEmpty(QStringLiteral("validate"), tr("Not validated yet"),
                          tr("Validate %1: the suite generates pictures from records of the validation split and "
                             "measures them.")
                              .arg(subjectName(*subject)));
        addStartButton(tr("Validate"));
    }
}

/// Beside the page's own, which is the primary one.
void ValidatePage::addStartButton(const QString& text)
{
    auto* const button = state_->addButton(text, QStringLiteral("play"), false);
    button->setObjectName(QStringLiteral("validateIt"));
    button->setEnabled(start_->isEnabled());
    connect(button, &QPushButton::clicked, this, &ValidatePage::start,
            Qt::QueuedConnection); // it takes the button away
}

void ValidatePage::showContext(const Progress* progress)
{
    QStringList parts;
    if (progress != nullptr) {
        parts << stageText(*progress) << progressText(*progress);
    } else if (const auto* const shown = results_->shown()) {
        const auto& settings = shown->report.settings;
        parts << QString::fromStdString(shown->report.model) << tr("%1 records").arg(settings.records)
              << tr("%1 steps").arg(settings.steps);
    }
    if (validating_.state() == Validating::State::Stopping)
        parts = QStringList{tr("stopping…")};
    parts.removeAll(QString());
    frame_->setContext(parts.join(QStringLiteral(" · ")));
}

void ValidatePage::save(Export what)
{
    if (results_->shown() == nullptr)
        return;
    const auto shown = *results_->shown(); // a copy: another may be shown, or none, once the file is chosen
    struct Kind {
        QString title, ending, filter;
    };
    const std::map<Export, Kind> kinds = {
        {Export::Page, {tr("Save the report"), QStringLiteral("html"), tr("Page (*.html)")}},
        {Export::Comparison, {tr("Save the comparison"), QStringLiteral("html"), tr("Page (*.html)")}},
        {Export::Numbers, {tr("Save the numbers"), QStringLiteral("json"), tr("JSON (*.json)")}},
        {Export::Table, {tr("Save one row per picture"), QStringLiteral("csv"), tr("CSV (*.csv)")}},
        {Export::Picture, {tr("Save this tab"), QStringLiteral("png"), tr("PNG (*.png)")}}};
    const auto& kind = kinds.at(what);
    auto name = QString::fromStdString(shown.report.run);
    if (what == Export::Comparison)
        name = QString::fromStdString(shown.baseline->run) + QLatin1Char('-') + name;
    const auto target = dialogs_.chooseSaveFile(
        this, kind.title,
        QStringLiteral("%1-step-%2%3.%4")
            .arg(name, QString::number(shown.report.step),
                 isOfRawWeights(shown.report.folder) ? QStringLiteral("-raw") : QString(), kind.ending),
        kind.filter);
    if (target.isEmpty())
        return;
    const auto done = [this, target] { frame_->banner()->showNotice(tr("Saved to %1").arg(folderText(target))); };
    const auto failed = [this](const Notice& why) {
        showFailure(*frame_->banner(), tr("Could not save the file"), why);
    };
    if (what == Export::Picture) {
        const auto another = [failed] {
            failed({.text = tr("Another validation or another tab is shown now.").toStdString()});
        };
        if (results_->shown() == nullptr || results_->shown()->report.folder != shown.report.folder)
            return another();
        results_->makeSheet([this, target, failed, another](const QImage& sheet, const QString& leftOut) {
            if (sheet.isNull())
                return another();
            session_.background().ask(
                this, [sheet, target] { writePng(target.toStdString(), imageFromQImage(sheet)); },
                [this, target, leftOut] {
                    const auto saved = tr("Saved to %1").arg(folderText(target));
                    frame_->banner()->showNotice(leftOut.isEmpty() ? saved : saved + QStringLiteral(". ") + leftOut);
                },
                failed);
        });
        return;
    }
    const fs::path file = target.toStdString();
    session_.background().ask(
        this,
        [what, file, report = shown.report, baseline = shown.baseline ? shown.baseline->folder : fs::path()] {
            switch (what) {
            case Export::Comparison:
                return writeComparison(compareRuns({baseline, report.folder}), file);
            case Export::Table:
                return writeFileAtomically(file, picturesAsCsv(report));
            case Export::Numbers:
                return writeFileAtomically(file, readTextFile(report.folder / "report.json"));
            default:
                return writeFileAtomically(file, readTextFile(report.folder / "report.html"));
            }
        },
        done, failed);
}

void ValidatePage::choose(const QString& model, const QString& baseline)
{
    if (!model.isEmpty())
        form_->chooseSubject(model);
    if (!baseline.isEmpty())
        form_->chooseBaseline(baseline);
}

void ValidatePage::showComparison()
{
    results_->showTab(static_cast<int>(validationTaskNames.size()));
}

bool ValidatePage::settled() const
{
    return session_.pending() == 0 && results_->settled() && !reading_;
}

void ValidatePage::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    session_.refreshRuns(); // a training may have saved checkpoints since
}

} // namespace nanodit
