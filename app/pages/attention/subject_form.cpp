#include "app/pages/attention/subject_form.h"

#include "app/background_queue.h"
#include "app/dialogs.h"
#include "app/record_names.h"
#include "app/record_picker.h"
#include "app/same_workspace.h"
#include "app/sampling.h"
#include "app/session.h"
#include "app/training.h"
#include "app/weights_choice.h"
#include "widgets/factories.h"
#include "widgets/fitted_combo_box.h"
#include "widgets/seed_edit.h"

#include <QCheckBox>
#include <QComboBox>
#include <QFileInfo>
#include <QFormLayout>
#include <QPushButton>
#include <QSignalBlocker>
#include <QSlider>
#include <QSpinBox>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <chrono>

namespace nanodit {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

constexpr auto followInterval = 5s;

QSpinBox* makeIndexBox(const QString& name, const char* object, QWidget* parent)
{
    auto* const box = new QSpinBox(parent);
    box->setRange(-1, 0);
    box->setValue(-1);
    box->setSpecialValueText(SubjectForm::tr("mean"));
    box->setAccessibleName(name);
    box->setObjectName(QLatin1String(object));
    return box;
}

FittedComboBox* makeList(const QString& name, const char* object, QWidget* parent)
{
    auto* const list = new FittedComboBox(parent);
    list->setAccessibleName(name);
    list->setObjectName(QLatin1String(object));
    list->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    list->setMinimumContentsLength(12);
    return list;
}

std::optional<std::int64_t> indexIn(const QSpinBox* box)
{
    return box->value() < 0 ? std::nullopt : std::optional<std::int64_t>(box->value());
}

void step(QSpinBox* box, int by)
{
    const int count = box->maximum() + 2; // with the mean
    box->setValue((box->value() + 1 + by + count) % count - 1);
}

} // namespace

SubjectForm::SubjectForm(Session& session, const Training& training, Dialogs& dialogs, QWidget* parent)
    : QWidget(parent)
    , session_(session)
    , training_(training)
    , dialogs_(dialogs)
{
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 4, 0);
    column->setSpacing(8);
    makeLists();
    makeView();
    column->addStretch(1);
    connect(&session_, &Session::runsChanged, this,
            [this] { checkpoints_->changeEntries([this] { listCheckpoints(); }); });
    connect(&session_, &Session::recordsChanged, this, [this] { records_->changeEntries([this] { listRecords(); }); });
    connect(&session_, &Session::workspaceChanged, this, [this] { // its pictures are another's
        checkpoints_->hidePopup();
        records_->hidePopup();
        const QSignalBlocker quiet(records_);
        painted_.clear();
        names_->setFirst({});
        records_->setCurrentIndex(-1);
    });
    follow_.setInterval(followInterval);
    connect(&follow_, &QTimer::timeout, this, [this] {
        if (isVisible() && training_.active() && checkpoints_->currentIndex() == 0)
            session_.refreshRuns();
    });
    follow_.start();
}

