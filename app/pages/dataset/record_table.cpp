#include "app/pages/dataset/record_table.h"

#include "app/pages/dataset/record_model.h"
#include "widgets/kept_columns.h"
#include "widgets/text_delegate.h"
#include "widgets/thumbnail_grid.h"

#include <QComboBox>
#include <QHeaderView>
#include <QKeyEvent>
#include <QLineEdit>
#include <QPainter>
#include <QTimer>

#include <algorithm>

namespace nanodit {

namespace {

constexpr int lineHeight = 36;
constexpr QSize pictureSize(44, 30);
constexpr int tableMarkSide = 8;

/// What one looks for first, in the order in which it is seen.
struct ColumnWidth {
    RecordModel::Column column;
    int least, wanted;
    bool first = false; ///< Gets what it wants before the others get more than their least: cut off it says nothing.
};
constexpr ColumnWidth columnWidths[] = {{RecordModel::IdColumn, 156, 156, true},
                                        {RecordModel::CaptionColumn, 88, 184},
                                        {RecordModel::ArraysColumn, 60, 64},
                                        {RecordModel::BucketColumn, 68, 76},
                                        {RecordModel::SplitColumn, 44, 56},
                                        {RecordModel::TagsColumn, 48, 96},
                                        {RecordModel::OriginalColumn, 104, 112, true},
                                        {RecordModel::LossColumn, 56, 64},
                                        {RecordModel::CaptionGainColumn, 92, 104},
                                        {RecordModel::PatchGainColumn, 80, 96},
                                        {RecordModel::RemarkColumn, 64, 240}};

/// Cells of text; excluded records faintly, an editor that fills its cell.
class CellDelegate : public TextDelegate {
public:
    using TextDelegate::TextDelegate;

    void initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const override
    {
        TextDelegate::initStyleOption(option, index);
        option->state &= ~QStyle::State_HasFocus; // the whole row is marked
        if (isExcluded(index))
            option->palette.setColor(QPalette::Text, themeColours().secondary);
    }

    QWidget* createEditor(QWidget* parent, const QStyleOptionViewItem& option, const QModelIndex& index) const override
    {
        auto* const editor = TextDelegate::createEditor(parent, option, index);
        editor->setStyleSheet(QStringLiteral("border-radius: 0; padding: 0 3px; min-height: 0;"));
        return editor;
    }

protected:
    static bool isExcluded(const QModelIndex& index)
    {
        return index.siblingAtColumn(RecordModel::IdColumn)
            .data(ThumbnailGrid::ItemRole)
            .value<ThumbnailItem>()
            .excluded;
    }
};

/// A small picture before the id.
class IdDelegate : public CellDelegate {
public:
    using CellDelegate::CellDelegate;

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override
    {
        auto shifted = option;
        initStyleOption(&shifted, index);
        const auto* const style = option.widget->style();
        shifted.text.clear();
        style->drawControl(QStyle::CE_ItemViewItem, &shifted, painter, option.widget);
        painter->save();
        painter->setRenderHints(QPainter::Antialiasing | QPainter::SmoothPixmapTransform);
        const QRectF room(option.rect.left() + 4, option.rect.center().y() - pictureSize.height() / 2.0 + 0.5,
                          pictureSize.width(), pictureSize.height());
        paintThumbnail(*painter, room, index.data(ThumbnailGrid::PictureRole).value<QImage>(),
                       isExcluded(index) ? 0.35 : 1);
        const auto text = option.rect.adjusted(pictureSize.width() + 12, 0, -4, 0);
        const bool selected = option.state.testFlag(QStyle::State_Selected);
        painter->setPen(shifted.palette.color(selected ? QPalette::HighlightedText : QPalette::Text));
        painter->drawText(text, Qt::AlignVCenter | Qt::AlignLeft,
                          option.fontMetrics.elidedText(index.data().toString(), Qt::ElideMiddle, text.width()));
        painter->restore();
    }
};

/// The marks of the four arrays.
class MarksDelegate : public CellDelegate {
public:
    using CellDelegate::CellDelegate;

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override
    {
        auto bare = option;
        initStyleOption(&bare, index);
        bare.text.clear();
        option.widget->style()->drawControl(QStyle::CE_ItemViewItem, &bare, painter, option.widget);
        const auto item =
            index.siblingAtColumn(RecordModel::IdColumn).data(ThumbnailGrid::ItemRole).value<ThumbnailItem>();
        const QRectF box(option.rect.left() + 6, option.rect.top(), stateMarksWidth(tableMarkSide),
                         option.rect.height());
        paintStateMarks(*painter, box, item.marks, tableMarkSide, themeColours());
    }
};

} // namespace

/// A choice of the splits there are; another one can be typed.
class SplitDelegate : public CellDelegate {
public:
    using CellDelegate::CellDelegate;
    QStringList splits;

    QWidget* createEditor(QWidget* parent, const QStyleOptionViewItem&, const QModelIndex&) const override
    {
        auto* const choice = new QComboBox(parent);
        choice->setEditable(true);
        choice->addItems(splits);
        choice->setStyleSheet(QStringLiteral("border-radius: 0; padding: 0 3px; min-height: 0;"));
        connect(
            choice, &QComboBox::activated, choice,
            [self = const_cast<SplitDelegate*>(this), choice] {
                // When the key that chose it has been dealt with: it must not open the next editor.
                QTimer::singleShot(0, choice, [self, choice] {
                    Q_EMIT self->commitData(choice);
                    Q_EMIT self->closeEditor(choice);
                });
            },
            Qt::SingleShotConnection);
        return choice;
    }

