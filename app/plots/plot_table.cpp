#include "app/plots/plot_table.h"

#include <algorithm>
#include <limits>

namespace nanodit {

namespace {

QByteArray quoted(const QString& name)
{
    auto text = name.toUtf8();
    if (!text.contains(',') && !text.contains('"') && !text.contains('\n'))
        return text;
    return '"' + text.replace("\"", "\"\"") + '"';
}

QByteArray exact(double value)
{
    return QByteArray::number(value, 'g', std::numeric_limits<double>::max_digits10 - 2);
}

} // namespace

QByteArray plotTable(const std::vector<TableCurve>& curves, const std::shared_ptr<const StepClock>& clock)
{
    QByteArray text = "step";
    std::vector<AxisUnit> units;
    if (clock) {
        text += ",samples,seconds";
        units = {AxisUnit::Samples, AxisUnit::Seconds};
    }
    if (clock && clock->counts(AxisUnit::DateTime)) {
        text += ",wall_time";
        units.push_back(AxisUnit::DateTime);
    }
    for (const auto& curve : curves)
        text += ',' + quoted(curve.name);
    text += '\n';
    std::vector<qsizetype> at(curves.size(), 0);
    while (true) {
        double step = std::numeric_limits<double>::infinity();
        for (std::size_t i = 0; i < curves.size(); ++i) {
            if (at[i] < curves[i].steps.size())
                step = std::min(step, curves[i].steps[at[i]]);
        }
        if (step == std::numeric_limits<double>::infinity())
            return text;
        text += exact(step);
        for (const auto unit : units)
            text += ',' + exact(clock->position(step, unit));
        for (std::size_t i = 0; i < curves.size(); ++i) {
            text += ',';
            if (at[i] < curves[i].steps.size() && curves[i].steps[at[i]] == step)
                text += exact(curves[i].values[at[i]++]);
        }
        text += '\n';
    }
}

} // namespace nanodit
