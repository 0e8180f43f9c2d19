#include "app/pages/runs/run_table.h"

#include "app/pages/runs/course_delegate.h"
#include "app/pages/runs/run_model.h"
#include "widgets/colours.h"
#include "widgets/kept_columns.h"
#include "widgets/text_delegate.h"
#include "widgets/theme.h"

#include <QHeaderView>
#include <QPainter>
#include <QResizeEvent>

#include <algorithm>

namespace nanodit {

namespace {
constexpr int runRowHeight = 32, leastGap = 4, usualGap = 20, widestNote = 240, wantedLast = 280;
} // namespace

RunTable::RunTable(QWidget* parent)
    : EditableTable(parent)
    , columns_(new KeptColumns(horizontalHeader()))
{
    setObjectName(QStringLiteral("runsTable"));
    setAccessibleName(tr("Runs"));
    setProperty("bare", true);
    setFont(tabularFont(font()));
    setShowGrid(false);
    setWordWrap(false);
    setSelectionBehavior(QAbstractItemView::SelectRows);
    setSelectionMode(QAbstractItemView::SingleSelection);
    setEditTriggers(QAbstractItemView::EditKeyPressed);
    setContextMenuPolicy(Qt::CustomContextMenu);
    setTabKeyNavigation(false);
    setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    verticalHeader()->hide();
    verticalHeader()->setDefaultSectionSize(runRowHeight);
    horizontalHeader()->setHighlightSections(false);
    horizontalHeader()->setStretchLastSection(true);
    horizontalHeader()->setSectionsMovable(true);
    setItemDelegate(new TextDelegate(this));
    setItemDelegateForColumn(RunModel::Course, new CourseDelegate(this));
}

void RunTable::setModel(QAbstractItemModel* model)
{
    EditableTable::setModel(model);
    setSortingEnabled(true);
    sortByColumn(RunModel::Name, Qt::AscendingOrder);
    columns_->watch();
}

void RunTable::fitColumns()
{
    fitted_ = true;
    if (columns_->byHand())
        return;
    columns_->change([this] {
        auto* const header = horizontalHeader();
        // While it is on, a width given to the last one stays, whatever room there is.
        header->setStretchLastSection(false);
        resizeColumnsToContents();
        const int last = header->logicalIndex(header->count() - 1);
        header->resizeSection(last, header->minimumSectionSize());
        const int room = viewport()->width() - wantedLast - (header->length() - header->sectionSize(last));
        const int gap = std::clamp(room / (RunModel::columns - 1), leastGap, usualGap);
        for (int column = 0; column < RunModel::columns; ++column) {
            const int widest = column == RunModel::Note ? widestNote : 4 * widestNote;
            if (column != last)
                header->resizeSection(column, std::min(header->sectionSize(column) + gap, widest));
        }
        header->setStretchLastSection(true);
    });
}

void RunTable::resizeEvent(QResizeEvent* event)
{
    EditableTable::resizeEvent(event);
    if (fitted_ && event->size().width() != event->oldSize().width())
        fitColumns();
}

void RunTable::paintEvent(QPaintEvent* event)
{
    EditableTable::paintEvent(event);
    if (model() == nullptr || model()->rowCount() > 0)
        return;
    QPainter painter(viewport());
    painter.setPen(themeColours().secondary);
    painter.drawText(viewport()->rect(), Qt::AlignCenter | Qt::TextWordWrap, tr("No run matches"));
}

QByteArray RunTable::arrangement() const
{
    return columns_->state();
}

void RunTable::setArrangement(const QByteArray& state)
{
    columns_->restore(state);
}

} // namespace nanodit
