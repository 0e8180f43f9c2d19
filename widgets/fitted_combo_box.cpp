#include "widgets/fitted_combo_box.h"

#include "widgets/text.h"

#include <QAbstractItemView>
#include <QHelpEvent>
#include <QStyleOptionComboBox>
#include <QStylePainter>
#include <QToolTip>

#include <utility>

namespace nanodit {

void FittedComboBox::setFollowsChoice(bool follows)
{
    followsChoice_ = follows;
    connect(this, &QComboBox::currentTextChanged, this, &QWidget::updateGeometry, Qt::UniqueConnection);
    updateGeometry();
}

void FittedComboBox::changeEntries(std::function<void()> change)
{
    change_ = std::move(change);
    changeIfClosed();
}

void FittedComboBox::changeIfClosed()
{
    if (!open_ && change_)
        std::exchange(change_, {})();
}

void FittedComboBox::showPopup()
{
    QComboBox::showPopup();
    open_ = view()->isVisible();
    view()->installEventFilter(this);
}

bool FittedComboBox::eventFilter(QObject* watched, QEvent* event)
{
    if (event->type() == QEvent::Hide && watched == view()) {
        open_ = false; // what was chosen in it is taken before the entries change
        QMetaObject::invokeMethod(this, &FittedComboBox::changeIfClosed, Qt::QueuedConnection);
    }
    return QComboBox::eventFilter(watched, event);
}

QString FittedComboBox::shownText() const
{
    constexpr int besideText = 4; // the style leaves some pixels free
    QStyleOptionComboBox option;
    initStyleOption(&option);
    const auto field = style()->subControlRect(QStyle::CC_ComboBox, &option, QStyle::SC_ComboBoxEditField, this);
    const int picture = option.currentIcon.isNull() ? 0 : option.iconSize.width() + besideText;
    return fontMetrics().elidedText(option.currentText, Qt::ElideRight, field.width() - besideText - picture);
}

QSize FittedComboBox::sizeHint() const
{
    const auto usual = QComboBox::sizeHint();
    if (!followsChoice_)
        return usual;
    constexpr int besideText = 8;
    QStyleOptionComboBox option;
    initStyleOption(&option);
    const QSize text(fontMetrics().horizontalAdvance(currentText()) + besideText, fontMetrics().height());
    return {style()->sizeFromContents(QStyle::CT_ComboBox, &option, text, this).width(), usual.height()};
}

bool FittedComboBox::event(QEvent* event)
{
    if (event->type() != QEvent::ToolTip || !toolTip().isEmpty() || isEditable() || shownText() == currentText())
        return QComboBox::event(event);
    QToolTip::showText(static_cast<QHelpEvent*>(event)->globalPos(), toolTipOf(currentText()), this);
    return true;
}

void FittedComboBox::paintEvent(QPaintEvent* event)
{
    if (isEditable() || currentIndex() < 0)
        return QComboBox::paintEvent(event);
    QStylePainter painter(this);
    painter.setPen(palette().color(QPalette::Text));
    QStyleOptionComboBox option;
    initStyleOption(&option);
    painter.drawComplexControl(QStyle::CC_ComboBox, option);
    option.currentText = shownText();
    painter.drawControl(QStyle::CE_ComboBoxLabel, option);
}

} // namespace nanodit
