#include "app/pages/sample/sample_form.h"

#include "app/pages/sample/carried_settings.h"
#include "app/pages/sample/other_pictures.h"
#include "app/pages/sample/reference_picker.h"
#include "app/weights_choice.h"
#include "app/wording.h"
#include "widgets/factories.h"
#include "widgets/fitted_combo_box.h"
#include "widgets/guidance_slider.h"
#include "widgets/seed_edit.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QRandomGenerator>
#include <QSignalBlocker>
#include <QSpinBox>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <set>

namespace nanodit {

namespace {

constexpr std::int64_t previewsAPicture = 12;
constexpr int mostPictures = 16;

QDoubleSpinBox* makeRealBox(double minimum, double maximum, double step, int decimals, QWidget* parent)
{
    auto* const box = new QDoubleSpinBox(parent);
    box->setRange(minimum, maximum);
    box->setSingleStep(step);
    box->setDecimals(decimals);
    return box;
}

} // namespace

SampleForm::SampleForm(Session& session, Dialogs& dialogs, QWidget* parent)
    : InspectorColumn(parent)
    , session_(session)
    , checkpoints_(makeChoice(QStringLiteral("checkpoints"), tr("Checkpoint"), this))
    , weightsKind_(new WeightsChoice(this))
    , reference_(new ReferencePicker(session, dialogs, ReferencePicker::Use::Condition, this))
    , others_(new OtherPictures(session, dialogs, this))
    , textScale_(new GuidanceSlider(tr("Text guidance"), tr("s_text: how strongly the picture follows the prompt"),
                                    meaning::text, this))
    , dinoScale_(new GuidanceSlider(tr("DINO guidance"),
                                    tr("s_dino: how strongly it follows the reference's layout and look"),
                                    meaning::patches, this))
{
    checkpoints_->setPlaceholderText(tr("none yet"));
    textScale_->setObjectName(QStringLiteral("textScale"));
    dinoScale_->setObjectName(QStringLiteral("dinoScale"));
    textScale_->setValue(2);
    dinoScale_->setValue(2);

    addSection(tr("Checkpoint"), checkpoints_);
    add(weightsKind_);
    addSection(tr("Reference"), reference_);
    add(makeRegion());
    add(others_);
    addSection(tr("Guidance"), textScale_);
    add(dinoScale_);
    live_ = new QCheckBox(tr("Live: the picture follows the sliders"), this);
    live_->setObjectName(QStringLiteral("live"));
    live_->setToolTip(tr("Shows a quick picture while a slider moves, then one with all steps. Generate keeps it."));
    add(live_);
    addSection(tr("Sampler"), makeSampler());
    carried_ = new CarriedSettings(this);
    add(carried_);

    connect(reference_, &ReferencePicker::referenceChanged, this, [this] {
        // A layout belongs to a shape: the picture takes the record's, until the user chooses another.
        if (const auto* const chosen = std::get_if<RecordReference>(&reference_->reference())) {
            if (const auto* const record = session_.record(QString::fromStdString(chosen->id)))
                setSize(record->bucket);
        }
        setErased({}); // they were another's
        const bool any = !std::holds_alternative<NoReference>(reference_->reference());
        region_->setEnabled(any);
        others_->setAvailable(any);
        Q_EMIT regionLost();
    });
    connect(checkpoints_, &QComboBox::currentIndexChanged, this, [this] {
        offerWeights();
        Q_EMIT checkpointChosen();
    });
    connect(weightsKind_, &QComboBox::currentIndexChanged, this, &SampleForm::checkpointChosen);
    connect(reference_, &ReferencePicker::refused, this, &SampleForm::refused);
    connect(others_, &OtherPictures::refused, this, &SampleForm::refused);
    for (auto* const scale : {textScale_, dinoScale_})
        connect(scale, &GuidanceSlider::valueChanged, this,
                [this] { Q_EMIT scalesChanged(textScale_->value(), dinoScale_->value()); });
    connect(&session_, &Session::runsChanged, this,
            [this] { checkpoints_->changeEntries([this] { listCheckpoints(); }); });
    connect(&session_, &Session::recordsChanged, this, &SampleForm::listSizes);
    connect(&session_, &Session::workspaceChanged, this, [this] {
        checkpoints_->hidePopup();
        restored_.reset();
        carried_->take({}); // pictures and checkpoints of the workspace before
        size_->clear();
        listSizes();
    });
}

QWidget* SampleForm::makeRegion()
{
    auto* const box = new QWidget(this);
    region_ = makeButton(tr("Region…"), QStringLiteral("brush"),
                         tr("Paint where the reference guides; text decides elsewhere"), false, box);
    region_->setObjectName(QStringLiteral("region"));
    region_->setEnabled(false);
    connect(region_, &QPushButton::clicked, this, &SampleForm::regionWanted);
    erasedRow_ = new QWidget(box);
    erasedText_ = new QLabel(erasedRow_);
    erasedText_->setObjectName(QStringLiteral("erasedPatches"));
    setRole(erasedText_, "secondary");
    auto* const all = makeFlatButton(QStringLiteral("reset"), tr("Use all patches of the reference"), erasedRow_);
    all->setObjectName(QStringLiteral("useAllPatches"));
    connect(all, &QToolButton::clicked, this, [this] { setErased({}); });
    auto* const row = new QHBoxLayout(erasedRow_);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(4);
    row->addWidget(erasedText_, 1);
    row->addWidget(all);
    erasedRow_->hide();
    auto* const column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(4);
    column->addWidget(region_, 0, Qt::AlignLeft);
    column->addWidget(erasedRow_);
    return box;
}

void SampleForm::setErased(std::vector<std::int64_t> patches, std::vector<double> weights)
{
    erased_ = std::move(patches);
    weights_ = std::move(weights);
    auto text =
        tr("%1 of the reference hidden").arg(countText(static_cast<std::int64_t>(erased_.size()), tr("patches")));
    if (!weights_.empty())
        text += tr("; DINO guidance by region");
    erasedText_->setText(text);
    erasedRow_->setVisible(!erased_.empty() || !weights_.empty());
}

void SampleForm::setRegion(const std::vector<std::int64_t>& erasedPatches, bool scaled)
{
    const auto& encoder = session_.dinoEncoder();
    std::vector<double> weights;
    if (scaled && encoder && !erasedPatches.empty()) {
        weights.assign(static_cast<std::size_t>(dinoGrid(request().size, encoder->patchSize).count()), 1.0);
        for (const auto patch : erasedPatches)
            weights.at(static_cast<std::size_t>(patch)) = 0;
    }
    setErased(erasedPatches, std::move(weights));
}

void SampleForm::setScales(double text, double dino)
{
    const QSignalBlocker quietText(textScale_), quietDino(dinoScale_);
    textScale_->setValue(text);
    dinoScale_->setValue(dino);
}

void SampleForm::setReference(const Reference& reference)
{
    reference_->setReference(reference);
}

bool SampleForm::takeTyped()
{
    return reference_->takeTyped() && others_->takeTyped();
}

QWidget* SampleForm::makeSampler()
{
    auto* const sampler = new QWidget(this);
    auto* const fields = makeFields();
    sampler->setLayout(fields);
    steps_ = new QSpinBox(sampler);
    steps_->setObjectName(QStringLiteral("steps"));
    steps_->setRange(1, 500);
    steps_->setValue(30);
    steps_->setSuffix(tr(" steps"));
    pictures_ = new QSpinBox(sampler);
    pictures_->setObjectName(QStringLiteral("pictures"));
    pictures_->setRange(1, mostPictures);
    pictures_->setToolTip(tr("Number of pictures, with consecutive seeds from the seed"));
    seed_ = new SeedEdit(sampler);
    seed_->setObjectName(QStringLiteral("seed"));
    seed_->setAccessibleName(tr("Seed of the noise"));
    auto* const dice = makeFlatButton(QStringLiteral("dice"), tr("New random seed (R)"), sampler);
    connect(dice, &QToolButton::clicked, this, &SampleForm::rollSeed);
    auto* const seedRow = new QHBoxLayout;
    seedRow->setSpacing(4);
    seedRow->addWidget(seed_, 1);
    seedRow->addWidget(dice);
    size_ = new QComboBox(sampler);
    size_->setObjectName(QStringLiteral("size"));
    connect(size_, &QComboBox::activated, this, [this] {
        setErased({}); // patches of another grid
        Q_EMIT regionLost();
    });
    connect(size_, &QComboBox::currentIndexChanged, this, &SampleForm::tellSize);
    shift_ = makeRealBox(0.05, 20, 0.1, 2, sampler);
    shift_->setValue(1);
    shift_->setToolTip(tr("t' = s t / (1 + (s - 1) t): above 1 spends more steps on layout, below 1 on detail"));
    solver_ = new QComboBox(sampler);
    solver_->setObjectName(QStringLiteral("solver"));
    solver_->addItems({tr("Euler"), tr("Heun"), tr("DPM++ 2M")});
    solver_->setToolTip(tr("Heun: two evaluations per step, more accurate\n"
                           "DPM++ 2M: second order at one evaluation per step"));
    rule_ = new QComboBox(sampler);
    rule_->setObjectName(QStringLiteral("guidanceRule"));
    rule_->setAccessibleName(tr("Guidance rule"));
    rule_->addItems({tr("plain"), tr("CFG-Zero*"), tr("projected (APG)"), tr("internal")});
    rule_->setToolTip(
        tr("CFG-Zero*: for models that are not fully trained\nprojected: for high scales, which would oversaturate "
           "colours\ninternal: away from what the internal head predicts, for models that have one"));
    internalScale_ = makeRealBox(0, 50, 0.1, 2, sampler);
    internalScale_->setObjectName(QStringLiteral("internalScale"));
    internalScale_->setValue(SampleRequest{}.internalScale);
    internalScale_->setAccessibleName(tr("Scale of internal guidance"));
    internalScale_->setToolTip(tr("How far to guide away from the internal head's prediction; 1: not at all"));
    internalScale_->hide();
    connect(rule_, &QComboBox::currentIndexChanged, internalScale_, [this](int index) {
        internalScale_->setVisible(static_cast<GuidanceRule>(index) == GuidanceRule::Internal);
    });
    auto* const ruleRow = new QHBoxLayout;
    ruleRow->setSpacing(4);
    ruleRow->addWidget(rule_, 1);
    ruleRow->addWidget(internalScale_);
    guidance_ = new QComboBox(sampler);
    guidance_->addItems({tr("additive"), tr("chained")});
    guidance_->setToolTip(tr("additive: v_u + s_text (v_text − v_u) + s_dino (v_dino − v_u)\n"
                             "chained: v_u + s_dino (v_dino − v_u) + s_text (v_full − v_dino)"));
    intervalFrom_ = makeRealBox(0, 1, 0.05, 2, sampler);
    intervalTo_ = makeRealBox(0, 1, 0.05, 2, sampler);
    intervalTo_->setValue(1);
    for (auto* const box : {intervalFrom_, intervalTo_}) {
        box->setButtonSymbols(QAbstractSpinBox::NoButtons);
        box->setProperty("buttons", "none");
        box->setToolTip(tr("Guidance applies only while t lies in the interval: t = 1 is noise, t = 0 the picture"));
    }
    intervalFrom_->setAccessibleName(tr("Lowest t at which guidance applies"));
    intervalTo_->setAccessibleName(tr("Highest t at which guidance applies"));
    auto* const interval = new QHBoxLayout;
    interval->setSpacing(4);
    interval->addWidget(intervalFrom_, 1);
    interval->addWidget(new QLabel(tr("to"), sampler));
    interval->addWidget(intervalTo_, 1);
    fields->addRow(tr("Steps"), steps_);
    fields->addRow(tr("Solver"), solver_);
    fields->addRow(tr("Seed"), seedRow);
    fields->addRow(tr("Pictures"), pictures_);
    fields->addRow(tr("Size"), size_);
    fields->addRow(tr("Shift s"), shift_);
    fields->addRow(tr("Guidance mode"), guidance_);
    fields->addRow(tr("Guidance rule"), ruleRow);
    fields->addRow(tr("Guidance interval (t)"), interval);
    return sampler;
}

void SampleForm::listCheckpoints()
{
    const auto before = checkpoints_->currentData().toString();
    const QSignalBlocker quiet(checkpoints_);
    checkpoints_->clear();
    addCheckpoints(*checkpoints_, session_.runs());
    int chosen = before.isEmpty() ? -1 : checkpoints_->findData(before);
    if (const auto* const run = newestRun(session_.runs()); run != nullptr && chosen < 0)
        chosen = checkpoints_->findData(QString::fromStdString(run->checkpoints.back().string()));
    checkpoints_->setCurrentIndex(std::max(0, chosen));
    checkpoints_->setEnabled(checkpoints_->count() > 0);
    offerWeights();
    Q_EMIT checkpointsListed();
    Q_EMIT checkpointChosen();
}

void SampleForm::offerWeights()
{
    weightsKind_->setCheckpointOf(*checkpoints_, session_.checkpointsWithBothWeights());
}

void SampleForm::listSizes()
{
    std::vector<ImageSize> sizes;
    const auto add = [&sizes](ImageSize size) {
        if (std::find(sizes.begin(), sizes.end(), size) == sizes.end())
            sizes.push_back(size);
    };
    if (session_.hasWorkspace())
        std::for_each(session_.workspace().config.buckets.begin(), session_.workspace().config.buckets.end(), add);
    for (const auto& record : session_.records())
        add(record.bucket);
    const auto before = size_->currentData().toString();
    {
        const QSignalBlocker quiet(size_); // else the first one is told of on the way
        size_->clear();
        if (const auto kept = sizeFromName(before.toStdString()))
            add(*kept); // a restored picture's can be none of these
        for (const auto& size : sizes)
            size_->addItem(pixelSizeText(size), QString::fromStdString(bucketName(size)));
        size_->setCurrentIndex(std::max(0, size_->findData(before)));
    }
    tellSize();
}

void SampleForm::tellSize()
{
    const auto size = sizeFromName(size_->currentData().toString().toStdString());
    if (!size) // the list is being made anew
        return;
    reference_->setSize(*size);
    others_->setSize(*size);
}

void SampleForm::setSize(ImageSize size)
{
    const auto name = QString::fromStdString(bucketName(size));
    if (size_->findData(name) < 0)
        size_->addItem(pixelSizeText(size), name);
    size_->setCurrentIndex(size_->findData(name));
}

void SampleForm::chooseCheckpoint(const QString& checkpoint)
{
    const auto folder = weightsKind_->choose(checkpoint.toStdString());
    if (const int index = checkpoints_->findData(QString::fromStdString(folder.string())); index >= 0)
        checkpoints_->setCurrentIndex(index);
}

std::filesystem::path SampleForm::checkpoint() const
{
    return weightsKind_->chosen();
}

std::vector<std::filesystem::path> SampleForm::checkpointsOfRun() const
{
    return weightsKind_->checkpointsOfRun(session_.runs(), session_.checkpointsWithBothWeights());
}

bool SampleForm::hasOtherCheckpoints() const
{
    const auto* const run = weightsKind_->runIn(session_.runs());
    return run != nullptr && run->checkpoints.size() > 1;
}

std::int64_t SampleForm::pictures() const
{
    return pictures_->value();
}

void SampleForm::paste()
{
    reference_->paste();
}

bool SampleForm::live() const
{
    return live_->isChecked();
}

void SampleForm::rollSeed()
{
    seed_->setValue(QRandomGenerator::global()->bounded(1000000U));
}

SampleRequest SampleForm::request() const
{
    auto request = shownRequest();
    if (!restored_)
        return request;
    const auto keep = [&](auto member) {
        if (request.*member == restored_->shown.*member)
            request.*member = restored_->exact.*member;
    };
    keep(&SampleRequest::steps);
    keep(&SampleRequest::shift);
    keep(&SampleRequest::textScale);
    keep(&SampleRequest::dinoScale);
    keep(&SampleRequest::guidanceInterval);
    return request;
}

SampleRequest SampleForm::shownRequest() const
{
    SampleRequest request;
    carried_->apply(request);
    request.reference = reference_->reference();
    others_->apply(request);
    request.erasedPatches = erased_;
    request.dinoWeights = weights_;
    request.size = size_->count() > 0 ? bucketFromName(size_->currentData().toString().toStdString()) : ImageSize{};
    request.steps = steps_->value();
    request.shift = shift_->value();
    request.textScale = textScale_->value();
    request.dinoScale = dinoScale_->value();
    request.solver = static_cast<Solver>(solver_->currentIndex());
    request.guidance = static_cast<GuidanceMode>(guidance_->currentIndex());
    request.guidanceRule = static_cast<GuidanceRule>(rule_->currentIndex());
    request.internalScale = internalScale_->value();
    request.guidanceInterval = {std::min(intervalFrom_->value(), intervalTo_->value()),
                                std::max(intervalFrom_->value(), intervalTo_->value())};
    request.seed = seed_->value();
    request.previewEvery = std::max<std::int64_t>(1, request.steps / previewsAPicture);
    return request;
}

void SampleForm::setRequest(const SampleRequest& request)
{
    reference_->setReference(request.reference);
    others_->take(request);
    setSize(request.size);
    setErased(request.erasedPatches, request.dinoWeights);
    carried_->take(request);
    steps_->setValue(static_cast<int>(request.steps));
    shift_->setValue(request.shift);
    textScale_->setValue(request.textScale);
    dinoScale_->setValue(request.dinoScale);
    solver_->setCurrentIndex(static_cast<int>(request.solver));
    guidance_->setCurrentIndex(static_cast<int>(request.guidance));
    rule_->setCurrentIndex(static_cast<int>(request.guidanceRule));
    internalScale_->setValue(request.internalScale);
    intervalFrom_->setValue(request.guidanceInterval[0]);
    intervalTo_->setValue(request.guidanceInterval[1]);
    seed_->setValue(request.seed);
    restored_ = Restored{.exact = request, .shown = shownRequest()};
}

} // namespace nanodit
