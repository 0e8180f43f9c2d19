#include "widgets/fitted_titles.h"

#include "widgets/text.h"
#include "widgets/theme.h"

#include <QHeaderView>
#include <QHelpEvent>
#include <QToolTip>

namespace nanodit {

FittedTitles::FittedTitles(QHeaderView* header)
    : QObject(header)
    , header_(header)
{
    header_->viewport()->installEventFilter(this);
}

/// The header's own hint is no measure: it is of bold text, and of a sorted column.
bool FittedTitles::isCutOff(int column) const
{
    constexpr int aroundTitle = 12, arrow = 14; // as the style sheet has it
    const auto title = header_->model()->headerData(column, header_->orientation()).toString();
    const bool sorted = header_->isSortIndicatorShown() && header_->sortIndicatorSection() == column;
    return QFontMetrics(smallFont(header_->font())).horizontalAdvance(title) + aroundTitle + (sorted ? arrow : 0) >
           header_->sectionSize(column);
}

bool FittedTitles::eventFilter(QObject* watched, QEvent* event)
{
    if (event->type() == QEvent::ToolTip) {
        const auto* const help = static_cast<QHelpEvent*>(event);
        const int column = header_->logicalIndexAt(help->pos());
        if (column >= 0 && isCutOff(column)) {
            const auto text = [this, column](int role) {
                return header_->model()->headerData(column, header_->orientation(), role).toString();
            };
            QStringList lines = {text(Qt::DisplayRole), text(Qt::ToolTipRole)};
            lines.removeAll(QString());
            QToolTip::showText(help->globalPos(), toolTipOf(lines.join(QLatin1Char('\n'))), header_);
            return true;
        }
    }
    return QObject::eventFilter(watched, event);
}

} // namespace nanodit
