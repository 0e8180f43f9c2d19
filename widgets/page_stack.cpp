#include "widgets/page_stack.h"

#include "widgets/page_frame.h"

#include <QEvent>

namespace nanodit {

PageStack::PageStack(QWidget* parent)
    : QStackedWidget(parent)
{
    connect(this, &QStackedWidget::currentChanged, this, &PageStack::fit);
}

bool PageStack::eventFilter(QObject* watched, QEvent* event)
{
    if (const auto* const viewport = qobject_cast<QWidget*>(watched);
        viewport != nullptr && event->type() == QEvent::Resize) {
        room_ = viewport->width();
        fit();
    }
    return QStackedWidget::eventFilter(watched, event);
}

void PageStack::fit()
{
    for (int i = 0; i < count(); ++i) {
        const auto policy = i == currentIndex() ? QSizePolicy::Preferred : QSizePolicy::Ignored;
        widget(i)->setSizePolicy(policy, policy);
    }
    if (currentWidget() == nullptr || room_ == 0)
        return;
    if (auto* const frame = currentWidget()->findChild<PageFrame*>(QString(), Qt::FindDirectChildrenOnly))
        frame->setRoom(room_);
}

} // namespace nanodit
