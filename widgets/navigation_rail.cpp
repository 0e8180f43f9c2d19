#include "widgets/navigation_rail.h"

#include "widgets/icons.h"

#include <QButtonGroup>
#include <QKeySequence>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>

namespace nanodit {

namespace {
constexpr int leastWidth = 76, besideWord = 12;
}

NavigationRail::NavigationRail(QWidget* parent)
    : QFrame(parent)
    , column_(new QVBoxLayout(this))
    , pages_(new QButtonGroup(this))
{
    setObjectName(QStringLiteral("navigationRail"));
    setFixedWidth(leastWidth);
    column_->setContentsMargins(0, 8, 0, 8);
    column_->setSpacing(4);
    column_->addStretch(1);
    connect(pages_, &QButtonGroup::idClicked, this, &NavigationRail::pageChosen);
}

QToolButton* NavigationRail::makeButton(const QString& word, const QString& drawing)
{
    auto* const button = new QToolButton(this);
    button->setText(word);
    button->setIcon(icon(drawing));
    button->setIconSize({20, 20});
    button->setToolButtonStyle(Qt::ToolButtonTextUnderIcon);
    const auto wanted = button->fontMetrics().horizontalAdvance(word) + besideWord;
    setFixedWidth(std::max(width(), wanted)); // words stay whole in large fonts
    button->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    button->setAccessibleName(word);
    button->setFocusPolicy(Qt::TabFocus);
    return button;
}

void NavigationRail::addPage(const QString& word, const QString& drawing, const QKeySequence& keys)
{
    auto* const button = makeButton(word, drawing);
    button->setCheckable(true);
    const int page = static_cast<int>(pages_->buttons().size());
    button->setToolTip(tr("%1 (%2)").arg(word, keys.toString(QKeySequence::NativeText)));
    pages_->addButton(button, page);
    column_->insertWidget(page, button);
}

QToolButton* NavigationRail::addTool(const QString& word, const QString& drawing)
{
    auto* const button = makeButton(word, drawing);
    column_->addWidget(button);
    return button;
}

void NavigationRail::setCurrent(int page)
{
    if (auto* const button = pages_->button(page))
        button->setChecked(true);
}

void NavigationRail::setPagesEnabled(bool enabled)
{
    for (auto* const button : pages_->buttons())
        button->setEnabled(enabled);
}

} // namespace nanodit
