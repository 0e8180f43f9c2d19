#include "widgets/word_strip.h"

#include "widgets/colours.h"
#include "widgets/text.h"

#include <QHelpEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace nanodit {

namespace {
constexpr double stripMargin = 8, wordGap = 4, shareBarHeight = 24, wordPadding = 6, swatchSide = 8, labelGap = 12,
                 cornerMark = 7;
constexpr double strongest = 0.85; ///< Opacity of the tint of the word with the largest share.
constexpr std::array<Hue, 3> hues = {meaning::text, meaning::cls, meaning::patches};
} // namespace

WordStrip::WordStrip(QWidget* parent)
    : ChoosableCells(parent)
{
    setAccessibleName(tr("Words of the caption"));
    layOut();
}

void WordStrip::setWords(const QStringList& words)
{
    words_ = words;
    marks_.clear();
    known_ = true;
    shown_ = false;
    chosen_ = -1;
    erased_.clear();
    layOut();
    describe();
    setCurrentCell(static_cast<int>(words.size())); // CLS stands first
}

void WordStrip::clear()
{
    setWords({});
    known_ = false;
    describe();
}

void WordStrip::setShares(std::vector<float> words, std::array<float, 3> shares)
{
    weights_ = std::move(words);
    shares_ = shares;
    shown_ = true;
    update();
}

void WordStrip::clearShares()
{
    shown_ = false;
    update();
}

void WordStrip::setChosen(int word)
{
    chosen_ = word;
    setCurrentCell(word);
    update();
}

void WordStrip::setErased(std::set<std::size_t> words)
{
    erased_ = std::move(words);
    describe();
    update();
}

void WordStrip::setMarks(QStringList reasons)
{
    marks_ = std::move(reasons);
    describe();
    update();
}

void WordStrip::describe()
{
    QStringList lines;
    for (int i = 0; known_ && i <= words_.size(); ++i) {
        const auto said = saidOf(i);
        if (!said.isEmpty()) // words can occur twice: their numbers tell them apart
            lines << QStringLiteral("%1: %2").arg(i < words_.size() ? tr("word %1, %2").arg(i + 1).arg(words_[i])
                                                                    : wordText(i),
                                                  said.join(QStringLiteral("; ")));
    }
    const auto text = lines.join(QLatin1Char('\n'));
    if (text != accessibleDescription())
        setAccessibleDescription(text);
}

QStringList WordStrip::saidOf(int word) const
{
    QStringList said;
    if (erased_.contains(static_cast<std::size_t>(word)))
        said << tr("struck out");
    if (word < marks_.size() && !marks_[word].isEmpty())
        said << marks_[word];
    return said;
}

QString WordStrip::cellValue(int cell) const
{
    auto said = saidOf(cell);
    if (shown_)
        said.prepend(tr("%1 %").arg(100 * share(cell), 0, 'f', 2));
    return said.join(QStringLiteral("; "));
}

void WordStrip::chooseCell(int cell)
{
    if (cell == words_.size())
        Q_EMIT clsChosen();
    else
        Q_EMIT wordChosen(cell);
}

int WordStrip::cellBeside(int cell, int key) const
{
    const int words = static_cast<int>(words_.size());
    const int place = cell == words ? 0 : cell + 1; // as they are read: CLS, then the words
    const auto at = [words](int wanted) { return wanted <= 0 ? words : std::min(wanted, words) - 1; };
    switch (key) {
    case Qt::Key_Left:
        return at(place - 1);
    case Qt::Key_Right:
        return words == 0 ? cell : at(place + 1);
    case Qt::Key_Home:
        return words;
    case Qt::Key_End:
        return at(words);
    default:
        break;
    }
    // The nearest one of the line above or below.
    const double down = key == Qt::Key_Down ? 1 : -1;
    const auto from = wordRect(cell).center();
    int nearest = cell;
    double least = std::numeric_limits<double>::max();
    for (int i = 0; i <= words; ++i) {
        const auto way = wordRect(i).center() - from;
        if (way.y() * down < 1)
            continue;
        const double distance = 10 * std::max(1, width()) * std::abs(way.y()) + std::abs(way.x());
        if (distance < least) {
            least = distance;
            nearest = i;
        }
    }
    return nearest;
}

QRectF WordStrip::wordRect(int word) const
{
    return boxes_.at(static_cast<std::size_t>(word));
}

void WordStrip::resizeEvent(QResizeEvent*)
{
    layOut();
}

QString WordStrip::wordText(int word) const
{
    return word < words_.size() ? words_[word] : tr("CLS");
}

double WordStrip::share(int word) const
{
    return word < words_.size() ? weights_[static_cast<std::size_t>(word)] : shares_[1];
}

QString WordStrip::label(std::size_t segment, double share) const
{
    const std::array<QString, 3> names = {tr("text"), tr("CLS"), tr("patches")};
    return QStringLiteral("%1 %2 %").arg(names[segment]).arg(100 * share, 0, 'f', 0);
}

