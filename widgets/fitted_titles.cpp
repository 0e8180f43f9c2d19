#include "widgets/fitted_titles.h"

#include "widgets/text.h"

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

bool FittedTitles::eventFilter(QObject* watched, QEvent* event)
{
    if (event->type() == QEvent::ToolTip) {
        const auto* const help = static_cast<QHelpEvent*>(event);
        const int column = header_->logicalIndexAt(help->pos());
        if (column >= 0 && header_->sectionSize(column) < header_->sectionSizeHint(column)) {
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
