#include "app/shortcuts.h"

#include "widgets/commands.h"

#include <QCoreApplication>

#include <vector>

namespace nanodit {

namespace {

QString section(const QString& name, const std::vector<Commands::Line>& lines)
{
    auto html = QStringLiteral("<tr><td colspan='2'><b>%1</b></td></tr>").arg(name);
    for (const auto& [keys, meaning] : lines)
        html += QStringLiteral("<tr><td style='padding-right:24px'>%1</td><td>%2</td></tr>")
                    .arg(keys.toHtmlEscaped(), meaning.toHtmlEscaped());
    return html;
}

} // namespace

QString shortcutsAsHtml(const Commands& window, const QWidget* page, const QString& pageName)
{
    return QStringLiteral("<table cellpadding='3'>") +
           (page != nullptr ? section(pageName, commandLines(*page)) : QString()) +
           section(QCoreApplication::translate("shortcuts", "Everywhere"), window.lines()) + QStringLiteral("</table>");
}

} // namespace nanodit
