#include "app/about.h"

#include "app/compute_setting.h"
#include "core/runtime/resources.h"
#include "widgets/text.h"

#include <QCoreApplication>

namespace nanodit {

namespace {

struct AboutText {
    Q_DECLARE_TR_FUNCTIONS(About)
};

QString aboutLine(const QString& name, const QString& value)
{
    return value.isEmpty() ? QString()
                           : QStringLiteral("<tr><td style='padding-right:24px'>%1</td><td>%2</td></tr>")
                                 .arg(name, value.toHtmlEscaped());
}

} // namespace

QString aboutAsHtml(const ComputeState& compute)
{
    const auto text = [](const std::string& utf8) { return QString::fromStdString(utf8); };
    return QStringLiteral("<p><b>NanoDiT Workbench %1</b></p><table cellpadding='3'>%2</table><p>%3</p>")
        .arg(QCoreApplication::applicationVersion().toHtmlEscaped(),
             aboutLine(AboutText::tr("Computes with"), text(compute.info.description)) +
                 aboutLine(AboutText::tr("Device"), text(compute.chosen.text)) +
                 aboutLine(AboutText::tr("Window"), QStringLiteral("Qt %1").arg(QLatin1String(qVersion()))) +
                 aboutLine(AboutText::tr("Demo and configurations"), folderText(text(resourcesFolder().string()))),
             AboutText::tr("Licence: Apache-2.0. The window uses QCustomPlot, which is under the GPL-3."));
}

} // namespace nanodit