void WordStrip::layOut()
{
    boxes_.clear();
    const QFontMetricsF metrics(font());
    const double height = metrics.height() + 8;
    // The labels have places that fit their largest numbers, so that nothing moves when shares change.
    double labelX = stripMargin, labelY = stripMargin + shareBarHeight + wordGap;
    for (std::size_t i = 0; i < labels_.size(); ++i) {
        const double w = swatchSide + wordGap + metrics.horizontalAdvance(label(i, 1));
        if (labelX > stripMargin && labelX + w > width() - stripMargin) {
            labelX = stripMargin;
            labelY += metrics.height();
        }
        labels_[i] = {labelX, labelY, w, metrics.height()};
        labelX += w + labelGap;
    }
    const auto widthOf = [&](int word) { return metrics.horizontalAdvance(wordText(word)) + 2 * wordPadding; };
    const auto words = static_cast<int>(words_.size());
    const QRectF cls(stripMargin, labels_.back().bottom() + wordGap + 8, widthOf(words), height);
    double x = stripMargin, y = cls.bottom() + wordGap;
    for (int i = 0; i < words; ++i) {
        const double w = widthOf(i);
        if (x > stripMargin && x + w > width() - stripMargin) {
            x = stripMargin;
            y += height + wordGap;
        }
        boxes_.emplace_back(x, y, w, height);
        x += w + wordGap;
    }
    height_ = y + height + stripMargin;
    boxes_.push_back(cls);
    updateGeometry();
    update();
}

void WordStrip::paintBar(QPainter& painter) const
{
    const auto& colours = themeColours();
    const double room = width() - 2 * stripMargin;
    double x = stripMargin;
    for (std::size_t i = 0; i < labels_.size(); ++i) {
        const double w = room * static_cast<double>(shares_[i]);
        const auto hue = colours.hue(hues[i]);
        const auto& place = labels_[i];
        painter.fillRect(QRectF(x, stripMargin, w, shareBarHeight), hue);
        x += w;
        painter.fillRect(QRectF(place.left(), place.center().y() - swatchSide / 2, swatchSide, swatchSide), hue);
        painter.setPen(colours.text);
        painter.drawText(place.adjusted(swatchSide + wordGap, 0, 0, 0), Qt::AlignLeft | Qt::AlignVCenter,
                         label(i, shares_[i]));
    }
}

void WordStrip::paintCells(QPainter& painter)
{
    if (!known_)
        return;
    painter.setRenderHint(QPainter::Antialiasing);
    const auto& colours = themeColours();
    if (shown_) {
        paintBar(painter);
    } else {
        painter.setPen(colours.secondary);
        painter.drawText(QRectF(stripMargin, stripMargin, width() - 2 * stripMargin, shareBarHeight + wordGap + 20),
                         Qt::TextWordWrap,
                         words_.isEmpty() ? QString() : tr("Select a latent token in the picture to see shares."));
    }
    double largest = 1e-12;
    for (int i = 0; shown_ && i < words_.size(); ++i)
        largest = std::max(largest, share(i));
    for (int i = 0; i <= words_.size(); ++i) {
        const auto& box = boxes_[static_cast<std::size_t>(i)];
        auto tint = colours.hue(i < words_.size() ? meaning::text : meaning::cls);
        tint.setAlphaF(shown_ ? std::min(strongest, strongest * share(i) / largest) : 0.0);
        painter.setPen(QPen(i == chosen_ ? colours.accent : colours.line, i == chosen_ ? 2 : 1));
        painter.setBrush(tint);
        painter.drawRoundedRect(box, 4, 4);
        const bool erased = erased_.contains(static_cast<std::size_t>(i));
        auto struck = font();
        struck.setStrikeOut(erased);
        painter.setFont(struck);
        painter.setPen(erased ? colours.secondary : colours.text);
        painter.drawText(box, Qt::AlignCenter, wordText(i));
        if (i < marks_.size() && !marks_[i].isEmpty()) {
            painter.setPen(Qt::NoPen);
            painter.setBrush(colours.text);
            const QPointF corner = box.topRight() + QPointF(-1, 1);
            const std::array<QPointF, 3> triangle = {corner, corner - QPointF(cornerMark, 0),
                                                     corner + QPointF(0, cornerMark)};
            painter.drawPolygon(triangle.data(), static_cast<int>(triangle.size()));
        }
    }
    painter.setFont(font());
    if (!words_.isEmpty() || !shown_)
        return;
    painter.setPen(colours.secondary);
    const double top = boxes_.back().bottom() + 2 * wordGap;
    painter.drawText(QRectF(stripMargin, top, width() - 2 * stripMargin, height() - top), Qt::TextWordWrap,
                     tr("No words: the text is the learned null."));
}

int WordStrip::wordUnder(QPointF point) const
{
    for (std::size_t i = 0; i < boxes_.size(); ++i) {
        if (boxes_[i].adjusted(-1, -1, 1, 1).contains(point))
            return static_cast<int>(i);
    }
    return -1;
}

QString WordStrip::tipOf(int word) const
{
    QStringList lines = {shown_ ? QStringLiteral("%1: %2 %").arg(wordText(word)).arg(100 * share(word), 0, 'f', 2)
                                : wordText(word)};
    if (word < marks_.size() && !marks_[word].isEmpty())
        lines << marks_[word];
    return lines.join(QLatin1Char('\n'));
}

void WordStrip::mousePressEvent(QMouseEvent* event)
{
    const int word = wordUnder(event->position());
    if (word < 0 || event->button() != Qt::LeftButton)
        return;
    setCurrentCell(word);
    chooseCell(word);
}

bool WordStrip::event(QEvent* event)
{
    if (event->type() != QEvent::ToolTip || (!shown_ && marks_.isEmpty()))
        return ChoosableCells::event(event);
    const auto* const help = static_cast<QHelpEvent*>(event);
    if (const int word = wordUnder(help->pos()); word >= 0)
        QToolTip::showText(help->globalPos(), toolTipOf(tipOf(word)));
    else
        QToolTip::hideText();
    return true;
}

} // namespace nanodit
