#include "app/pages/validate/validate_form.h"

#include "app/pages/validate/milestone_list.h"
#include "app/weights_choice.h"
#include "core/front/training.h"
#include "widgets/factories.h"
#include "widgets/fitted_combo_box.h"
#include "widgets/seed_edit.h"
#include "widgets/theme.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QFormLayout>
#include <QGridLayout>
#include <QLabel>
#include <QSignalBlocker>
#include <QSpinBox>
#include <QVBoxLayout>

#include <algorithm>

namespace nanodit {

ValidateForm::ValidateForm(Session& session, QWidget* parent)
    : InspectorColumn(parent)
    , session_(session)
    , models_(makeChoice(QStringLiteral("validateModel"), tr("Model"), this))
    , baselines_(makeChoice(QStringLiteral("validateBaseline"), tr("Compare with"), this))
    , weights_(new WeightsChoice(this))
    , checkList_(new QWidget(this))
    , milestones_(new MilestoneList(checkList_))
{
    models_->setPlaceholderText(tr("none yet"));
    weights_->setObjectName(QStringLiteral("validateWeights"));
    baselines_->setToolTip(tr("A validated model that changes, the checklist and the comparison refer to"));
    auto* const checks = new QVBoxLayout(checkList_);
    checks->setContentsMargins(0, 0, 0, 0);
    checks->setSpacing(8);
    checks->addWidget(makeSection(tr("Checklist"), checkList_));
    checks->addWidget(milestones_);
    checkList_->hide();

    suite_ = makeSuite();
    addSection(tr("Model"), models_);
    add(weights_);
    addSection(tr("Compare with"), baselines_);
    add(checkList_);
    addSection(tr("Suite"), suite_);

    connect(models_, &QComboBox::activated, this, [this] {
        offerWeights(false);
        listBaselines();
        Q_EMIT subjectChosen();
    });
    connect(weights_, &QComboBox::currentIndexChanged, this, [this] {
        listBaselines();
        Q_EMIT subjectChosen();
    });
    connect(baselines_, &QComboBox::activated, this, &ValidateForm::subjectChosen);
    const auto offerLpips = [this] { lpips_->setEnabled(!session_.workspace().config.lpips.empty()); };
    connect(&session_, &Session::settingsChanged, this, offerLpips);
    connect(&session_, &Session::workspaceChanged, this, [this, offerLpips] {
        offerLpips();
        models_->hidePopup();
        baselines_->hidePopup();
        setSubjects({});
    });
}

QWidget* ValidateForm::makeSuite()
{
    auto* const suite = new QWidget(this);
    auto* const column = new QVBoxLayout(suite);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
        const auto task = static_cast<ValidationTask>(i);
        tasks_[i] = new QCheckBox(taskTitle(task), suite);
        tasks_[i]->setObjectName(QStringLiteral("task_%1").arg(QLatin1String(validationTaskNames[i])));
        tasks_[i]->setToolTip(taskHelp(task));
        tasks_[i]->setChecked(true);
        column->addWidget(tasks_[i]);
        connect(tasks_[i], &QCheckBox::toggled, this, &ValidateForm::edited);
    }
    auto* const fields = makeFields();
    fields->setContentsMargins(0, 4, 0, 0);
    const auto whole = [suite](int lowest, int highest, const QString& unit) {
        auto* const box = new QSpinBox(suite);
        box->setRange(lowest, highest);
        box->setSuffix(unit);
        return box;
    };
    const auto real = [suite](double lowest, double highest) {
        auto* const box = new QDoubleSpinBox(suite);
        box->setRange(lowest, highest);
        box->setSingleStep(0.25);
        return box;
    };
    records_ = whole(1, 100000, tr(" records"));
    records_->setObjectName(QStringLiteral("validateRecords"));
    records_->setToolTip(tr("The first records of the validation split"));
    steps_ = whole(1, 1000, tr(" steps"));
    steps_->setObjectName(QStringLiteral("validateSteps"));
    textScale_ = real(0, 50);
    textScale_->setToolTip(tr("s_text: how strongly the pictures follow the caption"));
    dinoScale_ = real(0, 50);
    dinoScale_->setToolTip(tr("s_dino: how strongly they follow the reference's layout and look"));
    guidance_ = new QComboBox(suite);
    guidance_->addItems({tr("additive"), tr("chained")});
    guidance_->setToolTip(tr("additive: v_u + s_text (v_text − v_u) + s_dino (v_dino − v_u)\n"
                             "chained: v_u + s_dino (v_dino − v_u) + s_text (v_full − v_dino): the model sees text and "
                             "patches together"));
    shift_ = real(0.05, 20);
    shift_->setToolTip(tr("t' = s t / (1 + (s - 1) t)"));
    seed_ = new SeedEdit(suite);
    seed_->setAccessibleName(tr("Seed of the first record's noise"));
    seed_->setToolTip(tr("Of the first record's noise; the next record starts from the next seed"));
    lpips_ = new QComboBox(suite);
    lpips_->addItems({QStringLiteral("alex"), QStringLiteral("vgg"), QStringLiteral("squeeze")});
    lpips_->setToolTip(tr("Network of LPIPS. Its weights are read from the folder in the workspace settings; without "
                          "them, DINO-patch distance is used instead."));
    lpips_->setEnabled(false);
    fields->addRow(tr("Records"), records_);
    fields->addRow(tr("Steps"), steps_);
    fields->addRow(tr("Text guidance"), textScale_);
    fields->addRow(tr("DINO guidance"), dinoScale_);
    fields->addRow(tr("Guidance mode"), guidance_);
    fields->addRow(tr("Shift s"), shift_);
    fields->addRow(tr("Seed"), seed_);
    fields->addRow(tr("LPIPS"), lpips_);
    column->addLayout(fields);
    setSettings({}, "alex");
    return suite;
}

