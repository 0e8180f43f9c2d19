#include "app/settings/settings_dialog.h"

#include "app/compute_setting.h"
#include "app/controllers.h"
#include "app/dialogs.h"
#include "app/settings/bucket_editor.h"
#include "app/settings/encoder_picker.h"
#include "app/wording.h"
#include "widgets/factories.h"
#include "widgets/fitted_combo_box.h"
#include "widgets/inspector_column.h"
#include "widgets/number_edit.h"
#include "widgets/theme.h"

#include <QComboBox>
#include <QDialogButtonBox>
#include <QFormLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QProcess>
#include <QPushButton>
#include <QTabBar>
#include <QTabWidget>
#include <QVBoxLayout>

#include <algorithm>
#include <utility>

namespace nanodit {

namespace {

constexpr QSize usualSize(760, 600);

/// One line that QProcess::splitCommand() cuts into the same words.
QString commandLine(const std::vector<std::string>& words)
{
    QStringList parts;
    for (const auto& word : words) {
        auto text = QString::fromStdString(word);
        text.replace(QLatin1Char('"'), QStringLiteral("\"\"\""));
        const bool splits = std::ranges::any_of(text, [](QChar c) { return c.isSpace(); });
        parts << (text.isEmpty() || splits ? QLatin1Char('"') + text + QLatin1Char('"') : text);
    }
    return parts.join(QLatin1Char(' '));
}

QWidget* tab(QWidget* content)
{
    auto* const scroll = new InspectorColumn;
    scroll->add(content);
    return scroll;
}

QLabel* note(const QString& text, QWidget* parent)
{
    auto* const label = new QLabel(text, parent);
    label->setTextFormat(Qt::PlainText); // paths and commands
    setRole(label, "secondary");
    label->setWordWrap(true);
    return label;
}

} // namespace

SettingsDialog::SettingsDialog(Session& session, Controllers& controllers, Dialogs& dialogs, QWidget* parent)
    : QDialog(parent)
    , session_(session)
    , controllers_(controllers)
    , dialogs_(dialogs)
    , tabs_(new QTabWidget(this))
    , buckets_(new BucketEditor(session, this))
    , textTokens_(new NumberEdit(NumberEdit::Kind::Whole, 1, 8192, tr("tokens"), this))
    , validation_(new NumberEdit(NumberEdit::Kind::Real, 0, 90, tr("%"), this))
    , captionSeconds_(new NumberEdit(NumberEdit::Kind::Whole, 1, 86400, tr("s"), this))
    , captionProcesses_(new NumberEdit(NumberEdit::Kind::Whole, 1, 256, {}, this))
    , captionProgram_(new QLineEdit(this))
    , device_(makeChoice(QStringLiteral("settingsDevice"), tr("Device"), this))
    , problem_(new QLabel(this))
    , save_(nullptr)
{
    setObjectName(QStringLiteral("workspaceSettings"));
    setWindowTitle(tr("Workspace settings"));
    setAttribute(Qt::WA_DeleteOnClose);
    tabs_->setObjectName(QStringLiteral("settingsTabs"));
    tabs_->tabBar()->setAccessibleName(tr("Groups of settings"));
    tabs_->addTab(tab(makeEncoders()), tr("&Encoders"));
    tabs_->addTab(buckets_, tr("&Buckets"));
    tabs_->addTab(tab(makeData()), tr("Captions and &splits"));
    tabs_->addTab(tab(makeComputing()), tr("&Device"));
    buckets_->setContentsMargins(0, 12, 0, 0);
    setRole(problem_, "problem");
    problem_->setObjectName(QStringLiteral("settingsProblem"));
    problem_->setWordWrap(true);
    problem_->setTextFormat(Qt::PlainText);
    auto* const buttons = new QDialogButtonBox(this);
    save_ = makeButton(tr("Save"), QStringLiteral("save"),
                       tr("Write the settings to workspace.yaml; your own comments in it are not kept"), true, this);
    save_->setObjectName(QStringLiteral("saveSettings"));
    buttons->addButton(save_, QDialogButtonBox::AcceptRole);
    buttons->addButton(QDialogButtonBox::Cancel);
    auto* const bottom = new QHBoxLayout;
    bottom->addWidget(problem_, 1);
    bottom->addWidget(buttons);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(16, 12, 16, 12);
    column->setSpacing(12);
    column->addWidget(tabs_, 1);
    column->addLayout(bottom);
    resize(usualSize);

    connect(save_, &QPushButton::clicked, this, &SettingsDialog::save);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    for (auto* const picker : encoders_)
        connect(picker, &EncoderPicker::changed, this, &SettingsDialog::check);
    connect(buckets_, &BucketEditor::changed, this, &SettingsDialog::check);
    for (auto* const number : {textTokens_, validation_, captionSeconds_, captionProcesses_})
        connect(number, &NumberEdit::valueChanged, this, &SettingsDialog::check);
    connect(captionProgram_, &QLineEdit::textChanged, this, &SettingsDialog::check);
    auto& written = controllers_.settings;
    connect(&written, &WorkspaceSettings::saved, this, &QDialog::accept);
    connect(&written, &WorkspaceSettings::saveFailed, this, [this](const Notice& why) {
        problem_->setText(noticeText(why));
        save_->setEnabled(true);
    });
    connect(&written, &WorkspaceSettings::reloaded, this, [this] {
        show(session_.workspace().config, Fields::Unchanged);
        problem_->setText(tr("Another program has changed the settings; they are shown as they are now. Your "
                             "changes here are kept."));
    });
    connect(&controllers_.datasetJobs, &DatasetJobs::busyChanged, this, &SettingsDialog::check);
    connect(&session_, &Session::workspaceOpening, this, &QDialog::reject); // they are not the other one's
    show(session_.workspace().config, Fields::All);
}

void SettingsDialog::keyPressEvent(QKeyEvent* event)
{
    // The box of buttons makes Save the default one, whatever its buttons say.
    if (event->key() != Qt::Key_Return && event->key() != Qt::Key_Enter)
        QDialog::keyPressEvent(event);
}

QWidget* SettingsDialog::makeEncoders()
{
    struct Line {
        const char* role;
        QString title, expected;
    };
    const Line lines[] = {
        {"t5", tr("Text: T5"), tr("Folder of a T5 v1.1 encoder with config.json, weights and spiece.model")},
        {"vae", tr("Pictures: autoencoder"), tr("Folder of an AutoencoderKL with 16 latent channels")},
        {"dino", tr("Patches: DINO"), tr("Folder of a DINOv3 or DINOv2 ViT with preprocessor_config.json")},
        {"lpips", tr("Validation: LPIPS (optional)"), tr("Folder of LPIPS weights and their network")}};
    auto* const content = new QWidget;
    auto* const column = new QVBoxLayout(content);
    column->setContentsMargins(0, 12, 0, 0);
    column->setSpacing(12);
    column->addWidget(
        note(tr("Folders in Hugging Face layout. Nothing is downloaded. Choosing another encoder makes the "
                "arrays of its pass stale."),
             content));
    for (std::size_t i = 0; i < encoders_.size(); ++i) {
        encoders_[i] =
            new EncoderPicker(lines[i].role, lines[i].title, lines[i].expected, session_.readings(), dialogs_, content);
        column->addWidget(encoders_[i]);
    }
    column->addStretch(1);
    return content;
}

QWidget* SettingsDialog::makeData()
{
    auto* const content = new QWidget;
    auto* const column = new QVBoxLayout(content);
    column->setContentsMargins(0, 12, 0, 0);
    column->setSpacing(8);
    captionProgram_->setObjectName(QStringLiteral("captionProgram"));
    captionProgram_->setPlaceholderText(tr("python3 caption.py {image}"));
    textTokens_->setObjectName(QStringLiteral("textTokens"));
    validation_->setObjectName(QStringLiteral("validationShare"));
    auto* const captions = makeFields();
    captions->addRow(tr("Longest caption"), textTokens_);
    captions->addRow(
        {}, note(tr("In T5 tokens; longer captions are cut. Changing it makes the text arrays stale."), content));
    captions->addRow(tr("Caption program"), captionProgram_);
    captions->addRow({}, note(tr("Runs without a shell for each picture without a caption; {image} stands for the "
                                 "picture's path, and what it prints is the caption."),
                              content));
    captions->addRow(tr("Time limit per picture"), captionSeconds_);
    captions->addRow(tr("Parallel processes"), captionProcesses_);
    auto* const splits = makeFields();
    splits->addRow(tr("Validation share"), validation_);
    splits->addRow({}, note(tr("By a stable hash of each record's id. Records whose split was set by hand or by their "
                               "source keep it."),
                            content));
    splits->labelForField(validation_)
        ->setMinimumWidth(captions->labelForField(captionSeconds_)->sizeHint().width()); // fields below each other
    column->addWidget(makeSection(tr("Captions"), content));
    column->addLayout(captions);
    column->addSpacing(12);
    column->addWidget(makeSection(tr("Splits"), content));
    column->addLayout(splits);
    column->addStretch(1);
    return content;
}

QWidget* SettingsDialog::makeComputing()
{
    auto* const content = new QWidget;
    auto* const column = new QVBoxLayout(content);
    column->setContentsMargins(0, 12, 0, 0);
    column->setSpacing(8);
    auto* const fields = makeFields();
    fields->addRow(tr("Device"), device_);
    column->addLayout(fields);
    auto* const about = note({}, content);
    column->addWidget(about);
    column->addStretch(1);
    const auto list = [this, about] {
        const auto& state = session_.compute().state();
        const QSignalBlocker quiet(device_);
        device_->clear();
        device_->addItem(tr("Automatic (a GPU if available)"), QStringLiteral("auto"));
        for (const auto& device : state.devices)
            device_->addItem(
                tr("%1 · %2").arg(QString::fromStdString(device.name), QString::fromStdString(device.title)),
                QString::fromStdString(device.name));
        device_->setCurrentIndex(std::max(0, device_->findData(QString::fromStdString(session_.device().device))));
        QStringList sentences = {
            tr("For this computer and all workspaces. A change applies to jobs started from now on.")};
        for (const auto& sentence : {state.chosen.problem, state.chosen.unused, state.info.description}) {
            if (!sentence.empty())
                sentences << QString::fromStdString(sentence);
        }
        about->setText(sentences.join(QLatin1Char('\n')));
    };
    connect(&session_.compute(), &ComputeSetting::known, this, list);
    connect(device_, &QComboBox::activated, this,
            [this](int index) { Q_EMIT deviceChosen(device_->itemData(index).toString().toStdString()); });
    list();
    return content;
}

void SettingsDialog::show(const WorkspaceConfig& settings, Fields which)
{
    const auto typed = this->settings(), before = std::exchange(read_, settings);
    const auto takes = [&](const auto member) { return which == Fields::All || typed.*member == before.*member; };
    std::string WorkspaceConfig::*const folders[] = {&WorkspaceConfig::t5Encoder, &WorkspaceConfig::vae,
                                                     &WorkspaceConfig::dinoEncoder, &WorkspaceConfig::lpips};
    EncoderLoad load{.picture = {}, .textTokens = settings.textTokens};
    for (const auto bucket : settings.buckets) {
        if (bucket.width * bucket.height > load.picture.width * load.picture.height)
            load.picture = bucket;
    }
    for (std::size_t i = 0; i < encoders_.size(); ++i) {
        encoders_[i]->setLoad(load);
        if (takes(folders[i]))
            encoders_[i]->show(settings.*folders[i], session_.workspace().root);
    }
    if (takes(&WorkspaceConfig::buckets))
        buckets_->show(settings.buckets);
    if (takes(&WorkspaceConfig::textTokens))
        textTokens_->setValue(static_cast<double>(settings.textTokens));
    if (takes(&WorkspaceConfig::validationShare))
        validation_->setValue(100 * settings.validationShare);
    if (takes(&WorkspaceConfig::captionCommand))
        captionProgram_->setText(commandLine(settings.captionCommand));
    if (takes(&WorkspaceConfig::captionSeconds))
        captionSeconds_->setValue(static_cast<double>(settings.captionSeconds));
    if (takes(&WorkspaceConfig::captionProcesses))
        captionProcesses_->setValue(static_cast<double>(settings.captionProcesses));
    check();
}

WorkspaceConfig SettingsDialog::settings() const
{
    auto settings = read_;
    std::string* const folders[] = {&settings.t5Encoder, &settings.vae, &settings.dinoEncoder, &settings.lpips};
    for (std::size_t i = 0; i < encoders_.size(); ++i)
        *folders[i] = encoders_[i]->folder();
    settings.buckets = buckets_->buckets();
    settings.textTokens = static_cast<std::int64_t>(textTokens_->value());
    if (100 * read_.validationShare != validation_->value())
        settings.validationShare = validation_->value() / 100;
    if (captionProgram_->text() != commandLine(read_.captionCommand)) {
        settings.captionCommand.clear();
        for (const auto& word : QProcess::splitCommand(captionProgram_->text()))
            settings.captionCommand.push_back(word.toStdString());
    }
    settings.captionSeconds = static_cast<std::int64_t>(captionSeconds_->value());
    settings.captionProcesses = static_cast<std::int64_t>(captionProcesses_->value());
    return settings;
}

void SettingsDialog::check()
{
    QStringList problems;
    for (const auto& issue : settings().validate())
        problems << QStringLiteral("%1 %2").arg(QString::fromStdString(issue.key),
                                                QString::fromStdString(issue.message));
    const auto& jobs = controllers_.datasetJobs;
    if (problems.isEmpty() && jobs.busy())
        problems << tr("A data set job is running; save when it has ended.");
    problem_->setText(problems.join(QLatin1Char('\n')));
    save_->setEnabled(problems.isEmpty());
}

void SettingsDialog::save()
{
    const auto changed = settings();
    if (sameSettings(changed, read_))
        return accept();
    save_->setEnabled(false);
    controllers_.settings.save(changed);
}

void SettingsDialog::showEncoder(remedy::Encoder encoder)
{
    tabs_->setCurrentIndex(0);
    auto* const field = encoders_[static_cast<std::size_t>(encoder)]->findChild<QLineEdit*>();
    field->setFocus();
    field->selectAll();
}

} // namespace nanodit
