#include "widgets/theme.h"

#include "widgets/colours.h"
#include "widgets/system_theme.h"

#include <QFile>
#include <QFontDatabase>
#include <QFontMetricsF>
#include <QRegularExpression>
#include <QStyle>
#include <QStyleFactory>
#include <QToolTip>
#include <QWidget>

#include <algorithm>
#include <cmath>

static void initResources()
{
    Q_INIT_RESOURCE(workbench);
}

namespace nanodit {

namespace {

/// Darker than the accent that frames what has the focus: white text on it has a contrast of 4.6 (WCAG 2.1 AA
/// asks 4.5).
const QColor accentFill(0x1f, 0x6f, 0xeb), accentFillHover(0x1a, 0x5f, 0xd0);

QPalette paletteOf(const Colours& c)
{
    QPalette palette;
    palette.setColor(QPalette::Window, c.window);
    palette.setColor(QPalette::WindowText, c.text);
    palette.setColor(QPalette::Base, c.panel);
    palette.setColor(QPalette::AlternateBase, c.raised);
    palette.setColor(QPalette::Text, c.text);
    palette.setColor(QPalette::PlaceholderText, c.secondary);
    palette.setColor(QPalette::Button, c.raised);
    palette.setColor(QPalette::ButtonText, c.text);
    palette.setColor(QPalette::BrightText, c.vermillion);
    palette.setColor(QPalette::ToolTipBase, c.raised);
    palette.setColor(QPalette::ToolTipText, c.text);
    palette.setColor(QPalette::Highlight, accentFill);
    palette.setColor(QPalette::HighlightedText, Qt::white);
    palette.setColor(QPalette::Link, c.accentText);
    palette.setColor(QPalette::LinkVisited, c.accentText);
    palette.setColor(QPalette::Light, c.dark ? c.raised.lighter(130) : QColor(Qt::white));
    palette.setColor(QPalette::Midlight, c.raised);
    palette.setColor(QPalette::Mid, c.line);
    palette.setColor(QPalette::Dark, c.dark ? c.window.darker(140) : c.line.darker(120));
    palette.setColor(QPalette::Shadow, c.dark ? QColor(Qt::black) : c.line.darker(150));
    for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
        palette.setColor(QPalette::Disabled, role, c.faint);
    palette.setColor(QPalette::Disabled, QPalette::Highlight, c.line);
    palette.setColor(QPalette::Disabled, QPalette::HighlightedText, c.faint);
    return palette;
}

/// Sizes that the window was laid out for are those of a base of 10 points.
constexpr double usualPoints = 10;

/// Desktops have 9 to 12 points by default, for which the window's own 10 are right; who chose more needs more.
double basePoints(const QFont& system)
{
    constexpr double usualMost = 12, largest = 24;
    return system.pointSizeF() > usualMost ? std::min(system.pointSizeF(), largest) : usualPoints;
}

/// Every size in points by this factor.
QString scaled(const QString& sheet, double factor)
{
    static const QRegularExpression points(QStringLiteral("(\\d+(?:\\.\\d+)?)pt"));
    QString result;
    qsizetype end = 0;
    for (auto found = points.globalMatch(sheet); found.hasNext();) {
        const auto match = found.next();
        result += sheet.mid(end, match.capturedStart() - end) +
                  QString::number(match.captured(1).toDouble() * factor, 'f', 1) + QStringLiteral("pt");
        end = match.capturedEnd();
    }
    return result + sheet.mid(end);
}

QString styleSheetOf(const Colours& c, double points)
{
    QFile file(QStringLiteral(":/nanodit/style/workbench.qss"));
    if (!file.open(QIODevice::ReadOnly))
        return {};
    auto sheet = QString::fromUtf8(file.readAll());
    const std::pair<const char*, QColor> names[] = {// longer names first: @accent is the beginning of @accentText
                                                    {"@accentText", c.accentText},
                                                    {"@fillHover", accentFillHover},
                                                    {"@fill", accentFill},
                                                    {"@accent", c.accent},
                                                    {"@knobEdge", c.dark ? c.window : c.faint},
                                                    {"@knob", c.dark ? c.text : QColor(Qt::white)},
                                                    {"@field", c.dark ? c.window : c.panel},
                                                    {"@window", c.window},
                                                    {"@panel", c.panel},
                                                    {"@raised", c.raised},
                                                    {"@text", c.text},
                                                    {"@problem", c.problemText()},
                                                    {"@secondary", c.secondary},
                                                    {"@selection", c.selection()},
                                                    {"@faint", c.faint},
                                                    {"@line", c.line},
                                                    {"@orange", c.orange},
                                                    {"@sky", c.sky},
                                                    {"@purple", c.purple}};
    for (const auto& [name, colour] : names)
        sheet.replace(QLatin1String(name), colour.name());
    sheet.replace(QLatin1String("@mode"), QLatin1String(c.dark ? "dark" : "light"));
    return points == usualPoints ? sheet : scaled(sheet, points / usualPoints);
}

} // namespace

Theme::Theme(QApplication& application, QObject* parent)
    : QObject(parent)
    , application_(application)
    , system_(new SystemTheme(this))
{
    initResources();
    application_.setStyle(QStyleFactory::create(QStringLiteral("Fusion")));
    auto font = application_.font();
    font.setPointSizeF(basePoints(font));
    application_.setFont(font);
    connect(system_, &SystemTheme::changed, this, [this] {
        if (mode_ == ThemeMode::System)
            apply();
    });
    apply();
}

void Theme::setMode(ThemeMode mode)
{
    if (mode == mode_)
        return;
    mode_ = mode;
    apply();
}

void Theme::apply()
{
    const bool dark = mode_ == ThemeMode::Dark || (mode_ == ThemeMode::System && system_->dark());
    const auto& colours = dark ? darkColours() : lightColours();
    application_.setPalette(paletteOf(colours));
    QToolTip::setPalette(paletteOf(colours));
    application_.setStyleSheet(styleSheetOf(colours, application_.font().pointSizeF()));
    Q_EMIT changed();
}

void setRole(QWidget* widget, const char* role)
{
    const auto name = QString::fromLatin1(role);
    if (widget->property("role").toString() == name) // styling anew is not free, and forms ask for it at every key
        return;
    widget->setProperty("role", name);
    widget->style()->unpolish(widget);
    widget->style()->polish(widget);
}

QFont resizedFont(const QFont& base, double share)
{
    auto font = base;
    if (base.pointSizeF() > 0)
        font.setPointSizeF(share * base.pointSizeF());
    else // its size is in pixels
        font.setPixelSize(std::max(1, static_cast<int>(std::lround(share * base.pixelSize()))));
    return font;
}

QFont smallFont(const QFont& base)
{
    constexpr double small = 0.9; // 9 points beside the usual 10
    return resizedFont(base, small);
}

QFont tabularFont(const QFont& base)
{
    // Most interface fonts have figures of equal width by default; those that do not are replaced by the monospaced
    // one.
    const QFontMetricsF metrics(base);
    const auto width = metrics.horizontalAdvance(QLatin1Char('0'));
    for (char digit = '1'; digit <= '9'; ++digit) {
        if (std::abs(metrics.horizontalAdvance(QLatin1Char(digit)) - width) > 0.01)
            return monospaceFont(base);
    }
    return base;
}

QFont monospaceFont(const QFont& base)
{
    auto font = QFontDatabase::systemFont(QFontDatabase::FixedFont);
    font.setPointSizeF(base.pointSizeF());
    return font;
}

} // namespace nanodit
