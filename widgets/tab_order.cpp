#include "widgets/tab_order.h"

#include <QApplication>
#include <QLayout>
#include <QScrollArea>
#include <QSplitter>
#include <QStackedWidget>
#include <QTabBar>
#include <QTabWidget>

#include <algorithm>
#include <utility>

namespace nanodit {

namespace {

void listLayout(const QLayout& layout, std::vector<QWidget*>& children)
{
    for (int i = 0; i < layout.count(); ++i) {
        auto* const item = layout.itemAt(i);
        if (auto* const widget = item->widget())
            children.push_back(widget);
        else if (const auto* const inner = item->layout())
            listLayout(*inner, children);
    }
}

/// Those that the widget arranges in their order, then the others from the top to the bottom.
std::vector<QWidget*> childrenOf(QWidget& parent)
{
    // What these two show lies deeper, in a stack and in a viewport.
    if (const auto* const tabs = qobject_cast<QTabWidget*>(&parent)) {
        if (tabs->currentWidget() == nullptr)
            return {tabs->tabBar()};
        return {tabs->tabBar(), tabs->currentWidget()};
    }
    if (const auto* const area = qobject_cast<QScrollArea*>(&parent); area != nullptr && area->widget())
        return {area->widget()};
    std::vector<QWidget*> children;
    if (const auto* const splitter = qobject_cast<QSplitter*>(&parent)) {
        for (int i = 0; i < splitter->count(); ++i)
            children.push_back(splitter->widget(i));
    } else if (parent.layout() != nullptr) {
        listLayout(*parent.layout(), children);
    }
    const auto arranged = static_cast<std::ptrdiff_t>(children.size());
    for (auto* const child : parent.findChildren<QWidget*>(QString(), Qt::FindDirectChildrenOnly)) {
        if (!child->isWindow() && std::ranges::find(children, child) == children.end())
            children.push_back(child);
    }
    std::stable_sort(children.begin() + arranged, children.end(), [](const QWidget* a, const QWidget* b) {
        return std::pair(a->y(), a->x()) < std::pair(b->y(), b->x());
    });
    if (parent.property("primaryFirst").toBool())
        std::ranges::stable_partition(children,
                                      [](const QWidget* child) { return child->property("primary").toBool(); });
    return children;
}

void visit(QWidget& widget, std::vector<QWidget*>& order)
{
    if (!widget.isVisible() || !widget.isEnabled()) {
        if (&widget == QApplication::focusWidget()) // it is being hidden or disabled: the next one takes over
            order.push_back(&widget);
        return;
    }
    const auto before = order.size();
    const bool stops = (widget.focusPolicy() & Qt::TabFocus) != 0 &&
                       widget.focusProxy() == nullptr;                   // the editor within a field is the field's own
    const bool scrolls = qobject_cast<QScrollArea*>(&widget) != nullptr; // with what it holds; alone by its arrow keys
    if (stops && !scrolls)
        order.push_back(&widget);
    for (auto* const child : childrenOf(widget))
        visit(*child, order);
    if (stops && scrolls && order.size() == before)
        order.push_back(&widget);
}

} // namespace

std::vector<QWidget*> inTabOrder(QWidget& root)
{
    std::vector<QWidget*> order;
    visit(root, order);
    return order;
}

bool moveFocus(const std::vector<QWidget*>& order, bool next)
{
    if (order.empty())
        return false;
    const auto at = std::ranges::find(order, QApplication::focusWidget());
    QWidget* to = next ? order.front() : order.back();
    if (next && at != order.end() && at + 1 != order.end())
        to = *(at + 1);
    else if (!next && at != order.end() && at != order.begin())
        to = *(at - 1);
    if (to == QApplication::focusWidget())
        return false;
    to->setFocus(next ? Qt::TabFocusReason : Qt::BacktabFocusReason);
    return true;
}

} // namespace nanodit
