#include "widgets/value_cards.h"

#include "widgets/theme.h"

#include <QButtonGroup>
#include <QPainter>
#include <QPainterPath>

#include <algorithm>

namespace nanodit {

namespace {

constexpr int narrowest = 168, cardGap = 8, cardPadding = 12;
constexpr double numberShare = 1.6; ///< Of the font's size, as the style sheet's numbers have it.

} // namespace

ValueCard::ValueCard(QWidget* parent)
    : QAbstractButton(parent)
{
    setFocusPolicy(Qt::StrongFocus);
    setAttribute(Qt::WA_Hover);
}

void ValueCard::setLook(const ValueCardLook& look, bool withChange)
{
    look_ = look;
    withChange_ = withChange;
    setText(look.title);
    setToolTip(look.help);
    setCheckable(look.choosable);
    setEnabled(true);
    setFocusPolicy(look.choosable ? Qt::StrongFocus : Qt::NoFocus);
    setAccessibleName(look.title);
    setAccessibleDescription(QStringList{look.value, look.spread, look.count, look.change}.join(QLatin1Char(' ')));
    updateGeometry();
    update();
}

QSize ValueCard::sizeHint() const
{
    const QFontMetrics small(smallFont(font())), large(resizedFont(font(), numberShare));
    return {narrowest, 16 + small.height() + large.height() + (withChange_ ? small.height() + 2 : 0)};
}

void ValueCard::paintEvent(QPaintEvent*)
{
    const auto& colours = themeColours();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const bool marked = isChecked() || hasFocus();
    QPainterPath frame;
    frame.addRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6);
    painter.fillPath(frame, underMouse() && look_.choosable ? colours.raised : colours.panel);
    painter.setPen(QPen(isChecked() ? colours.accent
                        : marked    ? colours.secondary
                                    : colours.line,
                        isChecked() ? 1.5 : 1));
    painter.drawPath(frame);

    const auto wordsFont = tabularFont(smallFont(font()));
    const auto numberFont = tabularFont(resizedFont(font(), numberShare));
    const QFontMetrics small(wordsFont), large(numberFont);
    const int left = cardPadding, room = width() - 2 * cardPadding;
    int y = 8;
    painter.setFont(wordsFont);
    painter.setPen(colours.secondary);
    const int countWidth = small.horizontalAdvance(look_.count);
    painter.drawText(QRect(left, y, room, small.height()), Qt::AlignRight | Qt::AlignVCenter, look_.count);
    painter.drawText(QRect(left, y, room - countWidth - 8, small.height()), Qt::AlignLeft | Qt::AlignVCenter,
                     small.elidedText(look_.title, Qt::ElideRight, room - countWidth - 8));
    y += small.height();
    painter.setFont(numberFont);
    painter.setPen(colours.text);
    painter.drawText(QPoint(left, y + large.ascent()), look_.value);
    painter.setFont(wordsFont);
    painter.setPen(colours.secondary);
    painter.drawText(QPoint(left + large.horizontalAdvance(look_.value) + 6, y + large.ascent()), look_.spread);
    y += large.height() + 2;
    if (look_.change.isEmpty())
        return;
    painter.setPen(look_.hue ? colours.hue(*look_.hue) : colours.secondary);
    painter.drawText(QRect(left, y, room, small.height()), Qt::AlignLeft | Qt::AlignVCenter,
                     small.elidedText(look_.change, Qt::ElideRight, room));
}

ValueCards::ValueCards(QWidget* parent)
    : QWidget(parent)
    , group_(new QButtonGroup(this))
{
    auto policy = QSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    policy.setHeightForWidth(true);
    setSizePolicy(policy);
    connect(group_, &QButtonGroup::buttonToggled, this, [this](QAbstractButton* button, bool on) {
        if (on)
            Q_EMIT cardChosen(static_cast<ValueCard*>(button)->look().key);
    });
}

void ValueCards::setCards(const std::vector<ValueCardLook>& cards)
{
    while (cards_.size() > cards.size()) {
        group_->removeButton(cards_.back());
        delete cards_.back();
        cards_.pop_back();
    }
    while (cards_.size() < cards.size()) {
        cards_.push_back(new ValueCard(this));
        cards_.back()->show();
    }
    const QSignalBlocker quiet(group_);
    group_->setExclusive(false);
    const bool withChange =
        std::any_of(cards.begin(), cards.end(), [](const ValueCardLook& look) { return !look.change.isEmpty(); });
    for (std::size_t i = 0; i < cards.size(); ++i) {
        group_->removeButton(cards_[i]);
        cards_[i]->setChecked(false);
        cards_[i]->setLook(cards[i], withChange);
        if (cards[i].choosable)
            group_->addButton(cards_[i]);
    }
    group_->setExclusive(true);
    updateGeometry();
    arrange();
}

void ValueCards::choose(const QString& key)
{
    const QSignalBlocker quiet(group_);
    for (auto* const card : cards_) {
        if (card->look().key == key && card->look().choosable)
            card->setChecked(true);
    }
}

QString ValueCards::chosen() const
{
    const auto* const card = static_cast<ValueCard*>(group_->checkedButton());
    return card != nullptr ? card->look().key : QString();
}

int ValueCards::columnsFor(int width) const
{
    const int count = static_cast<int>(cards_.size());
    const int most = std::clamp((width + cardGap) / (narrowest + cardGap), 1, std::max(1, count));
    // Rows of like length: nine cards where eight fit are five and four, not eight and one.
    const int rows = (count + most - 1) / most;
    return rows > 0 ? (count + rows - 1) / rows : 1;
}

int ValueCards::heightForWidth(int width) const
{
    if (cards_.empty())
        return 0;
    const int count = static_cast<int>(cards_.size()), columns = columnsFor(width);
    const int rows = (count + columns - 1) / columns;
    return rows * (cards_.front()->sizeHint().height() + cardGap) - cardGap;
}

QSize ValueCards::sizeHint() const
{
    const int room = std::max(width(), 4 * narrowest);
    return {room, heightForWidth(room)};
}

QSize ValueCards::minimumSizeHint() const
{
    return {narrowest, heightForWidth(std::max(width(), narrowest))};
}

void ValueCards::arrange()
{
    if (cards_.empty())
        return;
    const int columns = columnsFor(width());
    const int height = cards_.front()->sizeHint().height();
    const double step = static_cast<double>(width() + cardGap) / columns;
    for (std::size_t i = 0; i < cards_.size(); ++i) {
        const int column = static_cast<int>(i) % columns, row = static_cast<int>(i) / columns;
        const int left = qRound(column * step), right = qRound((column + 1) * step) - cardGap;
        cards_[i]->setGeometry(left, row * (height + cardGap), right - left, height);
    }
}

void ValueCards::resizeEvent(QResizeEvent*)
{
    arrange();
    updateGeometry();
}

} // namespace nanodit