    bool eventFilter(QObject* editor, QEvent* event) override
    {
        const auto key = event->type() == QEvent::KeyPress ? static_cast<QKeyEvent*>(event)->key() : 0;
        if (key == Qt::Key_Return || key == Qt::Key_Enter)
            return false; // the choice tells by itself that it was made
        return CellDelegate::eventFilter(editor, event);
    }

    void setEditorData(QWidget* editor, const QModelIndex& index) const override
    {
        auto* const choice = static_cast<QComboBox*>(editor);
        if (!choice->lineEdit()->isModified()) // as in other cells
            choice->setCurrentText(index.data(Qt::EditRole).toString());
    }

    void setModelData(QWidget* editor, QAbstractItemModel* model, const QModelIndex& index) const override
    {
        model->setData(index, static_cast<QComboBox*>(editor)->currentText().trimmed());
    }
};

RecordTable::RecordTable(QWidget* parent)
    : EditableTable(parent)
    , columns_(new KeptColumns(horizontalHeader()))
    , splits_(new SplitDelegate(this))
{
    setObjectName(QStringLiteral("recordTable"));
    setAccessibleName(tr("Table of records"));
    setSelectionBehavior(QAbstractItemView::SelectRows);
    setSelectionMode(QAbstractItemView::ExtendedSelection);
    setEditTriggers(QAbstractItemView::DoubleClicked | QAbstractItemView::EditKeyPressed);
    setShowGrid(false);
    setWordWrap(false);
    setTabKeyNavigation(false);
    setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    setProperty("bare", true);
    setCornerButtonEnabled(false);
    verticalHeader()->hide();
    verticalHeader()->setSectionResizeMode(QHeaderView::Fixed); // no row is ever asked how high it would be
    verticalHeader()->setDefaultSectionSize(lineHeight);
    verticalHeader()->setMinimumSectionSize(lineHeight);
    horizontalHeader()->setHighlightSections(false);
    horizontalHeader()->setSectionsMovable(true);
    horizontalHeader()->setStretchLastSection(true);
    setItemDelegate(new CellDelegate(this));
    setItemDelegateForColumn(RecordModel::IdColumn, new IdDelegate(this));
    setItemDelegateForColumn(RecordModel::ArraysColumn, new MarksDelegate(this));
    setItemDelegateForColumn(RecordModel::SplitColumn, splits_);
}

void RecordTable::setModel(QAbstractItemModel* model)
{
    EditableTable::setModel(model);
    auto* const header = horizontalHeader();
    int place = 0;
    for (const auto& width : columnWidths) {
        setColumnWidth(width.column, width.wanted);
        header->moveSection(header->visualIndex(width.column), place++);
    }
    columns_->watch();
    if (const auto* const records = qobject_cast<const RecordModel*>(model))
        showFilled(*records);
}

QByteArray RecordTable::arrangement() const
{
    return columns_->state();
}

void RecordTable::setArrangement(const QByteArray& state)
{
    columns_->restore(state);
    if (const auto* const records = qobject_cast<const RecordModel*>(model()))
        showFilled(*records);
}

void RecordTable::showFilled(const RecordModel& model)
{
    columns_->change([this, &model] { // a column that is hidden or shown tells of another width
        for (const auto column :
             {RecordModel::LossColumn, RecordModel::CaptionGainColumn, RecordModel::PatchGainColumn})
            setColumnHidden(column, !model.hasWorth());
        setColumnHidden(RecordModel::TagsColumn, !model.hasTags());
        setColumnHidden(RecordModel::RemarkColumn, !model.hasRemarks());
    });
    if (currentIndex().isValid() && isColumnHidden(currentIndex().column())) // Enter must not edit what nobody sees
        selectionModel()->setCurrentIndex(currentIndex().siblingAtColumn(RecordModel::IdColumn),
                                          QItemSelectionModel::NoUpdate);
    fitColumns();
}

void RecordTable::resizeEvent(QResizeEvent* event)
{
    EditableTable::resizeEvent(event);
    fitColumns();
}

/// Where there is less room than the columns want, ids and originals come first, and then all give way by the same
/// share, but none below its least, with which ids, sizes and titles can still be read: the table then scrolls. What is
/// left over goes to the captions.
void RecordTable::fitColumns()
{
    if (columns_->byHand() || model() == nullptr)
        return;
    int left = viewport()->width(), moreOfFirst = 0, moreOfOthers = 0;
    for (const auto& width : columnWidths) {
        if (isColumnHidden(width.column))
            continue;
        left -= width.least;
        (width.first ? moreOfFirst : moreOfOthers) += width.wanted - width.least;
    }
    const auto share = [](int room, int more) { return std::clamp(room / static_cast<double>(more), 0.0, 1.0); };
    const double ofFirst = share(left, moreOfFirst), ofOthers = share(left - moreOfFirst, moreOfOthers);
    const int over = std::max(0, left - moreOfFirst - moreOfOthers);
    columns_->change([&] {
        for (const auto& width : columnWidths) {
            if (isColumnHidden(width.column))
                continue;
            const double more = (width.first ? ofFirst : ofOthers) * (width.wanted - width.least);
            const int rest = width.column == RecordModel::CaptionColumn ? over : 0;
            setColumnWidth(width.column, width.least + static_cast<int>(more) + rest);
        }
    });
}

void RecordTable::setSplits(const QStringList& splits)
{
    splits_->splits = splits;
}

void RecordTable::keyPressEvent(QKeyEvent* event)
{
    // The arrows at the sides move between cells, so that the caption can be reached and edited without a mouse.
    if ((event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) && !isEditing() && currentIndex().isValid()) {
        const auto editable = currentIndex().flags().testFlag(Qt::ItemIsEditable);
        edit(editable ? currentIndex() : currentIndex().siblingAtColumn(RecordModel::CaptionColumn));
        return;
    }
    EditableTable::keyPressEvent(event);
}

} // namespace nanodit