void SubjectForm::makeLists()
{
    checkpoints_ = makeList(tr("Checkpoint"), "attentionCheckpoints", this);
    checkpoints_->setToolTip(tr("The first entry follows new checkpoints of a running training (F)"));
    checkpoints_->setPlaceholderText(tr("none yet"));
    weights_ = new WeightsChoice(this);
    weights_->setObjectName(QStringLiteral("attentionWeights"));
    records_ = makeList(tr("Record"), "attentionRecords", this);
    names_ = new RecordNames(this);
    names_->listIn(*records_);
    records_->setPlaceholderText(tr("none yet"));
    auto* const painted = makeFlatButton(QStringLiteral("picture"), tr("Inspect a generated picture…"), this);
    painted->setObjectName(QStringLiteral("attentionOpenPainted"));
    conditions_ = makeList(tr("Conditions"), "attentionConditions", this);
    conditions_->addItem(tr("text, CLS and patches"), static_cast<int>(SeenConditions::All));
    conditions_->addItem(tr("text only"), static_cast<int>(SeenConditions::TextOnly));
    conditions_->addItem(tr("CLS and patches only"), static_cast<int>(SeenConditions::DinoOnly));
    conditions_->addItem(tr("none: learned nulls"), static_cast<int>(SeenConditions::None));
    seed_ = new SeedEdit(this);
    seed_->setAccessibleName(tr("Seed of the noise"));
    seed_->setObjectName(QStringLiteral("attentionSeed"));
    auto* const record = new QHBoxLayout;
    auto* const choose = makeFlatButton(QStringLiteral("grid"), tr("Select a record by its picture…"), this);
    choose->setObjectName(QStringLiteral("attentionChooseRecord"));
    connect(choose, &QAbstractButton::clicked, this, [this] {
        auto* const picker = new RecordPicker(session_, records_->currentData(RecordNames::Id).toString(), this);
        connect(picker, &RecordPicker::recordChosen, this, &SubjectForm::chooseRecord);
        picker->open();
    });
    record->addWidget(records_, 1);
    record->addWidget(choose);
    record->addWidget(painted);
    auto* const form = new QFormLayout;
    form->setSpacing(8);
    form->addRow(tr("Conditions"), conditions_);
    form->addRow(tr("Seed"), seed_);
    auto* const column = static_cast<QVBoxLayout*>(layout());
    column->addWidget(makeSection(tr("Checkpoint"), this));
    column->addWidget(checkpoints_);
    column->addWidget(weights_);
    column->addWidget(makeSection(tr("Record or generated picture"), this));
    column->addLayout(record);
    column->addLayout(form);
    const auto showChosen = [this] {
        shown_ = checkpoint();
        Q_EMIT subjectChanged();
    };
    connect(checkpoints_, &QComboBox::currentIndexChanged, this, [this, showChosen] {
        offerWeights();
        showChosen();
    });
    connect(weights_, &QComboBox::currentIndexChanged, this, showChosen);
    connect(records_, &QComboBox::currentIndexChanged, this, [this] {
        Q_EMIT recordChanged();
        Q_EMIT subjectChanged();
    });
    connect(conditions_, &QComboBox::currentIndexChanged, this, &SubjectForm::subjectChanged);
    connect(seed_, &SeedEdit::valueChanged, this, &SubjectForm::subjectChanged);
    connect(painted, &QAbstractButton::clicked, this, &SubjectForm::choosePainted);
}

void SubjectForm::makeView()
{
    block_ = makeIndexBox(tr("Block"), "attentionBlock", this);
    head_ = makeIndexBox(tr("Head"), "attentionHead", this);
    block_->setToolTip(tr("One block, or the mean over all (B)"));
    head_->setToolTip(tr("One head, or the mean over all (H)"));
    measure_ = makeList(tr("Measure"), "attentionMeasure", this);
    measure_->addItem(tr("Attention"), static_cast<int>(AttentionMeasure::Mass));
    measure_->addItem(tr("Contribution"), static_cast<int>(AttentionMeasure::Contribution));
    measure_->setToolTip(tr("A token's share of attention, or its share of what attention adds through a head: "
                            "the attention times the length of the token's value (M)"));
    hover_ = new QCheckBox(tr("Follow the pointer"), this);
    hover_->setObjectName(QStringLiteral("attentionHover"));
    self_ = new QCheckBox(tr("Self-attention over the picture"), this);
    self_->setObjectName(QStringLiteral("attentionSelf"));
    self_->setToolTip(tr("What the selected latent tokens attend to among themselves (S)"));
    opacity_ = new QSlider(Qt::Horizontal, this);
    opacity_->setRange(0, 100);
    opacity_->setValue(75);
    opacity_->setAccessibleName(tr("Opacity of the overlay"));
    auto* const form = new QFormLayout;
    form->setSpacing(8);
    form->addRow(tr("Measure"), measure_);
    form->addRow(tr("Block"), block_);
    form->addRow(tr("Head"), head_);
    form->addRow(tr("Opacity"), opacity_);
    form->labelForField(measure_)->setMinimumWidth(fontMetrics().horizontalAdvance(tr("Conditions"))); // as above
    auto* const column = static_cast<QVBoxLayout*>(layout());
    column->addWidget(makeSection(tr("View"), this));
    column->addLayout(form);
    column->addWidget(self_);
    column->addWidget(hover_);
    connect(measure_, &QComboBox::currentIndexChanged, this, &SubjectForm::measureChanged);
    connect(block_, &QSpinBox::valueChanged, this, &SubjectForm::partChanged);
    connect(head_, &QSpinBox::valueChanged, this, &SubjectForm::partChanged);
    connect(self_, &QCheckBox::toggled, this, &SubjectForm::selfChanged);
    connect(opacity_, &QSlider::valueChanged, this, &SubjectForm::opacityChanged);
}

