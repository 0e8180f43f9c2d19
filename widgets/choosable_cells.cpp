#include "widgets/choosable_cells.h"

#include "widgets/colours.h"
#include "widgets/key_guard.h"

#include <QAccessible>
#include <QAccessibleWidget>
#include <QHash>
#include <QKeyEvent>
#include <QPainter>
#include <QPointer>
#include <QScrollArea>

#include <algorithm>
#include <utility>

namespace nanodit {

namespace {

/// What a screen reader is told of one cell.
class CellInterface : public QAccessibleInterface, public QAccessibleActionInterface {
public:
    CellInterface(ChoosableCells* view, int cell)
        : widget_(view)
        , cell_(cell)
    {
    }

    bool isValid() const override { return cells() != nullptr && cell_ < cells()->cellCount(); }
    QObject* object() const override { return nullptr; }
    QAccessibleInterface* childAt(int, int) const override { return nullptr; }
    QAccessibleInterface* parent() const override { return QAccessible::queryAccessibleInterface(widget_.data()); }
    QAccessibleInterface* child(int) const override { return nullptr; }
    int childCount() const override { return 0; }
    int indexOfChild(const QAccessibleInterface*) const override { return -1; }
    QAccessible::Role role() const override { return QAccessible::ListItem; }
    void setText(QAccessible::Text, const QString&) override {}

    QString text(QAccessible::Text kind) const override
    {
        if (!isValid())
            return {};
        if (kind == QAccessible::Name)
            return cells()->cellName(cell_);
        return kind == QAccessible::Value ? cells()->cellValue(cell_) : QString();
    }

    QRect rect() const override
    {
        if (!isValid())
            return {};
        const auto box = cells()->cellBox(cell_).toAlignedRect();
        return {cells()->mapToGlobal(box.topLeft()), box.size()};
    }

    QAccessible::State state() const override
    {
        QAccessible::State state;
        if (!isValid()) {
            state.invalid = true;
            return state;
        }
        state.focusable = true;
        state.focused = cells()->hasFocus() && cells()->currentCell() == cell_;
        state.selectable = cells()->canChoose();
        state.selected = cells()->isCellChosen(cell_);
        state.invisible = !cells()->isVisible() || cells()->cellBox(cell_).isEmpty();
        return state;
    }

    void* interface_cast(QAccessible::InterfaceType type) override
    {
        return type == QAccessible::ActionInterface ? static_cast<QAccessibleActionInterface*>(this) : nullptr;
    }
    QStringList actionNames() const override
    {
        return isValid() && cells()->canChoose() ? QStringList{pressAction()} : QStringList();
    }
    void doAction(const QString& name) override
    {
        if (!actionNames().contains(name))
            return;
        cells()->setCurrentCell(cell_);
        cells()->chooseCell(cell_);
    }
    QStringList keyBindingsForAction(const QString&) const override { return {}; }

private:
    /// None while the view is being destroyed, too.
    ChoosableCells* cells() const { return qobject_cast<ChoosableCells*>(widget_.data()); }

    QPointer<QWidget> widget_;
    int cell_;
};

/// What it is told of the view. Cells are made when they are asked for.
class CellsInterface : public QAccessibleWidget {
public:
    explicit CellsInterface(ChoosableCells* view)
        : QAccessibleWidget(view, QAccessible::List)
    {
    }
    ~CellsInterface() override
    {
        for (const auto id : std::as_const(made_))
            QAccessible::deleteAccessibleInterface(id);
    }

    int childCount() const override { return cells() == nullptr ? 0 : cells()->cellCount(); }
    QAccessibleInterface* child(int index) const override
    {
        if (index < 0 || index >= childCount())
            return nullptr;
        if (const auto known = made_.constFind(index); known != made_.constEnd())
            return QAccessible::accessibleInterface(*known);
        made_.insert(index, QAccessible::registerAccessibleInterface(new CellInterface(cells(), index)));
        return QAccessible::accessibleInterface(made_.value(index));
    }
    int indexOfChild(const QAccessibleInterface* child) const override
    {
        for (auto known = made_.constBegin(); known != made_.constEnd(); ++known) {
            if (QAccessible::accessibleInterface(known.value()) == child)
                return known.key();
        }
        return -1;
    }
    QAccessibleInterface* childAt(int x, int y) const override
    {
        for (int i = 0; i < childCount(); ++i) {
            if (cells()->cellBox(i).contains(cells()->mapFromGlobal(QPoint(x, y))))
                return child(i);
        }
        return nullptr;
    }
    QAccessibleInterface* focusChild() const override
    {
        return childCount() > 0 && cells()->hasFocus() ? child(cells()->currentCell()) : nullptr;
    }

private:
    ChoosableCells* cells() const { return qobject_cast<ChoosableCells*>(object()); }

