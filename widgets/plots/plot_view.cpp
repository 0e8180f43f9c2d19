#include "widgets/plots/plot_view.h"

#include "widgets/accessible_role.h"
#include "widgets/curve_legend.h"
#include "widgets/plots/plot_marks.h"
#include "widgets/plots/qcp.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QDateTime>
#include <QLabel>
#include <QLocale>
#include <QPainter>
#include <QVBoxLayout>

#include <algorithm>
#include <chrono>
#include <cmath>

namespace nanodit {

using namespace std::chrono_literals;

namespace {

constexpr auto shortestRedrawInterval = 100ms;
constexpr double markReachPixels = 6, zoomStep = 1.5, moveShare = 0.2;

/// There is nothing between two steps; their numbers are written as at the cursor.
class WholeTicker : public QCPAxisTicker {
protected:
    double getTickStep(const QCPRange& range) override
    {
        const double step = QCPAxisTicker::getTickStep(range);
        return step <= 1 ? 1 : step == std::floor(step) ? step : 5; // 2.5 is no number of steps
    }
    QString getTickLabel(double tick, const QLocale&, QChar, int) override
    {
        return QLocale().toString(qRound64(tick));
    }
};

/// The time of the day with its date below, or dates alone where days lie apart.
class DateTicker : public QCPAxisTickerDateTime {
protected:
    double getTickStep(const QCPRange& range) override
    {
        constexpr double minute = 60, day = 24 * 60 * minute;
        const double step = QCPAxisTickerDateTime::getTickStep(range);
        setDateTimeFormat(step < minute ? QStringLiteral("HH:mm:ss\nd MMM")
                          : step < day  ? QStringLiteral("HH:mm\nd MMM")
                                        : QStringLiteral("d MMM\nyyyy"));
        return step;
    }
};

QSharedPointer<QCPAxisTicker> tickerFor(AxisUnit unit, bool logarithmic)
{
    if (logarithmic)
        return QSharedPointer<QCPAxisTickerLog>::create();
    if (unit == AxisUnit::Seconds) {
        auto ticker = QSharedPointer<QCPAxisTickerTime>::create();
        ticker->setTimeFormat(QStringLiteral("%h:%m:%s"));
        ticker->setFieldWidth(QCPAxisTickerTime::tuHours, 1);
        return ticker;
    }
    if (unit == AxisUnit::DateTime)
        return QSharedPointer<DateTicker>::create();
    return QSharedPointer<WholeTicker>::create();
}

/// Draws itself into a picture as it does on the screen. QCustomPlot::toPixmap() strokes each curve as one polygon
/// instead, which takes seconds for a noisy one in a dense picture.
class DrawablePlot : public QCustomPlot {
public:
    using QCustomPlot::QCustomPlot;

