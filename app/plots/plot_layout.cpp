#include "app/plots/plot_layout.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>
#include <array>

namespace nanodit {

namespace {
const std::array<QString, 4> unitNames = {QStringLiteral("steps"), QStringLiteral("samples"), QStringLiteral("seconds"),
                                          QStringLiteral("wall_time")};

QStringList stringsOf(const QJsonValue& value)
{
    QStringList strings;
    for (const auto& entry : value.toArray()) {
        if (entry.isString())
            strings << entry.toString();
    }
    return strings;
}
} // namespace

QByteArray PlotLayout::encoded() const
{
    const QJsonObject json = {{QStringLiteral("subjects"), QJsonArray::fromStringList(subjects)},
                              {QStringLiteral("other_scale"), QJsonArray::fromStringList(otherScale)},
                              {QStringLiteral("smoothing"), smoothing},
                              {QStringLiteral("axis"), unitNames[static_cast<std::size_t>(unit)]},
                              {QStringLiteral("logarithmic_axis"), logarithmicAxis},
                              {QStringLiteral("linked_axes"), linkedAxes},
                              {QStringLiteral("ignore_outliers"), ignoreOutliers}};
    return QJsonDocument(json).toJson(QJsonDocument::Compact);
}

PlotLayout PlotLayout::decoded(const QByteArray& text)
{
    PlotLayout layout;
    const auto json = QJsonDocument::fromJson(text).object();
    if (const auto subjects = stringsOf(json[QStringLiteral("subjects")]); !subjects.isEmpty())
        layout.subjects = subjects.mid(0, mostPlots);
    layout.otherScale = stringsOf(json[QStringLiteral("other_scale")]);
    layout.smoothing =
        std::clamp(json[QStringLiteral("smoothing")].toDouble(defaultSmoothing), 0.0, strongestSmoothing);
    const auto unit = std::ranges::find(unitNames, json[QStringLiteral("axis")].toString());
    if (unit != unitNames.end())
        layout.unit = static_cast<AxisUnit>(unit - unitNames.begin());
    layout.logarithmicAxis = json[QStringLiteral("logarithmic_axis")].toBool();
    layout.linkedAxes = json[QStringLiteral("linked_axes")].toBool(true);
    layout.ignoreOutliers = json[QStringLiteral("ignore_outliers")].toBool();
    return layout;
}

} // namespace nanodit