    mutable QHash<int, QAccessible::Id> made_;
};

QAccessibleInterface* cellsInterface(const QString&, QObject* object)
{
    auto* const cells = qobject_cast<ChoosableCells*>(object);
    return cells == nullptr ? nullptr : new CellsInterface(cells);
}

} // namespace

ChoosableCells::ChoosableCells(QWidget* parent)
    : QWidget(parent)
{
    [[maybe_unused]] static const bool installed = (QAccessible::installFactory(cellsInterface), true);
    setFocusPolicy(Qt::StrongFocus);
}

int ChoosableCells::currentCell() const
{
    return std::min(current_, cellCount() - 1);
}

void ChoosableCells::setCurrentCell(int cell)
{
    if (cell < 0 || cell == current_)
        return;
    current_ = cell;
    update();
    if (hasFocus())
        tellCurrent();
}

void ChoosableCells::tellCurrent()
{
    if (!QAccessible::isActive() || currentCell() < 0)
        return;
    QAccessibleEvent told(this, QAccessible::Focus);
    told.setChild(currentCell());
    QAccessible::updateAccessibility(&told);
}

int ChoosableCells::besideInGrid(int cell, int key, int columns, int count)
{
    const int row = cell / columns, column = cell % columns, rows = count / columns;
    switch (key) {
    case Qt::Key_Left:
        return column > 0 ? cell - 1 : cell;
    case Qt::Key_Right:
        return column + 1 < columns ? cell + 1 : cell;
    case Qt::Key_Up:
        return row > 0 ? cell - columns : cell;
    case Qt::Key_Down:
        return row + 1 < rows ? cell + columns : cell;
    case Qt::Key_Home:
        return row * columns;
    case Qt::Key_End:
        return row * columns + columns - 1;
    default:
        return cell;
    }
}

void ChoosableCells::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.save();
    paintCells(painter);
    painter.restore();
    if (!hasFocus())
        return;
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setBrush(Qt::NoBrush);
    const auto& colours = themeColours();
    const int current = currentCell();
    if (current < 0) {
        painter.setPen(QPen(colours.accent, 1));
        return painter.drawRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5));
    }
    const auto ring = cellBox(current).adjusted(-2, -2, 2, 2);
    painter.setPen(QPen(colours.window, 4)); // apart from any colour below, and from the frame of what is chosen
    painter.drawRoundedRect(ring, 3, 3);
    painter.setPen(QPen(colours.accent, 2));
    painter.drawRoundedRect(ring, 3, 3);
}

void ChoosableCells::keyPressEvent(QKeyEvent* event)
{
    const int current = currentCell();
    if (current < 0)
        return QWidget::keyPressEvent(event);
    if (isPressingKey(*event)) {
        if (!canChoose())
            return QWidget::keyPressEvent(event);
        return chooseCell(current);
    }
    switch (event->key()) {
    case Qt::Key_Left:
    case Qt::Key_Right:
    case Qt::Key_Up:
    case Qt::Key_Down:
    case Qt::Key_Home:
    case Qt::Key_End:
        break;
    default:
        return QWidget::keyPressEvent(event);
    }
    setCurrentCell(std::clamp(cellBeside(current, event->key()), 0, cellCount() - 1));
    for (auto* above = parentWidget(); above != nullptr; above = above->parentWidget()) {
        auto* const area = qobject_cast<QScrollArea*>(above);
        if (area == nullptr || area->widget() == nullptr)
            continue;
        const auto box = cellBox(currentCell());
        const auto middle = mapTo(area->widget(), box.center().toPoint());
        return area->ensureVisible(middle.x(), middle.y(), static_cast<int>(box.width() / 2) + 4,
                                   static_cast<int>(box.height() / 2) + 4);
    }
}

void ChoosableCells::focusInEvent(QFocusEvent* event)
{
    QWidget::focusInEvent(event);
    tellCurrent();
}

bool ChoosableCells::event(QEvent* event)
{
    // Space is a command of some pages: here it comes as a key.
    if (event->type() == QEvent::ShortcutOverride && canChoose() && cellCount() > 0 &&
        isPressingKey(*static_cast<QKeyEvent*>(event))) {
        event->accept();
        return true;
    }
    return QWidget::event(event);
}

} // namespace nanodit
