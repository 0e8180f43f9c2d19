#include "app/pages/dataset/record_facts.h"

#include "app/pages/dataset/caption_editor.h"
#include "app/pages/dataset/record_model.h"
#include "app/wording.h"
#include "widgets/factories.h"
#include "widgets/fitted_combo_box.h"
#include "widgets/fitted_label.h"
#include "widgets/picture.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QEvent>
#include <QGridLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QPainter>
#include <QPushButton>
#include <QSignalBlocker>
#include <QToolButton>

#include <algorithm>
#include <iterator>

namespace nanodit {

namespace {

constexpr int markSide = 12;

QPixmap markPixmap(const QWidget& widget, MarkState state, const Colours& colours)
{
    auto drawn = sharpPixmap(widget, {markSide, markSide});
    QPainter painter(&drawn);
    paintStateMark(painter, {1, 1, markSide - 2, markSide - 2}, state, colours);
    return drawn;
}

} // namespace

RecordFacts::RecordFacts(QWidget* parent)
    : QWidget(parent)
    , caption_(new CaptionEditor(this))
    , problem_(new QLabel(this))
    , act_(makeButton({}, {}, {}, false, this))
{
    auto* const grid = new QGridLayout(this);
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setHorizontalSpacing(8);
    grid->setVerticalSpacing(6);
    problem_->setTextFormat(Qt::PlainText);
    problem_->setWordWrap(true);
    setRole(problem_, "problem");
    grid->addWidget(caption_, 0, 0, 1, 3);
    grid->addWidget(problem_, 1, 0, 1, 3);
    act_->setObjectName(QStringLiteral("recordRemedy"));
    grid->addWidget(act_, 2, 0, 1, 3, Qt::AlignLeft);
    connect(act_, &QPushButton::clicked, this, [this] {
        const auto remedy = *remedy_; // another record may be shown meanwhile
        Q_EMIT remedyWanted(remedy);
    });
    addFields(grid);
    addArrays(grid);
    grid->setColumnStretch(2, 1);
    connect(caption_, &CaptionEditor::edited, this, &RecordFacts::captionEdited);
    connect(caption_, &CaptionEditor::left, this, &RecordFacts::captionLeft);
    clear();
}

void RecordFacts::addFields(QGridLayout* grid)
{
    const auto name = [&](const QString& text) {
        auto* const label = new QLabel(text, this);
        setRole(label, "secondary");
        grid->addWidget(label, grid->rowCount(), 0);
        return label;
    };
    const auto add = [&](QWidget* value) { grid->addWidget(value, grid->rowCount() - 1, 1, 1, 2); };

    name(tr("Record"));
    id_ = new FittedLabel(this);
    id_->setObjectName(QStringLiteral("recordId"));
    id_->setFont(monospaceFont(id_->font()));
    id_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    id_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    file_ = makeFlatButton(QStringLiteral("folder"), tr("Show the picture in the file manager (O)"), this);
    file_->setObjectName(QStringLiteral("showFile"));
    auto* const record = new QWidget(this);
    auto* const row = new QHBoxLayout(record);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(4);
    row->addWidget(id_, 1);
    row->addWidget(file_);
    add(record);

    name(tr("Split"));
    split_ = new FittedComboBox(this);
    split_->setObjectName(QStringLiteral("recordSplit"));
    split_->installEventFilter(this);
    split_->setAccessibleName(tr("Split"));
    split_->setToolTip(
        tr("What the record is used for. By the rule: as the validation share in the workspace settings decides"));
    add(split_);

    name(tr("Tags"));
    tags_ = new QLineEdit(this);
    tags_->setObjectName(QStringLiteral("recordTags"));
    tags_->setAccessibleName(tr("Tags"));
    tags_->setPlaceholderText(tr("none"));
    tags_->setToolTip(tr("Comma-separated tags (T). For several records: the tags they share"));
    add(tags_);

    name(tr("Use"));
    exclude_ = new QPushButton(this);
    exclude_->setObjectName(QStringLiteral("excludeRecord"));
    reason_ = new QLineEdit(this);
    reason_->setObjectName(QStringLiteral("exclusionReason"));
    reason_->setAccessibleName(tr("Why it is excluded"));
    reason_->setPlaceholderText(tr("several reasons"));
    auto* const use = new QWidget(this);
    auto* const both = new QHBoxLayout(use);
    both->setContentsMargins(0, 0, 0, 0);
    both->setSpacing(8);
    both->addWidget(reason_, 1);
    both->addWidget(exclude_);
    both->addStretch(0);
    add(use);

    sizesName_ = name(tr("Original"));
    sizes_ = new QLabel(this);
    sizes_->setToolTip(tr("Size of the picture, and the bucket it is cropped to"));
    add(sizes_);

    connect(file_, &QToolButton::clicked, this, &RecordFacts::fileWanted);
    connect(split_, &FittedComboBox::activated, this,
            [this](int index) { Q_EMIT splitEdited(split_->itemData(index).toString()); });
    connect(tags_, &QLineEdit::editingFinished, this, &RecordFacts::commitTags);
    connect(exclude_, &QPushButton::clicked, this,
            [this] { Q_EMIT exclusionEdited(excluded_ ? QString() : tr("by hand")); });
    connect(reason_, &QLineEdit::editingFinished, this, &RecordFacts::commitReason);
}

void RecordFacts::addArrays(QGridLayout* grid)
{
    for (std::size_t i = 0; i < marks_.size(); ++i) {
        const int line = grid->rowCount();
        auto* const name = new QLabel(QString::fromLatin1(markNames[i]), this);
        setRole(name, "secondary");
        marks_[i] = new QLabel(this);
        states_[i] = new QLabel(this);
        states_[i]->setObjectName(QStringLiteral("state-") + QString::fromLatin1(markNames[i]));
        states_[i]->setWordWrap(true);
        states_[i]->setTextFormat(Qt::PlainText);
        grid->addWidget(name, line, 0, Qt::AlignTop);
        grid->addWidget(marks_[i], line, 1, Qt::AlignTop);
        grid->addWidget(states_[i], line, 2);
        marks_[i]->setFixedHeight(states_[i]->fontMetrics().lineSpacing());
    }
}

void RecordFacts::show(const RecordSummary& records)
{
    if (records.count == 0)
        return clear();
    const auto& first = records.first;
    const bool one = records.count == 1;
    caption_->setVisible(one);
    caption_->show(one ? QString::fromStdString(first.id) : QString(), QString::fromStdString(first.caption));
    showProblem(one && first.excluded.empty() ? Notice{first.problem, first.remedy} : Notice{});
    id_->setText(one ? QString::fromStdString(first.id) : countText(records.count, tr("records")));
    id_->setToolTip(one ? toolTipOf(QString::fromStdString(first.id + "\n" + first.image.string())) : QString());
    file_->setVisible(one);
    shownSplit_ = records.split;
    split_->changeEntries([this] { listSplits(); });
    commonTags_ = records.tags;
    if (!tags_->hasFocus() || !tags_->isModified())
        tags_->setText(commonTags_.join(QStringLiteral(", ")));
    showExclusion(records);
    for (auto* const label : {sizesName_, sizes_})
        label->setVisible(one);
    sizes_->setText(
        first.original.width > 0
            ? tr("%1  →  %2").arg(pixelSizeText(first.original), QString::fromStdString(bucketName(first.bucket)))
            : tr("unknown")); // it could not be read
    showArrays(records);
    setVisible(true);
}

void RecordFacts::showProblem(const Notice& problem)
{
    remedy_ = problem.remedy;
    const auto action = remedy_ ? remedyAction(*remedy_) : QString();
    problem_->setText(noticeText(problem));
    problem_->setVisible(!problem.text.empty());
    act_->setText(action);
    act_->setVisible(!problem.text.empty() && !action.isEmpty());
}

void RecordFacts::showExclusion(const RecordSummary& records)
{
    excluded_ = records.allExcluded;
    reason_->setVisible(excluded_);
    if (!reason_->hasFocus() || !reason_->isModified())
        reason_->setText(records.excluded);
    if (!reason_->hasFocus())
        reason_->setCursorPosition(0); // what it begins with is seen
    const auto help = records.first.excludedByRule
                          ? tr("Excluded by the import rules; a reason entered here replaces theirs")
                          : tr("Why it is left out of passes and packing");
    reason_->setToolTip(toolTipOf(records.excluded.isEmpty() ? help : records.excluded + QLatin1Char('\n') + help));
    exclude_->setText(excluded_ ? tr("Include") : tr("Exclude"));
    exclude_->setToolTip(excluded_
                             ? tr("Include again (X)")
                             : tr("Exclude from passes and packing (X); its arrays are kept, and this can be undone"));
}

void RecordFacts::showArrays(const RecordSummary& records)
{
    shown_ = records.marks;
    for (std::size_t i = 0; i < states_.size(); ++i)
        states_[i]->setText(records.states[i]);
    paintMarks();
}

void RecordFacts::setSplits(const QStringList& splits)
{
    splits_ = splits;
    split_->changeEntries([this] { listSplits(); });
}

void RecordFacts::listSplits()
{
    const QSignalBlocker quiet(split_);
    split_->clear();
    for (const auto& split : splits_)
        split_->addItem(split, split);
    if (!shownSplit_.isEmpty() && !splits_.contains(shownSplit_))
        split_->addItem(shownSplit_, shownSplit_);
    split_->addItem(tr("by the rule"), QString());
    split_->setCurrentIndex(shownSplit_.isEmpty() ? -1 : split_->findData(shownSplit_));
}

void RecordFacts::clear()
{
    caption_->show({}, {});
    setVisible(false);
}

void RecordFacts::finishEditing()
{
    caption_->finish(true);
    commitTags();
    commitReason();
}

void RecordFacts::forget()
{
    caption_->finish(false);
    tags_->setModified(false);
    reason_->setModified(false);
    clear();
}

void RecordFacts::editCaption()
{
    if (isVisible() && caption_->isVisible())
        caption_->edit();
}

void RecordFacts::focusTags()
{
    tags_->setFocus(Qt::ShortcutFocusReason);
    tags_->selectAll();
}

void RecordFacts::commitTags()
{
    if (!tags_->isModified())
        return;
    tags_->setModified(false);
    const auto written = tagsFromText(tags_->text());
    QStringList added, removed;
    std::ranges::copy_if(written, std::back_inserter(added),
                         [&](const auto& tag) { return !commonTags_.contains(tag); });
    std::ranges::copy_if(commonTags_, std::back_inserter(removed),
                         [&](const auto& tag) { return !written.contains(tag); });
    if (!added.isEmpty() || !removed.isEmpty())
        Q_EMIT tagsEdited(added, removed);
}

void RecordFacts::commitReason()
{
    const auto reason = reason_->text().simplified();
    if (!reason_->isModified() || reason.isEmpty())
        return;
    reason_->setModified(false);
    Q_EMIT exclusionEdited(reason);
}

void RecordFacts::paintMarks()
{
    for (std::size_t i = 0; i < marks_.size(); ++i)
        marks_[i]->setPixmap(markPixmap(*this, shown_[i], themeColours()));
}

/// A record changes by what is chosen in the open list, not by a key on its way through the form.
bool RecordFacts::eventFilter(QObject* watched, QEvent* event)
{
    if (watched != split_ || event->type() != QEvent::KeyPress)
        return QWidget::eventFilter(watched, event);
    const auto* const key = static_cast<QKeyEvent*>(event);
    switch (key->key()) {
    case Qt::Key_Up:
    case Qt::Key_Down:
    case Qt::Key_PageUp:
    case Qt::Key_PageDown:
    case Qt::Key_Home:
    case Qt::Key_End:
        split_->showPopup();
        return true;
    case Qt::Key_Space:
    case Qt::Key_Return:
    case Qt::Key_Enter:
        return false;
    default:
        return !key->text().isEmpty() && key->text().front().isPrint(); // it would find an entry by its letter
    }
}

void RecordFacts::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange)
        paintMarks();
}

} // namespace nanodit
