#include "widgets/fitted_header.h"

#include "widgets/text.h"
#include "widgets/theme.h"

#include <QHelpEvent>
#include <QStyleOptionHeader>
#include <QToolTip>

namespace nanodit {

FittedHeader::FittedHeader(QWidget* parent)
    : QHeaderView(Qt::Horizontal, parent)
{
    setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
}

/// The header's own hint is no measure: it is of bold text, and of a sorted column.
QString FittedHeader::fitted(const QString& title, int column) const
{
    constexpr int aroundTitle = 12, arrow = 14; // as the style sheet has it
    const bool sorted = isSortIndicatorShown() && sortIndicatorSection() == column;
    const int room = sectionSize(column) - aroundTitle - (sorted ? arrow : 0);
    const QFontMetrics metrics(smallFont(font()));
    return metrics.horizontalAdvance(title) > room ? metrics.elidedText(title, Qt::ElideRight, room) : title;
}

void FittedHeader::initStyleOptionForIndex(QStyleOptionHeader* option, int column) const
{
    QHeaderView::initStyleOptionForIndex(option, column);
    option->text = fitted(option->text, column);
}

bool FittedHeader::viewportEvent(QEvent* event)
{
    if (event->type() == QEvent::ToolTip) {
        const auto* const help = static_cast<QHelpEvent*>(event);
        const int column = logicalIndexAt(help->pos());
        const auto text = [this, column](int role) {
            return model()->headerData(column, orientation(), role).toString();
        };
        if (column >= 0 && fitted(text(Qt::DisplayRole), column) != text(Qt::DisplayRole)) {
            QStringList lines = {text(Qt::DisplayRole), text(Qt::ToolTipRole)};
            lines.removeAll(QString());
            QToolTip::showText(help->globalPos(), toolTipOf(lines.join(QLatin1Char('\n'))), this);
            return true;
        }
    }
    return QHeaderView::viewportEvent(event);
}

} // namespace nanodit
