#pragma once

#include "core/inspect/attention_probe.h"
#include "core/model/attention_map.h"
#include "core/runtime/job.h"

#include <optional>
#include <utility>
#include <vector>

namespace nanodit {

// Observers of a model's evaluation that end it within a block when their job is to stop.

/// Thrown through the model's evaluation when its job is to stop.
struct Stopped {};

/// Takes the mean self attention of chosen latents while the model runs, without keeping what it compares.
class SelfAttentionMean final : public AttentionObserver {
public:
    SelfAttentionMean(const std::vector<std::int64_t>& latents, std::optional<std::int64_t> block,
                      const JobContext& context)
        : latents_(latents)
        , block_(block)
        , context_(context)
    {
    }
    void selfAttention(std::int64_t block, const at::Tensor& queries, const at::Tensor& keys) override
    {
        if (context_.shouldStop())
            throw Stopped{};
        byBlock.emplace_back();
        if (!block_ || *block_ == block)
            byBlock.back() = meanSelfAttention(queries[0].to(at::kFloat), keys[0].to(at::kFloat), latents_);
    }
    void crossAttention(std::int64_t, const CrossAttentionInputs&) override {}

    std::vector<at::Tensor> byBlock; ///< [H, L] each; undefined for blocks that were not asked for.

private:
    const std::vector<std::int64_t>& latents_;
    std::optional<std::int64_t> block_;
    const JobContext& context_;
};

/// Does nothing but stop.
class StopWatch final : public AttentionObserver {
public:
    explicit StopWatch(const JobContext& context)
        : context_(context)
    {
    }
    void selfAttention(std::int64_t, const at::Tensor&, const at::Tensor&) override
    {
        if (context_.shouldStop())
            throw Stopped{};
    }
    void crossAttention(std::int64_t, const CrossAttentionInputs&) override {}

private:
    const JobContext& context_;
};

/// Keeps what an AttentionProbe keeps, and tells which block is at work.
class StoppableProbe final : public AttentionProbe {
public:
    StoppableProbe(AttentionProbe probe, const JobContext& context, ProgressMeter& progress)
        : AttentionProbe(std::move(probe))
        , context_(context)
        , progress_(progress)
    {
    }
    void selfAttention(std::int64_t block, const at::Tensor& queries, const at::Tensor& keys) override
    {
        if (context_.shouldStop())
            throw Stopped{};
        progress_.update(block);
        AttentionProbe::selfAttention(block, queries, keys);
    }

private:
    const JobContext& context_;
    ProgressMeter& progress_;
};

} // namespace nanodit
