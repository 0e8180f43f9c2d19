#include "app/preferences.h"

#include <QCryptographicHash>

namespace nanodit {

namespace {
const auto recentKey = QStringLiteral("recentWorkspaces");
const auto themeKey = QStringLiteral("theme");
const auto deviceKey = QStringLiteral("device");
const auto precisionKey = QStringLiteral("precision");
const auto lastPageKey = QStringLiteral("lastPage");
const auto geometryKey = QStringLiteral("windowGeometry");
constexpr qsizetype keptRecent = 16;

/// Paths hold slashes, which would be groups of the settings.
QString plotKey(const QString& page, const QString& workspace)
{
    const auto hash = QCryptographicHash::hash(workspace.toUtf8(), QCryptographicHash::Sha1).toHex();
    return QStringLiteral("plots/%1/%2").arg(page, QString::fromLatin1(hash));
}

QString arrangementKey(const QString& part)
{
    return QStringLiteral("arrangement/") + part;
}
} // namespace

QStringList Preferences::recentWorkspaces() const
{
    return settings_.value(recentKey).toStringList();
}

void Preferences::addRecentWorkspace(const QString& folder)
{
    auto folders = recentWorkspaces();
    folders.removeAll(folder);
    folders.prepend(folder);
    settings_.setValue(recentKey, folders.mid(0, keptRecent));
}

ThemeMode Preferences::theme() const
{
    const auto name = settings_.value(themeKey).toString();
    return name == QLatin1String("dark")    ? ThemeMode::Dark
           : name == QLatin1String("light") ? ThemeMode::Light
                                            : ThemeMode::System;
}

void Preferences::setTheme(ThemeMode mode)
{
    static const QString names[] = {QStringLiteral("system"), QStringLiteral("light"), QStringLiteral("dark")};
    settings_.setValue(themeKey, names[static_cast<int>(mode)]);
}

ComputeChoice Preferences::compute(ComputeChoice otherwise) const
{
    if (const auto device = settings_.value(deviceKey).toString(); !device.isEmpty())
        otherwise.device = device.toStdString();
    for (const auto precision : {Precision::Float32, Precision::Bf16}) {
        if (settings_.value(precisionKey).toString().toStdString() == nameOf(precision))
            otherwise.precision = precision;
    }
    return otherwise;
}

void Preferences::setCompute(const ComputeChoice& compute)
{
    settings_.setValue(deviceKey, QString::fromStdString(compute.device));
    settings_.setValue(precisionKey,
                       compute.precision ? QString::fromStdString(nameOf(*compute.precision)) : QString());
}

PlotLayout Preferences::plotLayout(const QString& page, const QString& workspace) const
{
    return PlotLayout::decoded(settings_.value(plotKey(page, workspace)).toByteArray());
}

void Preferences::setPlotLayout(const QString& page, const QString& workspace, const PlotLayout& layout)
{
    settings_.setValue(plotKey(page, workspace), layout.encoded());
}

QByteArray Preferences::arrangement(const QString& part) const
{
    return settings_.value(arrangementKey(part)).toByteArray();
}

void Preferences::setArrangement(const QString& part, const QByteArray& state)
{
    settings_.setValue(arrangementKey(part), state);
}

std::optional<Page> Preferences::lastPage() const
{
    return pageFromWord(settings_.value(lastPageKey).toString());
}

void Preferences::setLastPage(Page page)
{
    settings_.setValue(lastPageKey, QString::fromLatin1(pageInfo(page).word));
}

QString Preferences::lastWorkspace() const
{
    return recentWorkspaces().value(0);
}

QByteArray Preferences::windowGeometry() const
{
    return settings_.value(geometryKey).toByteArray();
}

void Preferences::setWindowGeometry(const QByteArray& geometry)
{
    settings_.setValue(geometryKey, geometry);
}

} // namespace nanodit