    /// `size` in the picture's logical pixels, from `corner` on.
    void drawInto(QImage& picture, QPoint corner, QSize size)
    {
        const auto shown = viewport();
        setViewport(QRect(QPoint(0, 0), size));
        setPlottingHint(QCP::phCacheLabels, false); // those that are kept have the screen's density
        QCPPainter painter(&picture);
        painter.translate(corner);
        draw(&painter);
        painter.end();
        setPlottingHint(QCP::phCacheLabels, true);
        setViewport(shown);
    }
};

} // namespace

PlotView::PlotView(QWidget* parent)
    : QWidget(parent)
    , plot_(new DrawablePlot(this))
    , legend_(new CurveLegend(this))
    , readings_(new QLabel(plot_))
    , cursor_(new QCPItemStraightLine(plot_))
    , emptyText_(new QCPItemText(plot_))
    , marks_(new PlotMarks(plot_))
{
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(plot_);
    legend_->hide(); // whoever frames the plot puts it into the frame's header
    setAccessibleRole(this, QAccessible::Chart);
    setFocusPolicy(Qt::StrongFocus);
    setUpAxes();
    readings_->setTextFormat(Qt::RichText);
    readings_->setAttribute(Qt::WA_TransparentForMouseEvents);
    readings_->setMargin(6);
    readings_->setAutoFillBackground(true);
    readings_->setObjectName(QStringLiteral("plotReadings"));
    readings_->hide();
    cursor_->setVisible(false);
    cursor_->point1->setTypeX(QCPItemPosition::ptPlotCoords);
    emptyText_->position->setType(QCPItemPosition::ptAxisRectRatio);
    emptyText_->position->setCoords(0.5, 0.5);

    redrawTimer_.setSingleShot(true);
    connect(&redrawTimer_, &QTimer::timeout, this, &PlotView::redraw);
    connect(plot_, &QCustomPlot::mouseDoubleClick, this, [this] { showRange(std::nullopt); });
    connect(plot_, &QCustomPlot::mouseMove, this, [this](QMouseEvent* event) {
        const auto inside = plot_->axisRect()->rect().contains(event->pos());
        showCursorAt(inside ? std::optional(plot_->xAxis->pixelToCoord(event->pos().x())) : std::nullopt);
    });
    connect(plot_->xAxis, qOverload<const QCPRange&>(&QCPAxis::rangeChanged), this, [this] {
        if (placing_)
            return;
        follows_ = false; // the wheel or a drag
        redraw();
        Q_EMIT rangeChosen();
    });
    plot_->installEventFilter(this);
}

PlotView::~PlotView() = default;

void PlotView::setUpAxes()
{
    plot_->setMinimumSize(48, 32); // QCustomPlot cannot draw into nothing, which hidden pages give it
    plot_->setInteractions(QCP::iRangeDrag | QCP::iRangeZoom);
    plot_->axisRect()->setRangeDrag(Qt::Horizontal);
    plot_->axisRect()->setRangeZoom(Qt::Horizontal);
    plot_->setNoAntialiasingOnDrag(true);
    // Segment by segment: stroking a noisy curve as one outline takes seconds.
    plot_->setPlottingHint(QCP::phFastPolylines, true);
    plot_->xAxis->setNumberFormat(QStringLiteral("g"));
    plot_->xAxis->setNumberPrecision(7);
    plot_->xAxis->setRange(0, 1);
    plot_->xAxis->setTicker(tickerFor(unit_, logarithmic_));
    plot_->xAxis->ticker()->setTickCount(4);
    plot_->yAxis->setNumberFormat(QStringLiteral("gb"));
    plot_->yAxis->setNumberPrecision(4);
    plot_->yAxis->ticker()->setTickCount(4);
    plot_->axisRect()->setMinimumMargins(QMargins(44, 8, 8, 8));
}

void PlotView::setEmptyText(const QString& text)
{
    emptyWords_ = text;
    emptyText_->setText(text);
    redrawSoon();
}

void PlotView::setHorizontal(AxisUnit unit, bool logarithmic)
{
    logarithmic = logarithmic && unit != AxisUnit::DateTime;
    if (unit == unit_ && logarithmic == logarithmic_)
        return;
    unit_ = unit;
    logarithmic_ = logarithmic;
    follows_ = true; // a range of steps says nothing on an axis of time
    placing_ = true;
    plot_->xAxis->setScaleType(logarithmic ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
    plot_->xAxis->setTicker(tickerFor(unit, logarithmic));
    plot_->xAxis->ticker()->setTickCount(4);
    placing_ = false;
    applyColours();
    redrawSoon();
}

void PlotView::setMarks(std::vector<PlotMark> marks)
{
    marks_->set(std::move(marks));
    redrawSoon();
}

void PlotView::showRange(std::optional<std::pair<double, double>> range)
{
    follows_ = !range;
    if (range) {
        placing_ = true;
        plot_->xAxis->setRange(range->first, range->second);
        placing_ = false;
    }
    redraw();
    Q_EMIT rangeChosen();
}

std::optional<std::pair<double, double>> PlotView::chosenRange() const
{
    return follows_ ? std::nullopt : std::optional(shownRange());
}

std::pair<double, double> PlotView::shownRange() const
{
    return {plot_->xAxis->range().lower, plot_->xAxis->range().upper};
}

std::pair<double, double> PlotView::shownValues() const
{
    return {plot_->yAxis->range().lower, plot_->yAxis->range().upper};
}

void PlotView::redrawSoon()
{
    if (!redrawTimer_.isActive() && isVisible())
        redrawTimer_.start(shortestRedrawInterval);
}

void PlotView::placeRange()
{
    auto all = extent(unit_);
    if (!all)
        return;
    auto& [from, to] = *all;
    const double room = logarithmic_ ? 0 : endRoom() * (to - from);
    from -= room;
    to += room;
    if (to <= from) {
        from -= 1;
        to += 1;
    }
    if (logarithmic_) {
        from = std::max(from, 1.0);
        to = std::max(to, 2 * from);
    }
    placing_ = true;
    plot_->xAxis->setRange(from, to);
    placing_ = false;
}

void PlotView::redraw()
{
    redrawTimer_.stop();
    const bool empty = isEmpty();
    const bool withoutPlace = empty && unit_ == AxisUnit::DateTime && !isEmptyOver(AxisUnit::Steps);
    emptyText_->setText(withoutPlace ? tr("Recorded without dates, by an earlier version") : emptyWords_);
    emptyText_->setVisible(empty);
    for (auto* const axis : {plot_->xAxis, plot_->yAxis})
        axis->setTickLabels(!empty);
    plot_->yAxis->grid()->setVisible(!empty); // no line through the text
    if (empty)
        showCursorAt(std::nullopt);
    if (follows_)
        placeRange();
    auto [from, to] = shownRange();
    if (logarithmic_)
        from = std::max(from, 1e-3);
    const ShownRange shown{.from = from,
                           .to = to,
                           .columns = std::max(64, plot_->axisRect()->width()),
                           .logarithmic = logarithmic_,
                           .unit = unit_};
    draw(shown);
    marks_->draw(shown);
    ++redraws_;
    plot_->replot(QCustomPlot::rpQueuedReplot);
}

QString PlotView::positionText(double position) const
{
    switch (unit_) {
    case AxisUnit::Seconds:
        return durationText(position);
    case AxisUnit::Samples:
        return tr("%1 samples").arg(QLocale().toString(qRound64(position)));
    case AxisUnit::DateTime:
        return QLocale().toString(QDateTime::fromMSecsSinceEpoch(qRound64(1000 * position)),
                                  QStringLiteral("d MMM yyyy, HH:mm:ss"));
    case AxisUnit::Steps:
        break;
    }
    return tr("step %1").arg(QLocale().toString(qRound64(position)));
}

QString PlotView::cursorText(double position) const
{
    QStringList lines = {QStringLiteral("<b>%1</b>").arg(positionText(position))};
    for (const auto& reading : readingsAt(position))
        lines << QStringLiteral("<span style=\"color:%1\">■</span> %2 <b>%3</b>")
                     .arg(themeColours().hue(reading.hue).name(), reading.name.toHtmlEscaped(),
                          reading.value.toHtmlEscaped());
    const double reach = markReachPixels / std::max(1, plot_->axisRect()->width()) * plot_->xAxis->range().size();
    for (const auto& mark : marks_->near(position, reach, unit_))
        lines << mark.toHtmlEscaped();
    return lines.join(QStringLiteral("<br>"));
}

void PlotView::showCursorAt(std::optional<double> position)
{
    const bool shown = position && !isEmpty();
    if (shown == false && !cursor_->visible())
        return;
    cursor_->setVisible(shown);
    readings_->setVisible(shown);
    if (shown) {
        cursor_->point1->setCoords(*position, 1);
        cursor_->point2->setCoords(*position, 2);
        readings_->setText(cursorText(*position));
        readings_->adjustSize();
        const auto room = plot_->axisRect()->rect();
        readings_->move(readingsLeft(static_cast<int>(plot_->xAxis->coordToPixel(*position))), room.top() + 4);
        readings_->raise();
    }
    plot_->replot(QCustomPlot::rpQueuedReplot);
}

/// On the side of the cursor where there is more room, so that it does not lie under the mouse, or else on the other;
/// within the plot in any case.
int PlotView::readingsLeft(int cursor) const
{
    constexpr int gap = 12;
    const int most = plot_->width() - readings_->width();
    const int left = cursor - readings_->width() - gap, right = cursor + gap;
    const auto fits = [most](int place) { return place >= 0 && place <= most; };
    const auto [first, second] =
        cursor > plot_->axisRect()->rect().center().x() ? std::pair(left, right) : std::pair(right, left);
    return fits(first) ? first : fits(second) ? second : std::clamp(first, 0, std::max(0, most));
}

void PlotView::zoom(double factor)
{
    const auto range = plot_->xAxis->range();
    if (logarithmic_)
        return showRange({{range.lower, range.lower * std::pow(range.upper / range.lower, factor)}});
    showRange({{range.center() - factor * range.size() / 2, range.center() + factor * range.size() / 2}});
}

void PlotView::keyPressEvent(QKeyEvent* event)
{
    const auto range = plot_->xAxis->range();
    const auto move = [&](double share) {
        showRange({{range.lower + share * range.size(), range.upper + share * range.size()}});
    };
    switch (event->key()) {
    case Qt::Key_Plus:
    case Qt::Key_Equal:
        return zoom(1 / zoomStep);
    case Qt::Key_Minus:
        return zoom(zoomStep);
    case Qt::Key_Left:
        return move(-moveShare);
    case Qt::Key_Right:
        return move(moveShare);
    case Qt::Key_Home:
        return showRange(std::nullopt);
    default:
        QWidget::keyPressEvent(event);
    }
}

QString PlotView::axisTitle() const
{
    switch (unit_) {
    case AxisUnit::Samples:
        return tr("samples seen");
    case AxisUnit::Seconds:
        return logarithmic_ ? tr("training time in seconds") : tr("training time");
    case AxisUnit::DateTime:
        return tr("date and time");
    case AxisUnit::Steps:
        break;
    }
    return tr("step");
}

void PlotView::applyColours()
{
    const auto& colours = themeColours();
    plot_->setBackground(QBrush(colours.panel));
    const auto tickFont = smallFont(font());
    for (auto* const axis : {plot_->xAxis, plot_->yAxis}) {
        axis->setBasePen(QPen(colours.line));
        axis->setTickPen(QPen(colours.line));
        axis->setSubTickPen(Qt::NoPen);
        axis->setTickLengthIn(0);
        axis->setTickLabelColor(colours.secondary);
        axis->setTickLabelFont(tickFont);
        axis->grid()->setPen(QPen(colours.line, 1, Qt::SolidLine));
        axis->grid()->setZeroLinePen(QPen(colours.line));
        axis->setLabelFont(tickFont);
        axis->setLabelColor(colours.secondary);
        axis->setLabelPadding(0);
    }
    plot_->xAxis->grid()->setVisible(false);
    plot_->xAxis->setLabel(axisTitle());
    cursor_->setPen(QPen(colours.secondary, 1, Qt::DashLine));
    emptyText_->setColor(colours.secondary);
    emptyText_->setFont(font());
    auto box = palette();
    box.setColor(QPalette::Window, colours.raised);
    box.setColor(QPalette::WindowText, colours.text);
    readings_->setPalette(box);
    readings_->setFont(tickFont);
    marks_->applyColours();
    applyOwnColours();
    if (isVisible()) // it has no size before
        plot_->replot(QCustomPlot::rpQueuedReplot);
}

QImage PlotView::picture(const QString& title, QSize size, double devicePixelRatio) const
{
    constexpr int margin = 12, headHeight = 28;
    QImage image(size * devicePixelRatio, QImage::Format_RGB32);
    image.setDevicePixelRatio(devicePixelRatio);
    image.fill(themeColours().panel);
    QPainter painter(&image);
    painter.setFont(font());
    painter.setPen(themeColours().text);
    const int titleWidth = painter.fontMetrics().horizontalAdvance(title) + margin;
    painter.drawText(QRect(margin, 0, titleWidth, headHeight), Qt::AlignVCenter | Qt::AlignLeft, title);
    legend_->paint(painter, QRect(margin + titleWidth, 0, size.width() - titleWidth - 2 * margin, headHeight));
    const bool cursor = cursor_->visible();
    cursor_->setVisible(false);
    const auto plotSize = QSize(size.width(), size.height() - headHeight);
    painter.end();
    static_cast<DrawablePlot*>(plot_)->drawInto(image, {0, headHeight}, plotSize);
    cursor_->setVisible(cursor);
    return image;
}

void PlotView::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange)
        applyColours();
}

void PlotView::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    redraw();
}

bool PlotView::eventFilter(QObject* watched, QEvent* event)
{
    if (event->type() == QEvent::Leave || event->type() == QEvent::Hide)
        showCursorAt(std::nullopt);
    if (event->type() == QEvent::Resize)
        redrawSoon(); // for another number of columns
    return QWidget::eventFilter(watched, event);
}

} // namespace nanodit