void SubjectForm::listCheckpoints()
{
    const auto before = checkpoints_->currentData().toString();
    const bool followed = checkpoints_->currentIndex() <= 0;
    {
        const QSignalBlocker quiet(checkpoints_);
        checkpoints_->clear();
        if (const auto* const run = newestRun(session_.runs()))
            checkpoints_->addItem(tr("newest: %1").arg(QString::fromStdString(run->name)),
                                  QString::fromStdString(run->checkpoints.back().string()));
        addCheckpoints(*checkpoints_, session_.runs());
        int again = 0;
        for (int i = 1; !followed && i < checkpoints_->count(); ++i) {
            if (checkpoints_->itemData(i).toString() == before)
                again = i;
        }
        checkpoints_->setCurrentIndex(checkpoints_->count() > 0 ? again : -1);
        checkpoints_->setEnabled(checkpoints_->count() > 0);
    }
    offerWeights();
    Q_EMIT checkpointsListed();
    if (checkpoint() != shown_) {
        shown_ = checkpoint();
        Q_EMIT subjectChanged();
    }
}

void SubjectForm::offerWeights()
{
    weights_->setCheckpointOf(*checkpoints_, session_.checkpointsWithBothWeights());
}

void SubjectForm::listRecords()
{
    const auto id = records_->currentData(RecordNames::Id).toString();
    const auto painted = id.isEmpty() ? records_->currentIndex() : -1; // those keep their places
    {
        const QSignalBlocker quiet(records_);
        names_->setRecords(session_.recordsValue());
        const int row = painted >= 0 ? painted : names_->rowOf(id);
        records_->setCurrentIndex(row >= 0 || names_->rowCount() == 0 ? row : static_cast<int>(names_->first().size()));
    }
    if (painted < 0 && records_->currentData(RecordNames::Id).toString() != id) {
        Q_EMIT recordChanged();
        Q_EMIT subjectChanged();
    }
}

void SubjectForm::choosePainted()
{
    const auto file = dialogs_.chooseFile(this, tr("Choose a generated picture"), tr("Generated pictures (*.png)"));
    if (!file.isEmpty())
        openPainted(file);
}

void SubjectForm::openPainted(const QString& file)
{
    session_.background().ask(
        this, [path = fs::path(file.toStdString()), runs = session_.runs()] { return readPainted(path, runs); },
        [this, file, same = SameWorkspace(session_)](const PaintedPicture& read) {
            if (!same) // its model and records are of the workspace before
                return;
            if (!read.request)
                return Q_EMIT failed(tr("Cannot inspect this picture"),
                                     {tr("%1 contains no sampling settings; choose a picture generated by NanoDiT")
                                          .arg(file)
                                          .toStdString()});
            painted_[file] = *read.request;
            if (read.checkpoint)
                chooseCheckpoint(*read.checkpoint);
            else if (read.model)
                Q_EMIT failed(tr("The model that generated this picture is gone"),
                              {tr("%1 generated %2, but no checkpoint has those weights any more. The selected "
                                  "checkpoint is inspected instead.")
                                   .arg(QString::fromStdString(nameOf(*read.model)), QFileInfo(file).fileName())
                                   .toStdString()});
            showPainted(file);
        },
        [this](const Notice& why) { Q_EMIT failed(tr("Cannot inspect this picture"), why); });
}

