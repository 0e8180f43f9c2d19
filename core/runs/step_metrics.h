#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace nanodit {

/// Shares by what was dropped, in this order everywhere: nothing, text, DINO, both.
inline constexpr std::array<const char*, 4> dropNames = {"none", "text", "dino", "both"};

/// A moment by the clock of the machine, which people and other machines share.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

/// What a block's cross attention looked at and what came of it, means over samples, heads and latent tokens. What
/// begins as not-a-number stays so where a model does not have it, and in files of versions that did not measure it.
struct BlockAttention {
    static constexpr double none = std::numeric_limits<double>::quiet_NaN();

    double text = 0, cls = 0, patches = 0; ///< Shares; they sum to 1.
    double alignment = 0;                  ///< Patches from a latent's own place to its attention's centre of mass.
    double evenAlignment = none;           ///< What that would be if attention were the same everywhere.
    /// Shares of what text, CLS and patches add to the latent tokens, as lengths of vectors behind the output
    /// projection, all heads together; they sum to 1.
    double textAdds = none, clsAdds = none, patchesAdd = none;
    double narrowest = none, widest = none; ///< Radii of the heads' priors, in latent tokens.
};

/// One optimiser step, as written to metrics.jsonl. Not-a-number marks what a step did not have (no sample of a
/// category).
struct StepMetrics {
    std::int64_t step = 0; ///< Counts from 1.
    double loss = 0;
    std::array<double, 4> lossByQuarter{}; ///< t in [0, 1/4), [1/4, 1/2)...
    std::array<double, 4> lossByDrop{};    ///< By dropNames.
    std::array<std::int64_t, 4> samplesByDrop{};
    double velocityNorm = 0;
    double gradNorm = 0; ///< Before clipping.
    double gradNormPatchProj = 0;
    double internalLoss = BlockAttention::none; ///< Of the internal head; none in a model without one.
    double repaLoss = BlockAttention::none;     ///< 1 - cosine; none where nothing was aligned.
    double lr = 0;
    double samplesPerSecond = 0;
    double dataWaitSeconds = 0;
    double reduceWaitSeconds = BlockAttention::none; ///< For sums over processes; none in one alone.
    double reduceHidden = BlockAttention::none;      ///< Share of their time on the way that a backward pass hid.
    double residentMegabytes = 0;
    std::int64_t damagedSamples = 0;       ///< Left out as they could not be read, since the run was begun or resumed.
    std::int64_t leftOut = 0;              ///< Micro-batches whose loss was not finite: the others made the step.
    bool skipped = false;                  ///< Loss or gradient was not finite: weights untouched.
    std::vector<BlockAttention> attention; ///< By block, before the step; empty at steps that did not measure it.
    std::optional<WallTime> endedAt;       ///< None in files of versions that did not record it.
};

} // namespace nanodit
