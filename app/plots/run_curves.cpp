#include "app/plots/run_curves.h"

#include "app/background_queue.h"
#include "core/runtime/error.h"

#include <QLocale>
#include <QSignalBlocker>

#include <algorithm>
#include <cmath>
#include <utility>

namespace nanodit {

namespace {

constexpr std::uint64_t pieceBytes = 1 << 20; ///< Read at once: some tenth of a second.
const std::string validationPrefix = "validation/";

QString stepText(std::int64_t step)
{
    return QLocale().toString(static_cast<qlonglong>(step));
}

bool isResumption(PlotMark::Kind kind)
{
    return kind == PlotMark::Kind::Resumed || kind == PlotMark::Kind::Changed;
}

} // namespace

RunCurves::RunCurves(QObject* parent)
    : QObject(parent)
{
    for (std::size_t i = 0; i < stepMetricTable().size(); ++i)
        steps_.push_back(std::make_unique<MetricSeries>());
    for (std::size_t i = 0; i < blockMetricTable().size(); ++i)
        means_.push_back(std::make_unique<MetricSeries>());
    for (const auto& metric : intervalMetricTable())
        intervals_.emplace(metric.key, std::make_unique<MetricSeries>());
}

RunCurves::~RunCurves() = default;

MetricSeries& RunCurves::of(const std::string& key)
{
    if (key.starts_with(validationPrefix)) {
        auto& series = validations_[key];
        if (!series)
            series = std::make_unique<MetricSeries>();
        return *series;
    }
    if (const auto interval = intervals_.find(key); interval != intervals_.end())
        return *interval->second;
    const auto hasKey = [&key](const auto& metric) { return metric.text.key == key; };
    if (const auto step = std::ranges::find_if(stepMetricTable(), hasKey); step != stepMetricTable().end())
        return *steps_[static_cast<std::size_t>(step - stepMetricTable().begin())];
    if (const auto block = std::ranges::find_if(blockMetricTable(), hasKey); block != blockMetricTable().end())
        return *means_[static_cast<std::size_t>(block - blockMetricTable().begin())];
    throw UsageError("a run records no metric \"" + key + "\"");
}

std::vector<std::string> RunCurves::validationKeys() const
{
    std::vector<std::string> keys;
    for (const auto& [key, series] : validations_) {
        if (!series->isEmpty())
            keys.push_back(key);
    }
    return keys;
}

HeatPlot::Course RunCurves::blocks(const std::string& key) const
{
    const auto metric = std::ranges::find_if(blockMetricTable(), [&key](const auto& m) { return m.text.key == key; });
    if (metric == blockMetricTable().end())
        throw UsageError("blocks record no metric \"" + key + "\"");
    HeatPlot::Course course;
    for (const auto& step : measured_) {
        std::vector<double> values;
        for (const auto& block : step.attention)
            values.push_back(block.*metric->value);
        if (std::ranges::none_of(values, [](double value) { return std::isfinite(value); }))
            continue; // a model without it, or a run of a version that did not measure it
        course.steps.push_back(static_cast<double>(step.step));
        course.values.push_back(std::move(values));
    }
    return course;
}

void RunCurves::forgetFrom(std::int64_t step)
{
    while (!measured_.empty() && measured_.back().step >= step)
        measured_.pop_back();
    std::erase_if(jumps_, [step](const LossJump& jump) { return jump.step >= step; });
    const auto gone = std::erase_if(marks_, [step](const PlotMark& mark) {
        return !isResumption(mark.kind) && mark.step >= static_cast<double>(step);
    });
    if (gone > 0)
        Q_EMIT marksChanged();
}

bool RunCurves::waits()
{
    const bool waiting = loading_ && !taking_;
    missed_ = missed_ || waiting;
    return waiting;
}

void RunCurves::append(const StepMetrics& metrics)
{
    if (waits())
        return;
    const bool back = metrics.step <= lastStep_; // to a checkpoint
    if (back)
        forgetFrom(metrics.step);
    const auto passed = trainingTimeSince(back ? metrics.step - 1 : lastStep_, metrics);
    lastStep_ = metrics.step;
    const auto step = static_cast<double>(metrics.step);
    clock_->append(step, static_cast<double>(passed.samples), passed.seconds, metrics.endedAt);
    for (std::size_t i = 0; i < steps_.size(); ++i)
        steps_[i]->append(step, stepMetricTable()[i].value(metrics));
    for (std::size_t i = 0; i < means_.size(); ++i)
        means_[i]->append(step, meanOverBlocks(metrics, blockMetricTable()[i]));
    breakThrough_.append(metrics);
    if (metrics.skipped)
        addMark(PlotMark::Kind::Skipped, metrics.step,
                tr("Step %1 was skipped: not finite").arg(stepText(metrics.step)));
    if (metrics.attention.empty())
        return;
    measured_.push_back(metrics);
    Q_EMIT attentionMeasured();
}

void RunCurves::append(const ValidationMeans& validation)
{
    if (waits())
        return;
    bool another = false;
    for (const auto& [name, mean] : validation.means) {
        auto& series = of(validationPrefix + name);
        another = another || (series.isEmpty() && std::isfinite(mean));
        series.append(static_cast<double>(validation.step), mean);
    }
    const bool marked = std::ranges::any_of(marks_, [&validation](const PlotMark& mark) { // of its other weights
        return mark.kind == PlotMark::Kind::Validated && mark.step == static_cast<double>(validation.step);
    });
    if (!marked)
        addMark(PlotMark::Kind::Validated, validation.step, tr("Validated at step %1").arg(stepText(validation.step)));
    if (another)
        Q_EMIT validationKeysChanged();
}

void RunCurves::append(const IntervalValues& measured)
{
    if (waits())
        return;
    for (const auto& [key, value] : measured.values)
        of(key).append(static_cast<double>(measured.step), value);
}

void RunCurves::append(const LossJump& jump)
{
    const auto isSame = [&jump](const LossJump& other) { return other.step == jump.step; };
    if (waits() || std::ranges::any_of(jumps_, isSame))
        return;
    jumps_.push_back(jump);
    addMark(PlotMark::Kind::Jumped, jump.step, tr("The loss jumped at step %1").arg(stepText(jump.step)));
}

void RunCurves::showResumptions(const std::vector<Resumption>& resumptions)
{
    std::erase_if(marks_, [](const PlotMark& mark) { return isResumption(mark.kind); });
    for (const auto& [step, changed] : resumptions) {
        QStringList changes;
        for (const auto& [key, values] : changed)
            changes << QStringLiteral("%1 %2 → %3")
                           .arg(QString::fromStdString(key), QString::fromStdString(values[0]),
                                QString::fromStdString(values[1]));
        if (changes.isEmpty())
            addMark(PlotMark::Kind::Resumed, step, tr("Resumed at step %1").arg(stepText(step)));
        else
            addMark(PlotMark::Kind::Changed, step,
                    tr("Resumed with changes at step %1: %2").arg(stepText(step), changes.join(QStringLiteral(", "))));
    }
    Q_EMIT marksChanged();
}

void RunCurves::replaceJumps(const std::vector<LossJump>& jumps)
{
    std::erase_if(marks_, [](const PlotMark& mark) { return mark.kind == PlotMark::Kind::Jumped; });
    jumps_.clear();
    for (const auto& jump : jumps)
        append(jump);
}

void RunCurves::addMark(PlotMark::Kind kind, std::int64_t step, const QString& text)
{
    marks_.push_back({.kind = kind, .step = static_cast<double>(step), .text = text, .clock = clock_});
    Q_EMIT marksChanged();
}

void RunCurves::clear()
{
    ++loads_;
    loading_ = missed_ = false;
    folder_.clear();
    read_ = 0;
    lastStep_ = 0;
    clock_->clear();
    marks_.clear();
    jumps_.clear();
    measured_.clear();
    breakThrough_ = {};
    for (auto* const list : {&steps_, &means_}) {
        for (const auto& series : *list)
            series->clear();
    }
    for (auto* const map : {&intervals_, &validations_}) {
        for (const auto& [key, series] : *map)
            series->clear();
    }
    Q_EMIT marksChanged();
    Q_EMIT attentionMeasured();
}

void RunCurves::load(BackgroundQueue& queue, const std::filesystem::path& runFolder,
                     std::function<void(const Notice&)> failed)
{
    clear();
    folder_ = runFolder;
    failed_ = std::move(failed);
    loading_ = true;
    loadPiece(queue);
}

void RunCurves::loadMore(BackgroundQueue& queue)
{
    if (loading_ || folder_.empty())
        return;
    loading_ = true;
    loadPiece(queue);
}

void RunCurves::loadPiece(BackgroundQueue& queue)
{
    struct Piece {
        RunRecord record;
        std::vector<Resumption> resumptions;
        std::vector<LossJump> jumps;
        bool shorter = false; ///< The file is: the run went back to a checkpoint, and everything is read again.
    };
    queue.ask(
        this,
        [folder = folder_, begin = read_] {
            std::error_code none;
            const auto bytes = std::filesystem::file_size(folder / "metrics.jsonl", none);
            const bool shorter = !none && bytes < begin;
            return Piece{.record = readRunRecord(folder, shorter ? 0 : begin, pieceBytes),
                         .resumptions = readResumptions(folder),
                         .jumps = readLossJumps(folder),
                         .shorter = shorter};
        },
        [this, &queue, load = loads_](Piece piece) {
            if (load != loads_)
                return;
            if (piece.shorter) {
                const auto folder = folder_;
                return this->load(queue, folder, std::move(failed_));
            }
            read_ = piece.record.end;
            {
                const QSignalBlocker quiet(this); // once a piece is enough
                taking_ = true;
                for (const auto& step : piece.record.steps)
                    append(step);
                for (const auto& validation : piece.record.validations)
                    append(validation);
                for (const auto& measured : piece.record.measured)
                    append(measured);
                showResumptions(piece.resumptions);
                replaceJumps(piece.jumps);
                taking_ = false;
            }
            Q_EMIT attentionMeasured();
            Q_EMIT marksChanged();
            Q_EMIT validationKeysChanged();
            if (!piece.record.complete || std::exchange(missed_, false))
                return loadPiece(queue);
            loading_ = false;
            Q_EMIT loaded();
        },
        [this, load = loads_](const Notice& why) {
            if (load != loads_)
                return;
            loading_ = false;
            if (failed_)
                failed_(why);
        });
}

} // namespace nanodit