void SubjectForm::chooseCheckpoint(const fs::path& checkpoint)
{
    const auto folder = weights_->choose(checkpoint);
    const auto name = QString::fromStdString(folder.string());
    for (int i = 1; i < checkpoints_->count(); ++i) { // the first one goes on to newer ones
        if (checkpoints_->itemData(i).toString() == name && folder != checkpointFolder(this->checkpoint())) {
            const QSignalBlocker quiet(checkpoints_); // the picture follows, and is what is told
            checkpoints_->setCurrentIndex(i);
            offerWeights();
        }
    }
    shown_ = this->checkpoint();
}

void SubjectForm::showPainted(const QString& file)
{
    {
        const QSignalBlocker quietSeed(seed_), quietRecords(records_);
        seed_->setValue(painted_.at(file).seed);
        auto entries = names_->first();
        if (std::ranges::find(entries, file, &RecordNames::Entry::file) == entries.end()) {
            entries.push_back({.text = tr("generated %1").arg(QFileInfo(file).completeBaseName()), .file = file});
            names_->setFirst(entries);
        }
        records_->setCurrentIndex(
            static_cast<int>(std::ranges::find(entries, file, &RecordNames::Entry::file) - entries.begin()));
    }
    Q_EMIT recordChanged();
    Q_EMIT subjectChanged();
}

bool SubjectForm::hasCheckpoints() const
{
    return checkpoints_->count() > 0;
}

fs::path SubjectForm::checkpoint() const
{
    return weights_->chosen();
}

std::vector<fs::path> SubjectForm::checkpointsOfRun() const
{
    return weights_->checkpointsOfRun(session_.runs(), session_.checkpointsWithBothWeights());
}

AttentionSubject SubjectForm::subject() const
{
    AttentionSubject subject;
    if (const auto file = records_->currentData(RecordNames::File).toString(); !file.isEmpty()) {
        if (const auto found = painted_.find(file); found != painted_.end())
            subject.sampling = found->second;
    } else {
        subject.record = records_->currentData(RecordNames::Id).toString().toStdString();
    }
    subject.sampling.seed = seed_->value();
    subject.seen = static_cast<SeenConditions>(conditions_->currentData().toInt());
    return subject;
}

bool SubjectForm::hasSubject() const
{
    return records_->currentIndex() >= 0;
}

QString SubjectForm::subjectName() const
{
    const auto id = records_->currentData(RecordNames::Id).toString();
    return id.isEmpty() ? records_->currentText() : id;
}

void SubjectForm::chooseRecord(const QString& id)
{
    if (const int row = names_->rowOf(id); row >= 0)
        records_->setCurrentIndex(row);
}

void SubjectForm::followNewest()
{
    if (hasCheckpoints())
        checkpoints_->setCurrentIndex(0);
    session_.refreshRuns();
}

AttentionPart SubjectForm::part() const
{
    return {.block = indexIn(block_), .head = indexIn(head_)};
}

void SubjectForm::setPart(const AttentionPart& part)
{
    if (part == this->part())
        return;
    {
        const QSignalBlocker quietBlock(block_), quietHead(head_);
        block_->setValue(static_cast<int>(part.block.value_or(-1)));
        head_->setValue(static_cast<int>(part.head.value_or(-1)));
    }
    Q_EMIT partChanged();
}

void SubjectForm::setLimits(std::int64_t blocks, std::int64_t heads)
{
    block_->setMaximum(static_cast<int>(blocks) - 1);
    head_->setMaximum(static_cast<int>(heads) - 1);
}

void SubjectForm::stepBlock(int by)
{
    step(block_, by);
}

void SubjectForm::stepHead(int by)
{
    step(head_, by);
}

AttentionMeasure SubjectForm::measure() const
{
    return static_cast<AttentionMeasure>(measure_->currentData().toInt());
}

void SubjectForm::toggleMeasure()
{
    measure_->setCurrentIndex(1 - measure_->currentIndex());
}

bool SubjectForm::followsMouse() const
{
    return hover_->isChecked();
}

bool SubjectForm::showsSelf() const
{
    return self_->isChecked();
}

void SubjectForm::setShowsSelf(bool shown)
{
    self_->setChecked(shown);
}

double SubjectForm::opacity() const
{
    return opacity_->value() / 100.0;
}

} // namespace nanodit
