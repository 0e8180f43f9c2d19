#include "app/pages/runs/run_rows.h"

#include "app/validation_subjects.h"
#include "core/front/validation.h"
#include "core/io/size_text.h"
#include "widgets/text.h"

#include <QCoreApplication>
#include <QRegularExpression>

namespace nanodit {

namespace {

const QString unknownValue = QStringLiteral("\u2013");

struct RunText {
    Q_DECLARE_TR_FUNCTIONS(Runs)
};

QString metricText(const MetricSummary& summary)
{
    const auto& info = metricInfo(summary.metric);
    return QStringLiteral("%1 %2 %3")
        .arg(QString::fromStdString(info.label), QString::number(summary.mean, 'f', info.decimals),
             QString::fromStdString(info.unit))
        .trimmed();
}

/// For a POSIX shell.
QString quoted(const std::string& text)
{
    auto word = QString::fromStdString(text);
    static const QRegularExpression plain(QStringLiteral("^[A-Za-z0-9/._+:@%-]+$"));
    if (plain.match(word).hasMatch())
        return word;
    return QLatin1Char('\'') + word.replace(QLatin1Char('\''), QStringLiteral("'\\''")) + QLatin1Char('\'');
}

} // namespace

RunRow runRow(const RunOverview& overview, bool running)
{
    RunRow row;
    row.name = QString::fromStdString(overview.run.name);
    row.state = overview.state(running);
    row.stateText = QString::fromStdString(runStateName(row.state));
    row.steps = groupedNumber(overview.steps);
    if (overview.planned > 0)
        row.steps += QStringLiteral(" / ") + groupedNumber(overview.planned);
    row.time = overview.seconds > 0 ? durationText(overview.seconds) : unknownValue;
    row.loss = overview.loss ? QString::number(*overview.loss, 'f', 3) : unknownValue;
    row.speed = overview.samplesPerSecond > 0 ? RunText::tr("%1 samples/s").arg(numberText(overview.samplesPerSecond))
                                              : unknownValue;
    QStringList lines;
    for (const auto& summary : overview.measured)
        lines << taskTitle(summary.task) + QStringLiteral(": ") + metricText(summary);
    row.measured = lines.isEmpty() ? unknownValue : lines.join(QStringLiteral(" · "));
    if (!lines.isEmpty())
        row.measuredHelp = (overview.validatedRaw ? RunText::tr("Step %1, raw weights") : RunText::tr("Step %1"))
                               .arg(overview.validatedStep) +
                           QLatin1Char('\n') + lines.join(QLatin1Char('\n'));
    row.size = QString::fromStdString(sizeText(static_cast<std::int64_t>(overview.bytes)));
    return row;
}

QString trainCommand(const Workspace& workspace, const std::vector<RunInfo>& runs, const std::string& name)
{
    return QStringLiteral("nanodit --workspace %1 train --config %2 --run %3")
        .arg(quoted(workspace.root.string()), quoted((workspace.runsFolder() / name / "config.yaml").string()),
             quoted(freeRunName(runs, name)));
}

std::vector<QStringList> settingRows(const std::vector<FieldDifference>& differences)
{
    std::vector<QStringList> rows;
    for (const auto& difference : differences) {
        QStringList cells = {QString::fromStdString(difference.key)};
        for (const auto& value : difference.values)
            cells << (value.empty() ? unknownValue : QString::fromStdString(value));
        rows.push_back(std::move(cells));
    }
    return rows;
}

} // namespace nanodit
