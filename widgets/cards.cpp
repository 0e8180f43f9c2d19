#include "widgets/cards.h"

#include "widgets/plots/decimate.h"
#include "widgets/plots/metric_series.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QGridLayout>
#include <QLabel>
#include <QPainter>

#include <algorithm>
#include <chrono>
#include <cmath>

namespace nanodit {

using namespace std::chrono_literals;

Sparkline::Sparkline(MetricSeries* series, Hue hue, bool averaged, QWidget* parent)
    : QWidget(parent)
    , series_(series)
    , average_(series)
    , hue_(hue)
    , averaged_(averaged)
{
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
}

void Sparkline::paintEvent(QPaintEvent*)
{
    if (!series_ || series_->steps().size() < 2)
        return;
    const auto& values = averaged_ ? average_.values() : series_->values();
    const auto& extremes = averaged_ ? average_.extremes() : series_->extremes();
    const auto points = decimated({series_->steps(), values, extremes}, width());
    const auto [lowest, highest] = std::minmax_element(points.y.begin(), points.y.end());
    const double span = std::max(*highest - *lowest, 0.05 * std::abs(*highest) + 1e-12);
    const double middle = (*highest + *lowest) / 2;
    const QRectF room = QRectF(rect()).adjusted(1, 3, -1, -3);
    QPolygonF line;
    for (qsizetype i = 0; i < points.x.size(); ++i) {
        const double along = (points.x[i] - points.x.front()) / std::max(1e-12, points.x.back() - points.x.front());
        line << QPointF(room.left() + along * room.width(),
                        room.center().y() - (points.y[i] - middle) / span * room.height());
    }
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(themeColours().hue(hue_), 1.5));
    painter.drawPolyline(line);
}

MetricCard::MetricCard(MetricSeries* series, const Look& look, QWidget* parent)
    : QFrame(parent)
    , series_(series)
    , average_(series)
    , look_(look)
    , number_(new QLabel(this))
    , unit_(new QLabel(look.unit, this))
    , sparkline_(new Sparkline(series, look.hue, look.averaged, this))
{
    setProperty("surface", "panel");
    setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed); // cards in a row share its width evenly
    auto* const title = new QLabel(look.title, this);
    setRole(title, "small");
    setRole(number_, "number");
    number_->setFont(tabularFont(number_->font()));
    setRole(unit_, "small");
    auto* const grid = new QGridLayout(this);
    grid->setContentsMargins(12, 8, 12, 8);
    grid->setHorizontalSpacing(12);
    grid->setVerticalSpacing(0);
    grid->addWidget(title, 0, 0);
    auto* const value = new QHBoxLayout;
    value->setSpacing(4);
    value->addWidget(number_);
    value->addWidget(unit_, 0, Qt::AlignBottom);
    value->addStretch(1);
    grid->addLayout(value, 1, 0);
    grid->addWidget(sparkline_, 0, 1, 2, 1);
    grid->setColumnStretch(0, 1);
    grid->setColumnStretch(1, 1);
    soon_.setSingleShot(true);
    connect(&soon_, &QTimer::timeout, this, &MetricCard::refresh);
    connect(series, &MetricSeries::changed, this, [this] {
        if (!soon_.isActive())
            soon_.start(100ms);
    });
    setAccessibleName(look.title);
    refresh();
}

void MetricCard::refresh()
{
    double value = series_ ? series_->last() : std::nan("");
    if (look_.averaged && series_ && !series_->isEmpty())
        value = average_.values().back();
    number_->setText(numberText(value));
    unit_->setVisible(std::isfinite(value));
    const bool known = std::isfinite(value);
    const bool healthy = !look_.healthy || !known || (value >= look_.healthy->first && value <= look_.healthy->second);
    if (healthy != (number_->property("role").toString() == QLatin1String("number")))
        setRole(number_, healthy ? "number" : "numberProblem");
    QString tip = look_.title;
    if (look_.healthy)
        tip += tr(", healthy %1–%2").arg(numberText(look_.healthy->first, 2), numberText(look_.healthy->second, 2));
    setToolTip(tip);
    setAccessibleDescription(number_->text() + QLatin1Char(' ') + look_.unit);
    sparkline_->update();
}

} // namespace nanodit
