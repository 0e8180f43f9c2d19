#include "widgets/text.h"

#include <QDir>
#include <QLocale>
#include <QStringList>

#include <cmath>

namespace nanodit {

QString durationText(double seconds)
{
    const auto whole = static_cast<qint64>(std::llround(std::max(0.0, seconds)));
    const auto two = [](qint64 value) { return QStringLiteral("%1").arg(value, 2, 10, QLatin1Char('0')); };
    if (whole >= 3600)
        return QStringLiteral("%1:%2:%3").arg(QString::number(whole / 3600), two(whole / 60 % 60), two(whole % 60));
    return QStringLiteral("%1:%2").arg(QString::number(whole / 60), two(whole % 60));
}

QString rateText(double perSecond, const QString& unit)
{
    if (!(perSecond > 0))
        return {};
    if (perSecond < 0.995)
        return QStringLiteral("%1 s/%2").arg(numberText(1 / perSecond), singular(unit));
    return QStringLiteral("%1 %2/s").arg(numberText(perSecond), unit);
}

QString numberText(double value, int digits)
{
    if (!std::isfinite(value))
        return QStringLiteral("–");
    const auto magnitude = std::abs(value);
    if (magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e7))
        return QString::number(value, 'e', std::max(0, digits - 2));
    const int exponent = magnitude > 0 ? static_cast<int>(std::floor(std::log10(magnitude))) : 0;
    return QString::number(value, 'f', std::max(0, digits - 1 - exponent));
}

QString percentNumber(double share, int decimals)
{
    return QString::number(100 * share, 'f', decimals);
}

QString shareText(double share, int decimals)
{
    return percentNumber(share, decimals) + QStringLiteral(" %");
}

QString groupedNumber(std::int64_t number)
{
    return QLocale().toString(static_cast<qlonglong>(number));
}

QString cosineText(double cosine)
{
    return QString::number(cosine, 'f', 3);
}

QString toolTipOf(const QString& text)
{
    if (text.isEmpty())
        return {};
    auto html = text.toHtmlEscaped();
    html.replace(QLatin1Char('\n'), QLatin1String("<br>"));
    return QStringLiteral("<p>%1</p>").arg(html);
}

QString menuText(const QString& text)
{
    return QString(text).replace(QLatin1Char('&'), QLatin1String("&&"));
}

QString folderText(const QString& folder)
{
    const auto home = QDir::homePath();
    if (folder == home || folder.startsWith(home + QLatin1Char('/')))
        return QLatin1Char('~') + folder.mid(home.size());
    return folder;
}

QString countText(std::int64_t count, const QString& unit)
{
    return QStringLiteral("%1 %2").arg(QLocale().toString(static_cast<qlonglong>(count)),
                                       count == 1 ? singular(unit) : unit);
}

QString singular(const QString& unit)
{
    if (unit.endsWith(QLatin1String("ches")))
        return unit.chopped(2);
    return unit.endsWith(QLatin1Char('s')) ? unit.chopped(1) : unit;
}

} // namespace nanodit
