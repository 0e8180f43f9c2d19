#include "widgets/word_strip.h"

#include "widgets/colours.h"

#include <QMouseEvent>
#include <QPainter>

#include <algorithm>

namespace nanodit {

namespace {
constexpr double margin = 8, gap = 4, barHeight = 24, smallestPart = 4;
constexpr std::array<Hue, 3> hues = {meaning::text, meaning::cls, meaning::patches};
} // namespace

WordStrip::WordStrip(QWidget* parent)
    : QWidget(parent)
{
    setAccessibleName(tr("Words of the caption"));
}

void WordStrip::setWords(const QStringList& words)
{
    words_ = words;
    shown_ = false;
    chosen_ = -1;
    layOut();
}

void WordStrip::setShares(std::vector<float> words, std::array<float, 3> shares)
{
    weights_ = std::move(words);
    shares_ = shares;
    shown_ = true;
    layOut();
}

void WordStrip::setChosen(int word)
{
    chosen_ = word;
    update();
}

QRectF WordStrip::wordRect(int word) const
{
    return boxes_.at(static_cast<std::size_t>(word));
}

void WordStrip::resizeEvent(QResizeEvent*)
{
    layOut();
}

void WordStrip::layOut()
{
    boxes_.clear();
    const QFontMetricsF metrics(font());
    const double height = metrics.height() + 8;
    const double top = margin + barHeight + 2 * gap + metrics.height() + 12;
    double x = margin, y = top;
    for (const auto& word : words_) {
        const double w = metrics.horizontalAdvance(word) + 12;
        if (x > margin && x + w > width() - margin) {
            x = margin;
            y += height + gap;
        }
        boxes_.emplace_back(x, y, w, height);
        x += w + gap;
    }
    const double room = width() - 2 * margin;
    boxes_.emplace_back(margin + room * shares_[0], margin, std::max(smallestPart, room * shares_[1]), barHeight);
    update();
}

void WordStrip::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const auto& colours = themeColours();
    if (shown_) {
        double x = margin;
        const double room = width() - 2 * margin;
        const QFontMetricsF metrics(font());
        const std::array<QString, 3> names = {tr("text"), tr("CLS"), tr("patches")};
        const auto label = [&](std::size_t i) {
            return QStringLiteral("%1 %2 %").arg(names[i]).arg(100 * shares_[i], 0, 'f', 0);
        };
        for (std::size_t i = 0; i < 3; ++i) {
            const double w = room * static_cast<double>(shares_[i]);
            painter.fillRect(QRectF(x, margin, w, barHeight), colours.hue(hues[i]));
            x += w;
            // Left, in the middle of what the others leave, and right.
            const double left = i == 1 ? metrics.horizontalAdvance(label(0)) : 0;
            const double right = i == 1 ? metrics.horizontalAdvance(label(2)) : 0;
            const QRectF number(margin + left, margin + barHeight + gap, room - left - right, metrics.height());
            painter.setPen(colours.text);
            painter.drawText(number, i == 0 ? Qt::AlignLeft : i == 1 ? Qt::AlignHCenter : Qt::AlignRight, label(i));
        }
    }
    float largest = 1e-12F;
    for (int i = 0; shown_ && i < words_.size(); ++i)
        largest = std::max(largest, weights_[static_cast<std::size_t>(i)]);
    for (int i = 0; i < words_.size(); ++i) {
        const auto& box = boxes_[static_cast<std::size_t>(i)];
        auto tint = colours.hue(meaning::text);
        tint.setAlphaF(shown_ ? 0.85 * weights_[static_cast<std::size_t>(i)] / largest : 0.0);
        painter.setPen(QPen(i == chosen_ ? colours.accent : colours.line, i == chosen_ ? 2 : 1));
        painter.setBrush(tint);
        painter.drawRoundedRect(box, 4, 4);
        painter.setPen(colours.text);
        painter.drawText(box, Qt::AlignCenter, words_[i]);
    }
    if (chosen_ == words_.size() && !boxes_.empty()) {
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(colours.accent, 2));
        painter.drawRect(boxes_.back());
    }
}

void WordStrip::mousePressEvent(QMouseEvent* event)
{
    for (std::size_t i = 0; i < boxes_.size(); ++i) {
        if (!boxes_[i].adjusted(-1, -1, 1, 1).contains(event->position()))
            continue;
        if (static_cast<int>(i) == words_.size())
            Q_EMIT clsChosen();
        else
            Q_EMIT wordChosen(static_cast<int>(i));
        return;
    }
}

} // namespace nanodit