void ValidateForm::setSubjects(const std::vector<ValidationSubject>& subjects)
{
    models_->changeEntries([this, subjects] { // both lists refer to them
        baselines_->changeEntries([this, subjects] {
            takeSubjects(subjects);
            Q_EMIT subjectsListed();
        });
    });
}

void ValidateForm::takeSubjects(const std::vector<ValidationSubject>& subjects)
{
    const auto chosenBefore = models_->currentText();
    subjects_ = subjects;
    const QSignalBlocker quiet(models_);
    models_->clear();
    int first = -1;
    bool firstIsValidated = false;
    for (std::size_t i = 0; i < subjects_.size(); ++i) {
        if (i > 0 && rawBeside(i - 1) != nullptr)
            continue;
        const int item = models_->count();
        models_->addItem(subjectName(subjects_[i]), static_cast<int>(i));
        models_->setItemData(item, validated(i) ? tr("validated") : tr("not validated yet"), Qt::ToolTipRole);
        if (first < 0 || (validated(i) && !firstIsValidated)) {
            first = item;
            firstIsValidated = validated(i);
        }
    }
    const int again = chosenBefore.isEmpty() ? -1 : models_->findText(chosenBefore);
    models_->setCurrentIndex(again >= 0 ? again : first);
    models_->setEnabled(models_->count() > 0);
    offerWeights(again < 0);
    listBaselines();
}

void ValidateForm::offerWeights(bool anew)
{
    const int place = chosenPlace();
    if (place < 0)
        return weights_->setCheckpoint({}, false);
    const auto& usual = subjects_[static_cast<std::size_t>(place)];
    const auto* const raw = rawBeside(static_cast<std::size_t>(place));
    weights_->setCheckpoint(raw != nullptr ? usual.checkpoint : std::filesystem::path(), raw != nullptr);
    if (anew)
        weights_->choose(raw != nullptr && usual.report.empty() && !raw->report.empty() ? raw->checkpoint
                                                                                        : usual.checkpoint);
}

const ValidationSubject* ValidateForm::rawBeside(std::size_t place) const
{
    if (place + 1 >= subjects_.size())
        return nullptr;
    const auto &usual = subjects_[place], &raw = subjects_[place + 1];
    const bool sameStep = !usual.raw && raw.raw && raw.run == usual.run && raw.step == usual.step;
    return sameStep && !usual.checkpoint.empty() && !raw.checkpoint.empty() ? &raw : nullptr;
}

bool ValidateForm::validated(std::size_t place) const
{
    const auto* const raw = rawBeside(place);
    return !subjects_[place].report.empty() || (raw != nullptr && !raw->report.empty());
}

int ValidateForm::chosenPlace() const
{
    return models_->currentIndex() < 0 ? -1 : models_->currentData().toInt();
}

