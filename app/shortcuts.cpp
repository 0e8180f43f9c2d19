#include "app/shortcuts.h"

#include "app/page_table.h"

#include <QCoreApplication>
#include <QKeySequence>
#include <QStringList>

namespace nanodit {

namespace {

QString translated(const char* text)
{
    return QCoreApplication::translate("shortcuts", text);
}

QString heading(const QString& name)
{
    return QStringLiteral("<tr><td colspan='2'><b>%1</b></td></tr>").arg(name);
}

QString line(const QString& keys, const QString& meaning)
{
    return QStringLiteral("<tr><td style='padding-right:24px'>%1</td><td>%2</td></tr>").arg(keys, meaning);
}

/// Keys of the window itself, wherever the focus is.
QString everywhere()
{
    QStringList names;
    for (const auto& page : pageTable())
        names << pageName(page.page);
    return heading(translated("Everywhere")) +
           line(translated("%1 to %2")
                    .arg(QKeySequence(Qt::CTRL | pageTable().front().key).toString(),
                         QKeySequence(pageTable().back().key).toString()),
                names.join(QStringLiteral(", "))) +
           line(QStringLiteral("Ctrl+O, Ctrl+N"), translated("open a workspace, create one")) +
           line(QStringLiteral("F10"), translated("open the menu")) +
           line(QStringLiteral("Ctrl+,"), translated("workspace settings")) +
           line(QStringLiteral("Ctrl+Q"), translated("quit")) + line(QStringLiteral("?"), translated("this list"));
}

} // namespace

QString shortcutsAsHtml(std::optional<Page> page)
{
    auto html = QStringLiteral("<table cellpadding='3'>");
    if (page) {
        html += heading(pageName(*page));
        for (const auto& key : pageInfo(*page).help)
            html += line(QString::fromUtf8(key.keys), translated(key.meaning));
    }
    return html + everywhere() + QStringLiteral("</table>");
}

} // namespace nanodit
