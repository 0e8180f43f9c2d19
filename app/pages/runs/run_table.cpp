#include "app/pages/runs/run_table.h"

#include "app/pages/runs/course_delegate.h"
#include "app/pages/runs/run_model.h"
#include "widgets/header_state.h"
#include "widgets/theme.h"

#include <QHeaderView>

#include <algorithm>

namespace nanodit {

namespace {
constexpr int runRowHeight = 32, headGap = 20, widestNote = 240;
} // namespace

RunTable::RunTable(QWidget* parent)
    : QTableView(parent)
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
    horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    horizontalHeader()->setStretchLastSection(true);
    horizontalHeader()->setSectionsMovable(true);
    setItemDelegateForColumn(RunModel::Course, new CourseDelegate(this));
}

void RunTable::setModel(QAbstractItemModel* model)
{
    QTableView::setModel(model);
    setSortingEnabled(true);
    sortByColumn(RunModel::Name, Qt::AscendingOrder);
    connect(horizontalHeader(), &QHeaderView::sectionResized, this, [this](int column) {
        const bool last = horizontalHeader()->visualIndex(column) == horizontalHeader()->count() - 1;
        arrangedByHand_ = arrangedByHand_ || (!fitting_ && !last); // the last one changes by itself
    });
}

void RunTable::fitColumns()
{
    if (arrangedByHand_)
        return;
    fitting_ = true;
    auto* const header = horizontalHeader();
    header->setStretchLastSection(false); // while it is on, a width given to the last one stays, whatever room there is
    resizeColumnsToContents();
    const int last = header->logicalIndex(header->count() - 1);
    for (int column = 0; column < RunModel::columns; ++column) {
        const int widest = column == RunModel::Note ? widestNote : 4 * widestNote;
        header->resizeSection(column, column == last ? header->minimumSectionSize()
                                                     : std::min(header->sectionSize(column) + headGap, widest));
    }
    header->setStretchLastSection(true);
    fitting_ = false;
}

QByteArray RunTable::arrangement() const
{
    return headerState(*horizontalHeader(), arrangedByHand_);
}

void RunTable::setArrangement(const QByteArray& state)
{
    fitting_ = true; // it tells of every width
    arrangedByHand_ = restoreHeader(*horizontalHeader(), state);
    fitting_ = false;
}

} // namespace nanodit
