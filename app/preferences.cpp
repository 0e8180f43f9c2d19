#include "app/preferences.h"

#include <QCryptographicHash>
#include <QFileInfo>

namespace nanodit {

namespace {
const auto recentKey = QStringLiteral("recentWorkspaces");
const auto themeKey = QStringLiteral("theme");
const auto deviceKey = QStringLiteral("device");
const auto precisionKey = QStringLiteral("precision");
const auto lastPageKey = QStringLiteral("lastPage");
const auto geometryKey = QStringLiteral("windowGeometry");
constexpr qsizetype shownRecent = 8, keptRecent = 16; ///< More, for disks that come back.

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

bool holdsWorkspace(const QString& folder)
{
    return QFileInfo::exists(folder + QStringLiteral("/workspace.yaml"));
}
} // namespace

QStringList Preferences::recentWorkspaces() const
{
    QStringList existing;
    for (const auto& folder : settings_.value(recentKey).toStringList()) {
        if (holdsWorkspace(folder))
            existing << folder;
    }
    return existing.mid(0, shownRecent);
}

void Preferences::addRecentWorkspace(const QString& folder)
{
    auto folders = settings_.value(recentKey).toStringList();
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
    const auto last = settings_.value(recentKey).toStringList().value(0);
    return holdsWorkspace(last) ? last : QString();
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
