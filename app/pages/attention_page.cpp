#include "app/pages/attention_page.h"

#include "app/session.h"
#include "widgets/attention_map.h"
#include "widgets/banner.h"
#include "widgets/page_frame.h"
#include "widgets/picture.h"
#include "widgets/state_panel.h"
#include "widgets/text.h"
#include "widgets/theme.h"
#include "widgets/word_strip.h"

#include <QCheckBox>
#include <QComboBox>
#include <QFormLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QPushButton>
#include <QSignalBlocker>
#include <QSlider>
#include <QSpinBox>
#include <QStackedWidget>
#include <QVBoxLayout>

namespace nanodit {

namespace {

constexpr int drawerHeight = 184, pictureSide = 150;

QSpinBox* makeIndexBox(const QString& name, QWidget* parent)
{
    auto* const box = new QSpinBox(parent);
    box->setRange(-1, 0);
    box->setValue(-1);
    box->setSpecialValueText(AttentionPage::tr("mean"));
    box->setAccessibleName(name);
    return box;
}

QWidget* withTitle(const QString& title, QWidget* content, QWidget* parent)
{
    auto* const pane = new QWidget(parent);
    auto* const column = new QVBoxLayout(pane);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(4);
    column->addWidget(makeSection(title, pane));
    column->addWidget(content, 1);
    return pane;
}

} // namespace

AttentionPage::AttentionPage(Session& session, QWidget* parent)
    : QWidget(parent)
    , session_(session)
    , looking_(session)
    , frame_(new PageFrame(tr("Attention"), this))
    , states_(new QStackedWidget(this))
    , empty_(new StatePanel(this))
{
    frame_->setContent(makeContent());
    frame_->setInspector(makeInspector());
    frame_->setDrawer(makeDrawer(), drawerHeight);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(frame_);
    empty_->showEmpty(QStringLiteral("eye"), tr("There is no model to look into yet"),
                      tr("Train one first: every checkpoint of a run can be looked into."));
    connect(empty_->addButton(tr("Go to training"), QStringLiteral("train"), true), &QPushButton::clicked, this,
            &AttentionPage::trainWanted);

    connect(&looking_, &Looking::looked, this, &AttentionPage::showScene);
    connect(&looking_, &Looking::latentsSeen, this, [this](const LatentAttention& seen) {
        seen_ = seen;
        given_.reset();
        showAnswer();
    });
    connect(&looking_, &Looking::tokensSeen, this, [this](const AttentionNumbers& given) {
        given_ = given;
        seen_.reset();
        showAnswer();
    });
    connect(&looking_, &Looking::painted, this, [this](const Image& before, const Image& after) {
        const auto show = [](QLabel* label, const Image& image) {
            label->setPixmap(QPixmap::fromImage(qImageFromImage(image))
                                 .scaled(pictureSide, pictureSide, Qt::KeepAspectRatio, Qt::SmoothTransformation));
        };
        show(before_, before);
        show(after_, after);
        look();
    });
    connect(&looking_, &Looking::failed, this, [this](const QString& message) {
        wanted_ = false;
        frame_->banner()->showFailure(tr("The model could not be looked into"), message);
    });
    connect(&looking_, &Looking::busyChanged, this, [this] {
        stop_->setEnabled(looking_.busy());
        if (wanted_)
            readout_->setText(tr("looking…"));
    });
    connect(picture_, &AttentionMap::cellsChosen, this, &AttentionPage::askLatents);
    connect(picture_, &AttentionMap::cellHovered, this, [this](std::int64_t cell) {
        if (hover_->isChecked() && cell >= 0 && !looking_.busy())
            askLatents({cell});
    });
    connect(words_, &WordStrip::wordChosen, this, &AttentionPage::askWord);
    connect(words_, &WordStrip::clsChosen, this, [this] { askWord(static_cast<int>(words_->words().size())); });
    connect(patches_, &AttentionMap::cellsChosen, this, &AttentionPage::askPatches);
    connect(&session_, &Session::runsChanged, this, &AttentionPage::listCheckpoints);
    connect(&session_, &Session::recordsChanged, this, &AttentionPage::listRecords);
    connect(&session_, &Session::workspaceChanged, this, [this] {
        looking_.cancel();
        scene_.reset();
        editing_ = {};
        listRecords();
    });
    showEdits();
}

QWidget* AttentionPage::makeContent()
{
    auto* const content = new QWidget(this);
    picture_ = new AttentionMap(tr("The picture that is forming"), content);
    picture_->setObjectName(QStringLiteral("attentionPicture"));
    picture_->setEmptyText(tr("Choose a record at the right: the picture that is forming appears here"));
    words_ = new WordStrip(content);
    words_->setObjectName(QStringLiteral("attentionWords"));
    patches_ = new AttentionMap(tr("Patches of the reference"), content);
    patches_->setObjectName(QStringLiteral("attentionPatches"));
    patches_->setEmptyText(tr("This model has no patches to attend to"));
    auto* const row = new QHBoxLayout;
    row->setSpacing(12);
    row->addWidget(withTitle(tr("Picture: click or drag latent tokens"), picture_, content), 3);
    row->addWidget(withTitle(tr("Caption: click a word or CLS"), words_, content), 2);
    row->addWidget(withTitle(tr("DINO reference: click or drag patches"), patches_, content), 3);
    readout_ = new QLabel(content);
    readout_->setObjectName(QStringLiteral("attentionReadout"));
    readout_->setFont(tabularFont(readout_->font()));
    readout_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
    auto* const panes = new QWidget(content);
    auto* const column = new QVBoxLayout(panes);
    column->setContentsMargins(16, 12, 16, 8);
    column->setSpacing(8);
    column->addLayout(row, 1);
    column->addWidget(readout_);
    states_->addWidget(empty_);
    states_->addWidget(panes);
    auto* const all = new QVBoxLayout(content);
    all->setContentsMargins(0, 0, 0, 0);
    all->addWidget(states_);
    return content;
}

QWidget* AttentionPage::makeInspector()
{
    auto* const content = new QWidget(this);
    const auto makeList = [content](const QString& name, const char* object) {
        auto* const list = new QComboBox(content);
        list->setAccessibleName(name);
        list->setObjectName(QLatin1String(object));
        list->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
        list->setMinimumContentsLength(12);
        return list;
    };
    checkpoints_ = makeList(tr("Checkpoint"), "attentionCheckpoints");
    records_ = makeList(tr("Record"), "attentionRecords");
    t_ = new QSlider(Qt::Horizontal, content);
    t_->setObjectName(QStringLiteral("attentionTime"));
    t_->setRange(1, 100);
    t_->setValue(70);
    t_->setAccessibleName(tr("Flow time t"));
    tText_ = new QLabel(content);
    along_ = new QCheckBox(tr("along a sampling of 30 steps"), content);
    hover_ = new QCheckBox(tr("follow the mouse"), content);
    hover_->setObjectName(QStringLiteral("attentionHover"));
    block_ = makeIndexBox(tr("Block"), content);
    block_->setObjectName(QStringLiteral("attentionBlock"));
    head_ = makeIndexBox(tr("Head"), content);
    head_->setObjectName(QStringLiteral("attentionHead"));
    seed_ = new QSpinBox(content);
    seed_->setRange(0, 999999);
    seed_->setAccessibleName(tr("Seed of the noise"));
    stop_ = makeButton(tr("Stop"), QStringLiteral("stop"), tr("Stop what is being computed (Esc)"), false, content);
    stop_->setEnabled(false);
    auto* const form = new QFormLayout;
    form->setSpacing(8);
    form->addRow(tr("Block"), block_);
    form->addRow(tr("Head"), head_);
    form->addRow(tr("Seed"), seed_);
    auto* const column = new QVBoxLayout(content);
    column->setContentsMargins(0, 0, 4, 0);
    column->setSpacing(8);
    column->addWidget(makeSection(tr("Checkpoint"), content));
    column->addWidget(checkpoints_);
    column->addWidget(makeSection(tr("Record"), content));
    column->addWidget(records_);
    column->addWidget(makeSection(tr("Flow time"), content));
    column->addWidget(tText_);
    column->addWidget(t_);
    column->addWidget(along_);
    column->addWidget(makeSection(tr("What is shown"), content));
    column->addLayout(form);
    column->addWidget(hover_);
    column->addWidget(stop_);
    column->addStretch(1);

    const auto tellTime = [this] { tText_->setText(tr("t = %1 (1 is noise)").arg(t_->value() / 100.0, 0, 'f', 2)); };
    tellTime();
    connect(t_, &QSlider::valueChanged, this, [this, tellTime] {
        tellTime();
        look();
    });
    connect(along_, &QCheckBox::toggled, this, &AttentionPage::look);
    connect(seed_, &QSpinBox::valueChanged, this, &AttentionPage::look);
    connect(checkpoints_, &QComboBox::currentIndexChanged, this, &AttentionPage::look);
    connect(records_, &QComboBox::currentIndexChanged, this, [this] {
        editing_ = {};
        showEdits();
        look();
    });
    connect(block_, &QSpinBox::valueChanged, this, &AttentionPage::showAnswer);
    connect(head_, &QSpinBox::valueChanged, this, &AttentionPage::showAnswer);
    connect(stop_, &QPushButton::clicked, this, [this] { looking_.cancel(); });
    return content;
}

QWidget* AttentionPage::makeDrawer()
{
    auto* const drawer = new QWidget(this);
    erase_ = makeButton(tr("Erase what is chosen"), QStringLiteral("clear"),
                        tr("Take the chosen word, CLS or patches away from the model (Delete)"), false, drawer);
    erase_->setObjectName(QStringLiteral("attentionErase"));
    reset_ = makeButton(tr("Undo all"), QStringLiteral("reset"), tr("Give everything back"), false, drawer);
    paint_ = makeButton(tr("Paint both"), QStringLiteral("sample"),
                        tr("Paint the record without and with the edits, from the same seed"), true, drawer);
    paint_->setObjectName(QStringLiteral("attentionPaint"));
    edits_ = new QLabel(drawer);
    edits_->setObjectName(QStringLiteral("attentionEdits"));
    edits_->setWordWrap(true);
    setRole(edits_, "secondary");
    auto* const buttons = new QVBoxLayout;
    buttons->addWidget(edits_);
    buttons->addStretch(1);
    auto* const line = new QHBoxLayout;
    line->addWidget(erase_);
    line->addWidget(reset_);
    line->addWidget(paint_);
    line->addStretch(1);
    buttons->addLayout(line);
    auto* const row = new QHBoxLayout(drawer);
    row->setContentsMargins(16, 8, 16, 8);
    row->setSpacing(12);
    row->addLayout(buttons, 1);
    for (auto* const label : {&before_, &after_}) {
        *label = new QLabel(label == &before_ ? tr("before") : tr("after"), drawer);
        (*label)->setFixedSize(pictureSide, pictureSide);
        (*label)->setAlignment(Qt::AlignCenter);
        setRole(*label, "secondary");
        row->addWidget(*label);
    }
    before_->setObjectName(QStringLiteral("attentionBefore"));
    after_->setObjectName(QStringLiteral("attentionAfter"));
    connect(erase_, &QPushButton::clicked, this, &AttentionPage::eraseChosen);
    connect(reset_, &QPushButton::clicked, this, [this] {
        editing_ = {};
        showEdits();
        look();
    });
    connect(paint_, &QPushButton::clicked, this, &AttentionPage::paintEdited);
    return drawer;
}

void AttentionPage::listCheckpoints()
{
    const auto before = checkpoints_->currentData().toString();
    {
        const QSignalBlocker quiet(checkpoints_);
        checkpoints_->clear();
        for (const auto& run : session_.runs()) {
            for (auto file = run.checkpoints.rbegin(); file != run.checkpoints.rend(); ++file)
                checkpoints_->addItem(QStringLiteral("%1 · %2").arg(QString::fromStdString(run.name),
                                                                    QString::fromStdString(file->filename().string())),
                                      QString::fromStdString(file->string()));
        }
        checkpoints_->setCurrentIndex(std::max(0, checkpoints_->findData(before)));
    }
    states_->setCurrentIndex(checkpoints_->count() > 0 ? 1 : 0);
    if (checkpoints_->currentData().toString() != before)
        look();
}

void AttentionPage::listRecords()
{
    const auto before = records_->currentText();
    const QSignalBlocker quiet(records_);
    records_->clear();
    for (const auto& record : session_.records())
        records_->addItem(QString::fromStdString(record.id));
    records_->setCurrentIndex(std::max(0, records_->findText(before)));
    if (records_->currentText() != before)
        look();
}

void AttentionPage::showRecord(const QString& id, std::optional<std::int64_t> latent)
{
    records_->setCurrentText(id);
    if (latent)
        latents_ = {*latent};
    look();
}

std::filesystem::path AttentionPage::checkpoint() const
{
    return checkpoints_->currentData().toString().toStdString();
}

std::optional<std::int64_t> AttentionPage::block() const
{
    return block_->value() < 0 ? std::nullopt : std::optional<std::int64_t>(block_->value());
}

std::optional<std::int64_t> AttentionPage::head() const
{
    return head_->value() < 0 ? std::nullopt : std::optional<std::int64_t>(head_->value());
}

AttentionSubject AttentionPage::subject() const
{
    AttentionSubject subject;
    subject.record = records_->currentText().toStdString();
    subject.t = t_->value() / 100.0;
    subject.alongSampling = along_->isChecked();
    subject.sampling.seed = static_cast<std::uint64_t>(seed_->value());
    subject.edits = editing_;
    return subject;
}

void AttentionPage::look()
{
    if (!isVisible() || checkpoint().empty() || records_->currentText().isEmpty())
        return;
    frame_->banner()->hide();
    wanted_ = true;
    looking_.look(checkpoint(), subject());
}

void AttentionPage::showScene(const AttentionScene& scene, const QString& model)
{
    wanted_ = false;
    scene_ = scene;
    frame_->setContext(model);
    picture_->setGrid(scene.latents);
    picture_->setPicture(qImageFromImage(scene.forming.empty() ? scene.reference : scene.forming));
    patches_->setGrid(scene.patches);
    patches_->setPicture(qImageFromImage(scene.reference));
    QStringList words;
    for (const auto& word : scene.words)
        words << QString::fromStdString(word.text);
    words_->setWords(words);
    block_->setMaximum(static_cast<int>(scene.blocks) - 1);
    head_->setMaximum(static_cast<int>(scene.heads) - 1);
    if (word_ >= 0)
        return askWord(word_);
    if (!patches_->chosen().empty())
        return askPatches(patches_->chosen());
    if (latents_.empty() ||
        *latents_.rbegin() >= scene.latents.count()) // the middle, so that there is something to see
        latents_ = {scene.latents.rows / 2 * scene.latents.cols + scene.latents.cols / 2};
    picture_->setChosen(latents_);
    askLatents(latents_);
}

void AttentionPage::askLatents(const std::set<std::int64_t>& cells)
{
    if (!scene_ || wanted_)
        return;
    latents_ = cells;
    word_ = -1;
    words_->setChosen(-1);
    patches_->setChosen({});
    looking_.askLatents({cells.begin(), cells.end()});
}

void AttentionPage::askWord(int word)
{
    if (!scene_ || wanted_)
        return;
    const auto words = static_cast<int>(scene_->words.size());
    word_ = std::min(word, words);
    latents_.clear();
    picture_->setChosen({});
    patches_->setChosen({});
    words_->setChosen(word_);
    looking_.askTokens(word_ == words ? std::vector{scene_->clsToken()}
                                      : scene_->tokensOf(scene_->words[static_cast<std::size_t>(word_)]));
}

void AttentionPage::askPatches(const std::set<std::int64_t>& cells)
{
    if (!scene_ || wanted_)
        return;
    word_ = -1;
    latents_.clear();
    picture_->setChosen({});
    words_->setChosen(-1);
    std::vector<std::int64_t> tokens;
    for (const auto cell : cells)
        tokens.push_back(scene_->patchToken(cell));
    looking_.askTokens(tokens);
}

void AttentionPage::showAnswer()
{
    if (seen_) {
        const auto shares = seen_->shares.of(block(), head());
        words_->setShares(seen_->words.of(block(), head()), {shares[0], shares[1], shares[2]});
        picture_->setValues({});
        patches_->setValues(seen_->patches.values.empty() ? std::vector<float>{} : seen_->patches.of(block(), head()));
        const auto who =
            latents_.size() == 1 ? tr("1 latent token looks") : tr("%1 latent tokens look").arg(latents_.size());
        auto text = tr("%1 at text %2 %, CLS %3 %, patches %4 % · entropy %5 nats")
                        .arg(who)
                        .arg(100 * shares[0], 0, 'f', 1)
                        .arg(100 * shares[1], 0, 'f', 1)
                        .arg(100 * shares[2], 0, 'f', 1)
                        .arg(seen_->entropy.of(block(), head())[0], 0, 'f', 2);
        if (!seen_->alignment.values.empty())
            text += tr(" · centre of mass %1 patches away").arg(seen_->alignment.of(block(), head())[0], 0, 'f', 2);
        readout_->setText(text);
    } else if (given_) {
        picture_->setValues(given_->of(block(), head()));
        patches_->setValues({});
        const auto& mass = picture_->values();
        double sum = 0;
        for (const float value : mass)
            sum += value;
        readout_->setText(tr("latent tokens give it %1 % of their attention on average")
                              .arg(100 * sum / static_cast<double>(mass.size()), 0, 'f', 2));
    }
}

void AttentionPage::showEdits()
{
    QStringList parts;
    if (!editing_.erasedWords.empty())
        parts << tr("%1 words").arg(editing_.erasedWords.size());
    if (editing_.eraseCls)
        parts << tr("CLS");
    if (!editing_.erasedPatches.empty())
        parts << tr("%1 patches").arg(editing_.erasedPatches.size());
    edits_->setText(parts.isEmpty() ? tr("Nothing is erased. Choose a word, CLS or patches, then erase what is chosen "
                                         "and see what the picture becomes.")
                                    : tr("Erased: %1.").arg(parts.join(QStringLiteral(", "))));
    reset_->setEnabled(!editing_.empty());
    paint_->setEnabled(!editing_.empty());
}

void AttentionPage::eraseChosen()
{
    if (!scene_)
        return;
    if (word_ >= 0 && word_ == static_cast<int>(scene_->words.size()))
        editing_.eraseCls = true;
    else if (word_ >= 0)
        editing_.erasedWords.insert(static_cast<std::size_t>(word_));
    const auto& patches = patches_->chosen();
    editing_.erasedPatches.insert(patches.begin(), patches.end());
    showEdits();
    look();
}

void AttentionPage::paintEdited()
{
    if (editing_.empty() || checkpoint().empty())
        return;
    readout_->setText(tr("painting before and after…"));
    looking_.paintBoth(checkpoint(), subject());
}

void AttentionPage::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    session_.refreshRuns();
    if (!scene_)
        look();
}

void AttentionPage::keyPressEvent(QKeyEvent* event)
{
    switch (event->key()) {
    case Qt::Key_B:
        return block_->setValue(block_->value() < block_->maximum() ? block_->value() + 1 : -1);
    case Qt::Key_H:
        return head_->setValue(head_->value() < head_->maximum() ? head_->value() + 1 : -1);
    case Qt::Key_BracketLeft:
        return t_->setValue(t_->value() - 5);
    case Qt::Key_BracketRight:
        return t_->setValue(t_->value() + 5);
    case Qt::Key_Delete:
        return eraseChosen();
    case Qt::Key_Escape:
        return looking_.cancel();
    default:
        QWidget::keyPressEvent(event);
    }
}

} // namespace nanodit
