#pragma once

#include "core/front/runs.h"
#include "core/front/training.h"
#include "widgets/plots/heat_plot.h"
#include "widgets/plots/metric_series.h"
#include "widgets/plots/plot_marks.h"
#include "widgets/plots/step_clock.h"

#include <QObject>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nanodit {

class BackgroundQueue;
struct Notice;

/// Everything that a run recorded, as curves: its steps as they come, or read from its folder piece by piece, so that
/// neither the window nor other questions wait for a long record.
class RunCurves : public QObject {
    Q_OBJECT

public:
    explicit RunCurves(QObject* parent = nullptr);
    ~RunCurves() override;

    /// A number of every step ("loss", "loss_by_t/0-0.25"), the mean over blocks of what attention was measured
    /// ("attention/text"), what was measured at intervals ("worth/val/loss"), or a validation's mean
    /// ("validation/reconstruction/ssim"), which has no points before one was made. Throws UsageError for any other
    /// key.
    MetricSeries& of(const std::string& key);
    /// Of the validations so far, "validation/reconstruction/ssim", "validation/raw/reconstruction/ssim".
    std::vector<std::string> validationKeys() const;
    /// A number of the blocks by step ("attention/alignment"). Throws UsageError for an unknown key.
    HeatPlot::Course blocks(const std::string& key) const;
    /// Where its steps lie on axes of samples and time.
    std::shared_ptr<const StepClock> clock() const { return clock_; }
    const std::vector<PlotMark>& marks() const { return marks_; }
    /// The jumps of the loss, each of which has a mark, by step.
    const std::vector<LossJump>& jumps() const { return jumps_; }
    /// The steps that measured attention, ascending.
    const std::vector<StepMetrics>& measured() const { return measured_; }
    /// The step from which the model uses its patches.
    std::optional<std::int64_t> breakThrough() const { return breakThrough_.step(); }

    /// While a record is read, what comes is read from there, too.
    void append(const StepMetrics& metrics);
    void append(const ValidationMeans& validation);
    void append(const IntervalValues& measured);
    /// Comes after its step; a second one of a step is the same.
    void append(const LossJump& jump);
    /// Replaces the marks of resumptions.
    void showResumptions(const std::vector<Resumption>& resumptions);
    void clear();

    /// Clears, then reads what the run's folder holds. `failed` hears why it cannot be read.
    void load(BackgroundQueue& queue, const std::filesystem::path& runFolder,
              std::function<void(const Notice&)> failed = {});
    /// Reads what was recorded since the last reading, which another program may have done.
    void loadMore(BackgroundQueue& queue);
    bool loading() const { return loading_; }
    /// Whether it was loaded from there.
    bool holds(const std::filesystem::path& runFolder) const { return folder_ == runFolder; }

Q_SIGNALS:
    void attentionMeasured();
    void marksChanged();
    /// There are validations of a key that there was none of.
    void validationKeysChanged();
    /// All that the folder held has been read.
    void loaded();

private:
    void loadPiece(BackgroundQueue& queue);
    void addMark(PlotMark::Kind kind, std::int64_t step, const QString& text);
    void replaceJumps(const std::vector<LossJump>& jumps);
    void forgetFrom(std::int64_t step);
    bool waits(); ///< Whether what comes now will be read.

    std::vector<std::unique_ptr<MetricSeries>> steps_;               ///< By the table of step metrics.
    std::vector<std::unique_ptr<MetricSeries>> means_;               ///< By the table of block metrics.
    std::map<std::string, std::unique_ptr<MetricSeries>> intervals_; ///< By the table of interval metrics.
    std::map<std::string, std::unique_ptr<MetricSeries>> validations_;
    std::shared_ptr<StepClock> clock_ = std::make_shared<StepClock>();
    std::vector<PlotMark> marks_;
    std::vector<LossJump> jumps_;
    std::vector<StepMetrics> measured_;
    PatchBreakThrough breakThrough_;
    std::int64_t lastStep_ = 0;

    std::filesystem::path folder_;
    std::uint64_t read_ = 0; ///< Bytes of its record.
    std::function<void(const Notice&)> failed_;
    int loads_ = 0; ///< Answers of an earlier one are void.
    bool loading_ = false;
    bool taking_ = false; ///< What was read.
    bool missed_ = false; ///< Something came while reading; it is in the folder.
};

} // namespace nanodit
