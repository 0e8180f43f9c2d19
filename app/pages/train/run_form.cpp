#include "app/pages/train/run_form.h"

#include "app/background_queue.h"
#include "app/dialogs.h"
#include "app/same_workspace.h"
#include "core/config/yaml.h"
#include "core/front/validation.h"
#include "widgets/config_form.h"
#include "widgets/factories.h"
#include "widgets/fitted_combo_box.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QComboBox>
#include <QFormLayout>
#include <QLabel>
#include <QLineEdit>
#include <QRegularExpressionValidator>
#include <QSignalBlocker>
#include <QVBoxLayout>

#include <algorithm>
#include <limits>
#include <utility>

namespace nanodit {

namespace {

constexpr auto warmStartKey = "warm_start.checkpoint";

VisitFunction visitOf(TrainConfig& config)
{
    return [&config](FieldVisitor& visitor) { config.visit(visitor); };
}

/// Its settings for the form, with what only the suite and the file system know of them.
std::vector<ConfigField> fieldsOf(TrainConfig config)
{
    auto fields = readFields(visitOf(config));
    for (auto& field : fields) {
        if (field.key == "validation.tasks")
            field.names.assign(validationTaskNames.begin(), validationTaskNames.end());
        field.path = field.key == warmStartKey;
    }
    return fields;
}

} // namespace

RunForm::RunForm(Session& session, Dialogs& dialogs, QWidget* parent)
    : QWidget(parent)
    , session_(session)
    , dialogs_(dialogs)
    , runs_(new FittedComboBox(this))
    , runNote_(new QLabel(this))
    , newRun_(new QWidget(this))
    , name_(new QLineEdit(newRun_))
    , configurations_(new FittedComboBox(newRun_))
    , form_(new ConfigForm(this))
{
    runs_->setObjectName(QStringLiteral("runs"));
    runs_->setAccessibleName(tr("Run"));
    name_->setObjectName(QStringLiteral("runName"));
    name_->setValidator(
        new QRegularExpressionValidator(QRegularExpression(QStringLiteral("[A-Za-z0-9][A-Za-z0-9._-]{0,63}")), name_));
    name_->setPlaceholderText(tr("name of the new run"));
    name_->setToolTip(
        tr("Letters, digits, dots, hyphens and underscores, at most 64; the first is a letter or a digit"));
    configurations_->setObjectName(QStringLiteral("configurations"));
    configurations_->setAccessibleName(tr("Configuration to start from"));
    setRole(runNote_, "small");
    runNote_->setWordWrap(true);

    auto* const fields = new QFormLayout(newRun_);
    fields->setContentsMargins(0, 0, 0, 0);
    fields->setHorizontalSpacing(12);
    fields->setVerticalSpacing(8);
    fields->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    fields->addRow(tr("Name"), name_);
    fields->addRow(tr("Start from"), configurations_);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    column->addWidget(makeSection(tr("Run"), this));
    column->addWidget(runs_);
    column->addWidget(runNote_);
    column->addWidget(newRun_);
    column->addSpacing(8);
    column->addWidget(makeSection(tr("Configuration"), this));
    column->addWidget(form_, 1);

    connect(runs_, &QComboBox::activated, this, &RunForm::runPicked);
    connect(configurations_, &QComboBox::activated, this, &RunForm::configurationPicked);
    connect(name_, &QLineEdit::textChanged, this, &RunForm::validate);
    connect(form_, &ConfigForm::edited, this, &RunForm::validate);
    connect(form_, &ConfigForm::browseWanted, this, [this](const QString& key, bool folder) {
        const auto chosen =
            folder ? dialogs_.chooseFolder(this, tr("Folder of a checkpoint or a model"))
                   : dialogs_.chooseFile(this, tr("Weights to start from"),
                                         tr("Weights (*.safetensors *.pt *.pth *.bin *.ckpt);;All files (*)"));
        if (!chosen.isEmpty())
            form_->setValue(key.toStdString(), chosen.toStdString());
    });
    connect(&session_, &Session::runsChanged, this, [this] { runs_->changeEntries([this] { listRuns(); }); });
    connect(&session_, &Session::workspaceChanged, this, [this] {
        runs_->hidePopup();
        const QSignalBlocker quiet(runs_);
        runs_->setCurrentIndex(0);
        following_.clear();
        forgetReading();
        name_->clear(); // one that is free here follows with the runs
        listConfigurations();
        lookForInterrupted_ = true;
    });
    const auto somethingElse = [this] { lookForInterrupted_ = false; };
    connect(configurations_, &QComboBox::activated, this, somethingElse);
    connect(name_, &QLineEdit::textEdited, this, somethingElse);
    connect(form_, &ConfigForm::edited, this, somethingElse);
    connect(&late_, &LateTimer::timeout, this, [this] {
        setUsable();
        showRunNote();
    });
}

/// Asks the disk, but only once a workspace, for files of the program and one that was just read.
void RunForm::listConfigurations()
{
    configurations_->clear();
    configuration_ = -1;
    int suitable = -1;
    try {
        for (const auto& configuration : shippedConfigurations())
            configurations_->addItem(QString::fromStdString(configuration.name),
                                     QString::fromStdString(configuration.file.string()));
        suitable = configurations_->findText(QString::fromStdString(suitableConfiguration(session_.workspace())));
    } catch (const Error& error) { // the program was moved: a file can still be chosen
        Q_EMIT failed(tr("The bundled configurations were not found"), noticeOf(error));
    }
    configurations_->addItem(tr("A file…"));
    configurations_->setCurrentIndex(std::max(0, suitable));
    if (configurations_->count() > 1)
        configurationPicked(configurations_->currentIndex());
}

void RunForm::listRuns()
{
    const auto chosen = runs_->currentIndex() > 0 ? runs_->currentText() : QString();
    const QSignalBlocker quiet(runs_);
    runs_->clear();
    runs_->addItem(tr("New run"));
    for (const auto& run : session_.runs())
        runs_->addItem(QString::fromStdString(run.name));
    runs_->setCurrentIndex(std::max(0, chosen.isEmpty() ? 0 : runs_->findText(chosen)));
    const auto typed = name_->text().toStdString();
    const bool taken = std::ranges::find(session_.runs(), typed, &RunInfo::name) != session_.runs().end();
    const bool beingTyped = name_->hasFocus() && name_->isModified();      // "run-1", of "run-12"
    if (!beingTyped && (typed.empty() || (taken && newRun_->isEnabled()))) // a running one keeps its name
        name_->setText(QString::fromStdString(freeRunName(session_.runs())));
    if (const int index = following_.isEmpty() ? -1 : runs_->findText(following_); index > 0) {
        runs_->setCurrentIndex(index);
        following_.clear();
        if (const auto* const run = pastRun())
            readRun(*run);
    } else if (const auto* const run = pastRun()) {
        askContinuation(*run); // it may have other checkpoints now
    }
    if (lookForInterrupted_)
        offerInterrupted();
    showRunNote();
    validate();
    if (!chosen.isEmpty() && runs_->currentIndex() == 0) // it is gone: its curves must not stand beside another name
        runPicked();
}

/// Unless something is chosen or changed before it is found.
void RunForm::offerInterrupted()
{
    session_.background().ask(
        this,
        [runs = session_.runs()] {
            const auto* const run = interruptedRun(runs);
            return run != nullptr ? QString::fromStdString(run->name) : QString();
        },
        [this, same = SameWorkspace(session_)](const QString& name) {
            if (same && std::exchange(lookForInterrupted_, false) && !name.isEmpty())
                choosePastRun(name);
        });
}

void RunForm::showRunNote()
{
    const auto* const run = pastRun();
    newRun_->setVisible(run == nullptr);
    runNote_->setVisible(run != nullptr);
    form_->lock(run == nullptr ? std::vector<std::string>()
                               : std::vector<std::string>{"model.", "warm_start.", "data.shards"},
                tr("Fixed from the first step of a run; start a new run to change it."));
    if (run == nullptr)
        return;
    if (reading()) {
        if (!late_.isActive())
            runNote_->setText(tr("Reading the settings of this run…"));
        return;
    }
    if (form_->keys().empty()) // what can be done with it depends on the steps that were planned
        return runNote_->setText(tr("The settings of this run cannot be read."));
    const auto step = groupedNumber(stepsDone(*run));
    switch (*continuation()) {
    case Continuation::Resume:
        return runNote_->setText(tr("Stopped at step %1 of %2; it can be resumed exactly from there.")
                                     .arg(step, groupedNumber(formConfig().schedule.steps)));
    case Continuation::TrainLonger:
        return runNote_->setText(tr("Finished at step %1.").arg(step));
    case Continuation::StartFrom:
        return runNote_->setText(
            tr("Holds averaged weights of step %1 only: a new run can start from them.").arg(step));
    case Continuation::StartAgain:
        return runNote_->setText(tr("Has no checkpoint: a new run can repeat its settings."));
    }
}

std::optional<Continuation> RunForm::continuation() const
{
    const auto* const run = pastRun();
    if (run == nullptr)
        return std::nullopt;
    const auto found = allowed_.value_or(Continuation::Resume);
    const bool isDone = found == Continuation::Resume && !reading() && stepsDone(*run) >= formConfig().schedule.steps;
    return isDone ? Continuation::TrainLonger : found;
}

bool RunForm::reading() const
{
    return loading_ || (pastRun() != nullptr && !allowed_);
}

std::int64_t RunForm::moreSteps() const
{
    return loaded_.schedule.steps;
}

void RunForm::planMoreSteps()
{
    if (const auto* const run = pastRun())
        form_->setValue("schedule.steps", stepsDone(*run) + moreSteps());
}

void RunForm::setSetting(const std::string& key, const std::string& value)
{
    auto config = formConfig();
    setField(key + "=" + value, visitOf(config));
    for (const auto& field : readFields(visitOf(config))) {
        if (field.key == key)
            form_->setValue(key, field.value);
    }
}

void RunForm::chooseNewRun()
{
    runs_->setCurrentIndex(0);
    runPicked();
}

void RunForm::follow(const QString& name)
{
    following_ = name;
}

const RunInfo* RunForm::pastRun() const
{
    if (runs_->currentIndex() <= 0)
        return nullptr;
    const auto name = runs_->currentText().toStdString();
    const auto& runs = session_.runs();
    const auto found = std::find_if(runs.begin(), runs.end(), [&name](const RunInfo& run) { return run.name == name; });
    return found == runs.end() ? nullptr : &*found;
}

void RunForm::choosePastRun(const QString& name)
{
    runs_->setCurrentIndex(std::max(0, runs_->findText(name)));
    runPicked();
}

void RunForm::runPicked()
{
    following_.clear();
    lookForInterrupted_ = false;
    const auto* const run = pastRun();
    if (run == nullptr) {
        forgetReading();
        showRunNote();
        if (!configurations_->currentData().toString().isEmpty())
            configurationPicked(configurations_->currentIndex());
        Q_EMIT newRunChosen();
        return;
    }
    readRun(*run);
    showRunNote();
    Q_EMIT pastRunChosen(*run);
}

void RunForm::configurationPicked(int index)
{
    auto file = configurations_->itemData(index).toString();
    if (file.isEmpty()) {
        file = dialogs_.chooseFile(this, tr("A training configuration"), tr("Configurations (*.yaml *.yml)"));
        const QSignalBlocker quiet(configurations_);
        if (file.isEmpty()) {
            configurations_->setCurrentIndex(std::max(0, configuration_)); // which the form still shows
            return;
        }
        configurations_->insertItem(
            configurations_->count() - 1,
            QString::fromStdString(std::filesystem::path(file.toStdString()).filename().string()), file);
        configurations_->setCurrentIndex(configurations_->count() - 2);
    }
    configuration_ = configurations_->currentIndex();
    loadConfiguration(file.toStdString());
}

void RunForm::readRun(const RunInfo& run)
{
    allowed_.reset();
    askContinuation(run);
    loadConfiguration(run.folder / "config.yaml");
}

void RunForm::askContinuation(const RunInfo& run)
{
    session_.background().ask(
        this, [run] { return continuationOf(run, std::numeric_limits<std::int64_t>::max()); },
        [this, folder = run.folder](Continuation allowed) {
            const auto* const shown = pastRun();
            if (shown == nullptr || shown->folder != folder)
                return;
            allowed_ = allowed;
            validate();
        });
}

void RunForm::loadConfiguration(const std::filesystem::path& file)
{
    forgetReading();
    loading_ = true;
    late_.start();
    session_.background().ask(
        this, [file] { return readTrainConfig(file); },
        [this, asked = asked_](const TrainConfig& config) {
            if (asked != asked_)
                return;
            const auto then = std::move(afterReading_);
            showConfig(config);
            if (then)
                then();
        },
        [this, asked = asked_](const Notice& why) {
            if (asked != asked_)
                return;
            forgetReading();
            loaded_ = TrainConfig(); // rather than another run's
            form_->setFields({});
            validate();
            Q_EMIT failed(tr("Could not read the configuration"), why);
        });
    validate();
}

void RunForm::forgetReading()
{
    ++asked_;
    loading_ = false;
    afterReading_ = {};
    late_.stop();
    setUsable();
}

void RunForm::setUsable()
{
    form_->setReadOnly(readOnly_ || (loading_ && !late_.isActive()));
}

void RunForm::showConfig(const TrainConfig& config)
{
    forgetReading();
    loaded_ = config;
    form_->setFields(fieldsOf(config));
    validate();
}

TrainConfig RunForm::formConfig() const
{
    auto config = loaded_;
    writeFields(visitOf(config), form_->values());
    return config;
}

void RunForm::validate()
{
    const auto issues = formConfig().validate();
    form_->showIssues(issues);
    if (pastRun() != nullptr)
        showRunNote();
    valid_ = !reading() && issues.empty() && !form_->keys().empty() && name_->hasAcceptableInput();
    Q_EMIT changed();
}

std::optional<TrainConfig> RunForm::config() const
{
    return valid_ ? std::optional(formConfig()) : std::nullopt;
}

QString RunForm::runName() const
{
    const auto* const past = pastRun();
    return past != nullptr ? QString::fromStdString(past->name) : name_->text();
}

void RunForm::newRunLike(const QString& name, bool fromItsWeights)
{
    choosePastRun(name); // reads its configuration
    const auto* const run = pastRun();
    if (run == nullptr)
        return;
    const auto weights = fromItsWeights && !run->checkpoints.empty() ? run->checkpoints.back().string() : std::string();
    afterReading_ = [this, weights] {
        auto config = formConfig();
        config.warmStart.checkpoint = weights;
        {
            const QSignalBlocker quiet(runs_);
            runs_->setCurrentIndex(0);
        }
        showRunNote();
        showConfig(config);
        Q_EMIT newRunChosen();
    };
}

void RunForm::showQueued(const TrainConfig& config, const QString& name)
{
    following_.clear(); // what ended before it
    {
        const QSignalBlocker quiet(runs_);
        runs_->setCurrentIndex(0);
    }
    name_->setText(name);
    showRunNote();
    showConfig(config);
}

void RunForm::setReadOnly(bool readOnly)
{
    runs_->setEnabled(!readOnly);
    newRun_->setEnabled(!readOnly);
    readOnly_ = readOnly;
    lookForInterrupted_ = lookForInterrupted_ && !readOnly; // something is being trained
    setUsable();
}

} // namespace nanodit
