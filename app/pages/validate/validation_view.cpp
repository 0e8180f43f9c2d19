#include "app/pages/validate/validation_view.h"

#include "widgets/heat_colours.h"

#include <QCoreApplication>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace nanodit {

namespace {

struct ValidationText {
    Q_DECLARE_TR_FUNCTIONS(Validation)
};

QString number(double value, int decimals)
{
    return QString::number(value, 'f', decimals).replace(QLatin1Char('-'), QChar(0x2212));
}

QString signedNumber(double value, int decimals)
{
    return (value > 0 ? QStringLiteral("+") : QString()) + number(value, decimals);
}

/// "27.02 dB".
QString valueWithUnit(double value, const MetricInfo& info)
{
    return (number(value, info.decimals) + QLatin1Char(' ') + QString::fromStdString(info.unit)).trimmed();
}

ValueChange changeOf(const MetricDifference& difference)
{
    using enum ValueChange::Verdict;
    ValueChange change;
    if (!difference.interval)
        return change;
    change.verdict = difference.verdict > 0 ? Better : difference.verdict < 0 ? Worse : Unclear;
    if (change.verdict == Unclear) {
        change.text = ValidationText::tr("no clear change");
        return change;
    }
    change.arrow = difference.difference > 0 ? QStringLiteral("\u25b2") : QStringLiteral("\u25bc");
    change.text = (change.verdict == Better ? ValidationText::tr("%1 better") : ValidationText::tr("%1 worse"))
                      .arg(valueWithUnit(std::abs(difference.difference), metricInfo(difference.metric)));
    return change;
}

QString labelOf(const MetricInfo& info)
{
    auto label = QString::fromStdString(info.label);
    if (!label.isEmpty())
        label[0] = label[0].toUpper();
    return label;
}

QString helpOf(const MetricSummary& summary)
{
    const auto& info = metricInfo(summary.metric);
    auto help = QString::fromStdString(info.help);
    if (info.better != Better::Unknown)
        help += QLatin1Char(' ') + (info.better == Better::Lower ? ValidationText::tr("Lower is better.")
                                                                 : ValidationText::tr("Higher is better."));
    if (summary.interval)
        help += QLatin1Char('\n') + ValidationText::tr("95 % interval %1 to %2, bootstrap over %3 pictures")
                                        .arg(number(summary.interval->low, info.decimals),
                                             number(summary.interval->high, info.decimals), QString::number(summary.n));
    return help;
}

const ValidationPicture* counterpart(const ValidationReport& report, const ValidationPicture& picture)
{
    const auto found = std::find_if(report.pictures.begin(), report.pictures.end(), [&](const auto& candidate) {
        return candidate.task == picture.task && candidate.record == picture.record &&
               candidate.other == picture.other && candidate.seed == picture.seed;
    });
    return found == report.pictures.end() ? nullptr : &*found;
}

/// Sum over R, G, B of the absolute difference of a pixel.
int differenceAt(QRgb a, QRgb b)
{
    return std::abs(qRed(a) - qRed(b)) + std::abs(qGreen(a) - qGreen(b)) + std::abs(qBlue(a) - qBlue(b));
}

} // namespace

std::vector<ValidationCard> validationCards(const ValidationReport& report, ValidationTask task,
                                            const std::vector<MetricDifference>* differences)
{
    std::vector<ValidationCard> cards;
    for (const auto& summary : report.summaries) {
        if (summary.task != task)
            continue;
        const auto& info = metricInfo(summary.metric);
        ValidationCard card;
        card.metric = summary.metric;
        card.title = labelOf(info);
        card.value = number(summary.mean, info.decimals);
        if (summary.interval)
            card.spread =
                QStringLiteral("\u00b1 ") + number((summary.interval->high - summary.interval->low) / 2, info.decimals);
        card.spread = (card.spread + QLatin1Char(' ') + QString::fromStdString(info.unit)).trimmed();
        card.count = ValidationText::tr("n = %1").arg(summary.n);
        card.help = helpOf(summary);
        card.perPicture = summary.interval.has_value();
        if (differences != nullptr) {
            for (const auto& difference : *differences) {
                if (difference.task == task && difference.metric == summary.metric)
                    card.change = changeOf(difference);
            }
        }
        cards.push_back(std::move(card));
    }
    return cards;
}