void ValidateForm::listBaselines()
{
    const auto before = baselines_->currentText();
    const QSignalBlocker quiet(baselines_);
    baselines_->clear();
    baselines_->addItem(tr("nothing"), -1);
    const auto* const own = subject();
    for (std::size_t i = 0; i < subjects_.size(); ++i) {
        if (&subjects_[i] != own && !subjects_[i].report.empty())
            baselines_->addItem(subjectName(subjects_[i]), static_cast<int>(i));
    }
    baselines_->setCurrentIndex(std::max(0, baselines_->findText(before)));
    baselines_->setEnabled(baselines_->count() > 1);
}

const ValidationSubject* ValidateForm::subject() const
{
    const int place = chosenPlace();
    if (place < 0)
        return nullptr;
    const auto* const raw = rawBeside(static_cast<std::size_t>(place));
    const bool wanted = weightsKindOf(weights_->chosen()) == WeightsKind::Raw;
    return raw != nullptr && wanted ? raw : &subjects_[static_cast<std::size_t>(place)];
}

const ValidationSubject* ValidateForm::baseline() const
{
    const auto index = baselines_->currentData().toInt();
    return baselines_->count() == 0 || index < 0 ? nullptr : &subjects_[static_cast<std::size_t>(index)];
}

void ValidateForm::choose(QComboBox* combo, const QString& run)
{
    int found = -1;
    for (int i = 0; i < combo->count(); ++i) {
        const auto subject = combo->itemData(i).toInt();
        const auto place = static_cast<std::size_t>(std::max(0, subject));
        const bool named = combo->itemText(i) == run; // with its step
        if (!named && (subject < 0 || QString::fromStdString(subjects_[place].run) != run))
            continue;
        const bool known = subject >= 0 && (combo == models_ ? validated(place) : !subjects_[place].report.empty());
        if (named || known || found < 0)
            found = i;
        if (named || known)
            break;
    }
    if (found < 0)
        return;
    combo->setCurrentIndex(found);
    if (combo == models_) {
        offerWeights(true);
        listBaselines();
    }
    Q_EMIT subjectChosen();
}

void ValidateForm::chooseSubject(const QString& run)
{
    choose(models_, run);
}

void ValidateForm::chooseBaseline(const QString& run)
{
    choose(baselines_, run);
}

ValidationSettings ValidateForm::settings() const
{
    ValidationSettings settings;
    settings.tasks.clear();
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
        if (tasks_[i]->isChecked())
            settings.tasks.push_back(static_cast<ValidationTask>(i));
    }
    settings.records = records_->value();
    settings.steps = steps_->value();
    settings.shift = shift_->value();
    settings.textScale = textScale_->value();
    settings.dinoScale = dinoScale_->value();
    settings.guidance = static_cast<GuidanceMode>(guidance_->currentIndex());
    settings.seed = seed_->value();
    return settings;
}

std::string ValidateForm::lpipsNet() const
{
    return lpips_->currentText().toStdString();
}

void ValidateForm::setSettings(const ValidationSettings& settings, const std::string& lpipsNet)
{
    for (std::size_t i = 0; i < tasks_.size(); ++i)
        tasks_[i]->setChecked(std::count(settings.tasks.begin(), settings.tasks.end(), static_cast<ValidationTask>(i)) >
                              0);
    records_->setValue(static_cast<int>(settings.records));
    steps_->setValue(static_cast<int>(settings.steps));
    shift_->setValue(settings.shift);
    textScale_->setValue(settings.textScale);
    dinoScale_->setValue(settings.dinoScale);
    guidance_->setCurrentIndex(static_cast<int>(settings.guidance));
    seed_->setValue(settings.seed);
    if (!lpipsNet.empty())
        lpips_->setCurrentText(QString::fromStdString(lpipsNet));
}

void ValidateForm::setMilestones(const std::vector<Milestone>& milestones)
{
    milestones_->setMilestones(milestones);
    checkList_->setVisible(!milestones.empty());
}

void ValidateForm::setReadOnly(bool readOnly)
{
    models_->setEnabled(!readOnly && !subjects_.empty());
    weights_->setEnabled(!readOnly);
    baselines_->setEnabled(!readOnly && baselines_->count() > 1);
    suite_->setEnabled(!readOnly);
}

bool ValidateForm::valid() const
{
    return std::any_of(tasks_.begin(), tasks_.end(), [](const QCheckBox* task) { return task->isChecked(); });
}

} // namespace nanodit
