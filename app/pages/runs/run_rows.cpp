#include "app/pages/runs/run_rows.h"

#include "core/front/validation.h"
#include "widgets/text.h"

#include <QCoreApplication>

#include <algorithm>
#include <array>
#include <cmath>

namespace nanodit {

namespace {

const QString nothing = QStringLiteral("\u2013");

QString tr(const char* text)
{
    return QCoreApplication::translate("Runs", text);
}

QString metricText(const MetricSummary& summary)
{
    const auto& info = metricInfo(summary.metric);
    return QString::fromStdString(info.label) + QLatin1Char(' ') + QString::number(summary.mean, 'f', info.decimals);
}

} // namespace

QString sizeText(double bytes)
{
    constexpr std::array units = {"B", "kB", "MB", "GB", "TB"};
    std::size_t unit = 0;
    for (; bytes >= 999.5 && unit + 1 < units.size(); ++unit)
        bytes /= 1000;
    return QStringLiteral("%1 %2").arg(bytes, 0, 'f', unit > 0 && bytes < 9.95 ? 1 : 0).arg(QLatin1String(units[unit]));
}

RunRow runRow(const RunOverview& overview, bool running)
{
    RunRow row;
    row.name = QString::fromStdString(overview.run.name);
    row.state = overview.state(running);
    row.stateText = QString::fromStdString(runStateName(row.state));
    row.steps = overview.planned > 0 ? QStringLiteral("%1 / %2").arg(overview.steps).arg(overview.planned)
                                     : QString::number(overview.steps);
    row.time = overview.seconds > 0 ? durationText(overview.seconds) : nothing;
    row.loss = overview.loss ? QString::number(*overview.loss, 'f', 3) : nothing;
    row.speed = overview.samplesPerSecond > 0 ? tr("%1 samples/s").arg(numberText(overview.samplesPerSecond)) : nothing;
    row.measured = overview.measured.empty() ? nothing : metricText(overview.measured.front());
    QStringList lines;
    for (const auto& summary : overview.measured)
        lines << QLatin1String(validationTaskNames[static_cast<std::size_t>(summary.task)]) + QStringLiteral(": ") +
                     metricText(summary);
    if (!lines.isEmpty())
        row.measuredHelp =
            tr("Step %1").arg(overview.validatedStep) + QLatin1Char('\n') + lines.join(QLatin1Char('\n'));
    row.size = sizeText(static_cast<double>(overview.bytes));
    return row;
}

std::vector<QStringList> settingRows(const std::vector<FieldDifference>& differences)
{
    std::vector<QStringList> rows;
    for (const auto& difference : differences) {
        QStringList cells = {QString::fromStdString(difference.key)};
        for (const auto& value : difference.values)
            cells << (value.empty() ? nothing : QString::fromStdString(value));
        rows.push_back(std::move(cells));
    }
    return rows;
}

} // namespace nanodit
