#include "app/pages/attention/edit_panel.h"

#include "app/background_queue.h"
#include "app/record_names.h"
#include "app/record_picker.h"
#include "app/session.h"
#include "app/wording.h"
#include "widgets/factories.h"
#include "widgets/fitted_combo_box.h"
#include "widgets/picture.h"
#include "widgets/theme.h"

#include <QButtonGroup>
#include <QCheckBox>
#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPainter>
#include <QPushButton>
#include <QSignalBlocker>
#include <QSpinBox>

#include <algorithm>
#include <tuple>
#include <utility>

namespace nanodit {

namespace {
constexpr int pictureSide = 144, controlsWidth = 332, pictureGap = 8;
}

EditPanel::EditPanel(Session& session, QWidget* parent)
    : QWidget(parent)
    , session_(session)
    , tools_(new QButtonGroup(this))
    , sourceMap_(new AttentionMap(tr("Patches to paste"), this))
{
    sourceMap_->setObjectName(QStringLiteral("attentionSource"));
    sourceMap_->setEmptyText(tr("Select a record to paste patches from"));
    sourceMap_->setToolTip(
        tr("Drag over the patches to paste; if none are selected, those at the same place are pasted"));
    auto* const row = new QHBoxLayout(this);
    row->setContentsMargins(0, 4, 0, 0);
    row->setSpacing(12);
    row->addWidget(makeControls());
    row->addWidget(sourceMap_, 1);
    before_ = makePicture("attentionBefore");
    after_ = makePicture("attentionAfter");
    beforeText_ = makeSection({}, this);
    afterText_ = makeSection({}, this);
    afterText_->setObjectName(QStringLiteral("attentionAfterText"));
    for (const auto& [text, picture] : {std::pair(beforeText_, before_), std::pair(afterText_, after_)}) {
        auto* const column = new QVBoxLayout;
        column->setSpacing(4);
        column->addWidget(text);
        column->addWidget(picture);
        column->addStretch(1);
        row->addLayout(column);
    }
    nameThePictures(false);
    tell();
}

QLabel* EditPanel::makePicture(const char* object)
{
    auto* const label = new QLabel(this);
    label->setObjectName(QLatin1String(object));
    label->setFixedSize(pictureSide, pictureSide);
    label->setAlignment(Qt::AlignCenter);
    label->setProperty("surface", "panel");
    return label;
}

void EditPanel::nameThePictures(bool outdated)
{
    beforeText_->setText(outdated ? tr("Before (outdated)") : tr("Before"));
    afterText_->setText(outdated ? tr("After (outdated)") : tr("After"));
    for (auto* const label : {before_, after_})
        label->setToolTip(afterImage_.isNull() ? tr("Generate both to see what the changes do")
                          : outdated           ? tr("Made from an earlier selection or from earlier changes")
                                               : tr("Both start from the same seed"));
}

QLayout* EditPanel::makeTools(QWidget* box)
{
    const std::array<std::tuple<AttentionMap::Tool, QString, QString>, 3> tools = {
        {{AttentionMap::Tool::Choose, tr("Select"), tr("Clicking selects patches")},
         {AttentionMap::Tool::Brush, tr("Erase brush"), tr("Brush over patches of the reference to hide them")},
         {AttentionMap::Tool::Rectangle, tr("Paste"),
          tr("Drag over the reference to paste another record's patches there")}}};
    auto* const toolRow = new QHBoxLayout;
    toolRow->setSpacing(4);
    for (const auto& [tool, name, help] : tools) {
        auto* const button = makeButton(name, {}, help, false, box);
        button->setCheckable(true);
        button->setObjectName(QStringLiteral("attentionTool%1").arg(static_cast<int>(tool)));
        tools_->addButton(button, static_cast<int>(tool));
        toolRow->addWidget(button);
    }
    tools_->button(0)->setChecked(true);
    brush_ = new QSpinBox(box);
    brush_->setRange(0, 8);
    brush_->setAccessibleName(tr("Radius of the brush, patches"));
    brush_->setToolTip(tr("Radius of the brush, in patches"));
    brush_->setPrefix(tr("r "));
    toolRow->addWidget(brush_, 1);
    connect(tools_, &QButtonGroup::idToggled, this, [this](int, bool on) {
        if (on)
            Q_EMIT toolChanged();
    });
    connect(brush_, &QSpinBox::valueChanged, this, &EditPanel::toolChanged);
    return toolRow;
}

QLayout* EditPanel::makeWordRow(QWidget* box)
{
    erase_ = makeButton(tr("Erase"), QStringLiteral("clear"),
                        tr("Hide the selected word, CLS or patches from the model (Delete)"), false, box);
    erase_->setObjectName(QStringLiteral("attentionErase"));
    word_ = new QLineEdit(box);
    word_->setObjectName(QStringLiteral("attentionReplacement"));
    word_->setAccessibleName(tr("Replacement of the word"));
    replace_ = makeButton(tr("Replace"), {}, tr("Replace the word with this and encode the caption again"), false, box);
    replace_->setObjectName(QStringLiteral("attentionReplace"));
    auto* const wordRow = new QHBoxLayout;
    wordRow->setSpacing(4);
    wordRow->addWidget(erase_);
    wordRow->addWidget(word_, 1);
    wordRow->addWidget(replace_);
    connect(erase_, &QPushButton::clicked, this, &EditPanel::eraseChosen);
    connect(replace_, &QPushButton::clicked, this, &EditPanel::replaceWord);
    connect(word_, &QLineEdit::returnPressed, this, &EditPanel::replaceWord);
    return wordRow;
}

QLayout* EditPanel::makeSourceRow(QWidget* box)
{
    source_ = new FittedComboBox(box);
    source_->setObjectName(QStringLiteral("attentionSourceRecord"));
    source_->setAccessibleName(tr("Record to paste from"));
    source_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    source_->setMinimumContentsLength(10);
    names_ = new RecordNames(box);
    names_->setFirst({{.text = tr("Paste from…")}});
    names_->listIn(*source_);
    sourceCls_ = new QCheckBox(tr("Also its CLS"), box);
    sourceCls_->setObjectName(QStringLiteral("attentionSourceCls"));
    auto* const sourceRow = new QHBoxLayout;
    sourceRow->setSpacing(8);
    auto* const choose = makeFlatButton(QStringLiteral("grid"), tr("Select a record by its picture…"), box);
    connect(choose, &QAbstractButton::clicked, this, [this] {
        auto* const picker = new RecordPicker(session_, source(), this);
        connect(picker, &RecordPicker::recordChosen, this,
                [this](const QString& id) { source_->setCurrentIndex(std::max(0, names_->rowOf(id))); });
        picker->open();
    });
    sourceRow->addWidget(source_, 1);
    sourceRow->addWidget(choose);
    sourceRow->addWidget(sourceCls_);
    connect(source_, &QComboBox::currentIndexChanged, this, &EditPanel::showSource);
    connect(sourceCls_, &QCheckBox::toggled, this, &EditPanel::takeCls);
    return sourceRow;
}

QLayout* EditPanel::makeActions(QWidget* box)
{
    undo_ = makeButton(tr("Undo"), {}, tr("Undo the last change (Ctrl+Z)"), false, box);
    undo_->setObjectName(QStringLiteral("attentionUndo"));
    reset_ = makeButton(tr("Undo all"), QStringLiteral("reset"), tr("Undo all changes"), false, box);
    reset_->setObjectName(QStringLiteral("attentionReset"));
    paint_ = makeButton(tr("Generate both"), QStringLiteral("sample"),
                        tr("Generate without and with the changes, from the same seed"), true, box);
    paint_->setObjectName(QStringLiteral("attentionPaint"));
    auto* const actions = new QHBoxLayout;
    actions->setSpacing(4);
    actions->addWidget(undo_);
    actions->addWidget(reset_);
    actions->addStretch(1);
    actions->addWidget(paint_);
    connect(undo_, &QPushButton::clicked, this, &EditPanel::undo);
    connect(reset_, &QPushButton::clicked, this, [this] { change({}); });
    connect(paint_, &QPushButton::clicked, this, &EditPanel::paintWanted);
    return actions;
}

QWidget* EditPanel::makeControls()
{
    auto* const box = new QWidget(this);
    about_ = new QLabel(box);
    about_->setObjectName(QStringLiteral("attentionEdits"));
    about_->setTextFormat(Qt::PlainText);
    about_->setWordWrap(true);
    about_->setAlignment(Qt::AlignTop | Qt::AlignLeft);
    setRole(about_, "small");
    auto* const column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(6);
    column->addLayout(makeTools(box));
    column->addLayout(makeWordRow(box));
    column->addLayout(makeSourceRow(box));
    column->addWidget(about_, 1);
    column->addLayout(makeActions(box));
    for (auto* const part : box->findChildren<QWidget*>())
        part->ensurePolished();
    box->setFixedWidth(std::max(controlsWidth, column->minimumSize().width())); // in large fonts they need more
    return box;
}

QString EditPanel::source() const
{
    return source_->currentData(RecordNames::Id).toString();
}

void EditPanel::listRecords()
{
    const auto before = source();
    {
        const QSignalBlocker quiet(source_);
        names_->setRecords(session_.recordsValue());
        source_->setCurrentIndex(std::max(0, names_->rowOf(before)));
    }
    if (source() != before)
        showSource();
}

void EditPanel::showSource()
{
    const int number = ++asked_;
    const auto* const record = source().isEmpty() ? nullptr : session_.record(source());
    tell();
    if (record == nullptr || !session_.dinoEncoder()) {
        sourceMap_->setGrid({});
        return;
    }
    sourceMap_->setGrid(dinoGrid(record->bucket, session_.dinoEncoder()->patchSize));
    sourceMap_->setChosen({});
    sourceMap_->setPicture({});
    session_.background().ask(
        this, [info = *record] { return qImageFromImage(loadBucketImage(info)); },
        [this, number](const QImage& picture) {
            if (number == asked_)
                sourceMap_->setPicture(picture);
        },
        [this, number](const Notice& why) {
            if (number == asked_)
                about_->setText(noticeText(why));
        });
}

void EditPanel::showScene(const AttentionScene& scene)
{
    scene_ = scene;
    if (edits().replacedWords.empty())
        caption_ = scene.words;
    tell();
}

void EditPanel::showChoice(const AttentionChoice& choice)
{
    choice_ = choice;
    tell();
}

std::optional<std::size_t> EditPanel::chosenWord() const
{
    if (!scene_ || choice_.word < 0 || choice_.word >= static_cast<int>(scene_->words.size()))
        return std::nullopt;
    return scene_->words[static_cast<std::size_t>(choice_.word)].inCaption;
}

void EditPanel::change(ConditionEdits edits)
{
    if (edits == history_.now())
        return;
    history_.change(std::move(edits));
    tell();
    Q_EMIT editsChanged();
}

void EditPanel::eraseChosen()
{
    auto edits = history_.now();
    if (const auto word = chosenWord())
        edits.erasedWords.insert(*word);
    else if (choice_.word >= 0)
        edits.eraseCls = true;
    edits.erasedPatches.insert(choice_.patches.begin(), choice_.patches.end());
    change(std::move(edits));
}

void EditPanel::replaceWord()
{
    const auto word = chosenWord();
    if (!word || !replace_->isEnabled())
        return;
    auto edits = history_.now();
    edits.replacedWords[*word] = word_->text().trimmed().toStdString();
    edits.erasedWords.erase(*word);
    word_->clear();
    change(std::move(edits));
}

void EditPanel::takeCls(bool taken)
{
    auto edits = history_.now();
    edits.clsFrom = taken ? source().toStdString() : std::string();
    change(std::move(edits));
}

void EditPanel::paintOver(const std::set<std::int64_t>& patches)
{
    if (!scene_ || patches.empty())
        return;
    auto edits = history_.now();
    if (tool() == AttentionMap::Tool::Brush) {
        edits.erasedPatches.insert(patches.begin(), patches.end());
    } else if (sourceMap_->grid().count() == 0) {
        about_->setText(tr("Select a record to paste from first."));
        return;
    } else {
        edits.pastes.push_back(
            pasteOver(patches, scene_->patches, source().toStdString(), sourceMap_->chosen(), sourceMap_->grid()));
        // What is pasted over an erased patch is there again.
        for (const auto cell : pastedCells({edits.pastes.back()}, scene_->patches))
            edits.erasedPatches.erase(cell);
    }
    change(std::move(edits));
}

void EditPanel::undo()
{
    if (!history_.canUndo())
        return;
    history_.undo();
    tell();
    Q_EMIT editsChanged();
}

void EditPanel::forget()
{
    history_.forget();
    beforeImage_ = afterImage_ = {};
    before_->clear();
    after_->clear();
    nameThePictures(false);
    tell();
}

AttentionMap::Tool EditPanel::tool() const
{
    return static_cast<AttentionMap::Tool>(tools_->checkedId());
}

int EditPanel::brushRadius() const
{
    return brush_->value();
}

void EditPanel::setPainting(bool painting)
{
    painting_ = painting;
    tell();
}

void EditPanel::showPictures(const QImage& before, const QImage& after)
{
    beforeImage_ = before;
    afterImage_ = after;
    const auto show = [](QLabel* label, const QImage& image) {
        label->setPixmap(image.isNull() ? QPixmap() : fittedPixmap(*label, image, label->contentsRect().size()));
    };
    show(before_, before);
    show(after_, after);
    nameThePictures(false);
}

void EditPanel::markOutdated()
{
    nameThePictures(!afterImage_.isNull());
}

QImage EditPanel::beforeAndAfter() const
{
    if (beforeImage_.isNull())
        return {};
    QImage both(beforeImage_.width() + pictureGap + afterImage_.width(),
                std::max(beforeImage_.height(), afterImage_.height()), QImage::Format_RGB32);
    both.fill(Qt::black);
    QPainter painter(&both);
    painter.drawImage(0, 0, beforeImage_);
    painter.drawImage(beforeImage_.width() + pictureGap, 0, afterImage_);
    return both;
}

void EditPanel::tell()
{
    const bool editable = scene_.has_value();
    const auto word = chosenWord();
    const bool mayReplace = word && !scene_->words[static_cast<std::size_t>(choice_.word)].end;
    erase_->setEnabled(editable && (choice_.word >= 0 || !choice_.patches.empty()));
    word_->setEnabled(mayReplace);
    replace_->setEnabled(mayReplace);
    word_->setPlaceholderText(
        mayReplace ? tr("Instead of \"%1\"")
                         .arg(QString::fromStdString(scene_->words[static_cast<std::size_t>(choice_.word)].text))
                   : tr("Select a word above"));
    undo_->setEnabled(history_.canUndo());
    reset_->setEnabled(!edits().empty());
    paint_->setEnabled(editable && !edits().empty() && !painting_);
    {
        const QSignalBlocker quiet(sourceCls_);
        // "Its" is that of the record beside it: another one's, taken before, is in the list of changes.
        sourceCls_->setChecked(!source().isEmpty() && edits().clsFrom == source().toStdString());
    }
    sourceCls_->setEnabled(!source().isEmpty());
    const auto text = editsText(edits(), caption_);
    about_->setText(text.isEmpty()
                        ? tr("Nothing is changed. Select a word, CLS or patches and erase them, brush patches "
                             "away, or paste another record's; then generate both pictures.")
                        : text);
}

} // namespace nanodit