std::vector<ValidationRow> validationRows(const ValidationReport& report, const ValidationReport* baseline,
                                          ValidationTask task, const std::string& metric, const QString& baselineName)
{
    const auto& info = metricInfo(metric);
    std::vector<ValidationRow> rows;
    for (const auto index : worstFirst(report, task, metric)) {
        const auto& picture = report.pictures[index];
        ValidationRow row;
        row.index = index;
        row.record = QString::fromStdString(picture.record);
        row.caption = QString::fromStdString(picture.caption);
        row.facts = ValidationText::tr("seed %1").arg(picture.seed);
        if (!picture.other.empty())
            row.facts += ValidationText::tr(" \u00b7 CLS and patches of %1").arg(QString::fromStdString(picture.other));
        if (!picture.nearest.empty()) {
            row.facts +=
                ValidationText::tr(" \u00b7 nearest in training: %1").arg(QString::fromStdString(picture.nearest));
            row.nearest = report.folder / nearestFile(picture);
        }
        row.reference = report.folder / referenceFile(picture);
        row.painted = report.folder / picture.file;
        const auto* const before = baseline != nullptr ? counterpart(*baseline, picture) : nullptr;
        if (before != nullptr)
            row.baseline = baseline->folder / before->file;
        if (const auto value = picture.values.find(metric); value != picture.values.end()) {
            row.value = labelOf(info) + QLatin1Char(' ') + valueWithUnit(value->second, info);
            if (before != nullptr && before->values.count(metric) != 0)
                row.value += ValidationText::tr(", %1 %2").arg(
                    baselineName.isEmpty() ? QString::fromStdString(baseline->run) : baselineName,
                    valueWithUnit(before->values.at(metric), info));
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

QString referenceTitle(ValidationTask task)
{
    switch (task) {
    case ValidationTask::DinoSwap:
        return ValidationText::tr("Source of CLS and patches");
    case ValidationTask::TextOnly:
        return ValidationText::tr("Described by the text");
    case ValidationTask::TextOverDino:
        return ValidationText::tr("Without the change");
    case ValidationTask::RegionEdit:
        return ValidationText::tr("Without the edit");
    default:
        return ValidationText::tr("Original");
    }
}

std::vector<DifferenceRow> differenceRows(const std::vector<MetricDifference>& differences)
{
    std::vector<DifferenceRow> rows;
    for (const auto& difference : differences) {
        const auto& info = metricInfo(difference.metric);
        DifferenceRow row;
        row.task = difference.task;
        row.metric = difference.metric;
        row.cells = {taskTitle(difference.task),
                     labelOf(info) +
                         (info.unit.empty() ? QString() : QStringLiteral(", ") + QString::fromStdString(info.unit)),
                     number(difference.first, info.decimals),
                     number(difference.other, info.decimals),
                     signedNumber(difference.difference, info.decimals),
                     difference.interval ? ValidationText::tr("%1 to %2")
                                               .arg(signedNumber(difference.interval->low, info.decimals),
                                                    signedNumber(difference.interval->high, info.decimals))
                                         : QStringLiteral("\u2013"),
                     QString::number(difference.n)};
        row.change = changeOf(difference);
        rows.push_back(std::move(row));
    }
    return rows;
}

QString taskHelp(ValidationTask task)
{
    const std::array help = {
        ValidationText::tr("Text, CLS and patches of a record. Is the picture reproduced?"),
        ValidationText::tr("Text of one record, CLS and patches of another. Which layout wins?"),
        ValidationText::tr("Text of a record, null CLS and patches. Does text alone suffice?"),
        ValidationText::tr("As reconstruction, with one colour word replaced. Does the text still count?"),
        ValidationText::tr("The same, with more text guidance than DINO guidance. Can the text win?"),
        ValidationText::tr("One thing's colour or shape replaced in the text, and its patches erased. Is the change "
                           "made there, and the rest kept?")};
    return help[static_cast<std::size_t>(task)];
}

QImage differencePicture(const QImage& a, const QImage& b)
{
    if (a.isNull() || a.size() != b.size())
        return {};
    QImage difference(a.size(), QImage::Format_RGB32);
    const auto first = a.convertToFormat(QImage::Format_RGB32), second = b.convertToFormat(QImage::Format_RGB32);
    for (int y = 0; y < a.height(); ++y) {
        const auto* const x0 = reinterpret_cast<const QRgb*>(first.constScanLine(y));
        const auto* const x1 = reinterpret_cast<const QRgb*>(second.constScanLine(y));
        auto* const out = reinterpret_cast<QRgb*>(difference.scanLine(y));
        for (int x = 0; x < a.width(); ++x)
            out[x] = heatColour(differenceAt(x0[x], x1[x]) / (3.0 * largestShownDifference));
    }
    return difference;
}

std::vector<float> differenceByCell(const QImage& a, const QImage& b, GridSize grid)
{
    if (a.isNull() || a.size() != b.size() || grid.count() < 1)
        return {};
    std::vector<double> sums(static_cast<std::size_t>(grid.count()));
    std::vector<std::int64_t> pixels(sums.size());
    const auto first = a.convertToFormat(QImage::Format_RGB32), second = b.convertToFormat(QImage::Format_RGB32);
    for (int y = 0; y < a.height(); ++y) {
        const auto* const x0 = reinterpret_cast<const QRgb*>(first.constScanLine(y));
        const auto* const x1 = reinterpret_cast<const QRgb*>(second.constScanLine(y));
        const auto row = y * grid.rows / a.height();
        for (int x = 0; x < a.width(); ++x) {
            const auto cell = static_cast<std::size_t>(row * grid.cols + x * grid.cols / a.width());
            sums[cell] += differenceAt(x0[x], x1[x]) / 3.0;
            ++pixels[cell];
        }
    }
    std::vector<float> means(sums.size());
    for (std::size_t i = 0; i < sums.size(); ++i)
        means[i] = static_cast<float>(sums[i] / static_cast<double>(std::max<std::int64_t>(1, pixels[i])));
    return means;
}

} // namespace nanodit
