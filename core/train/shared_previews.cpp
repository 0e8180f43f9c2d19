#include "core/train/shared_previews.h"

#include "core/runtime/failure.h"

#include <ATen/ATen.h>

#include <array>
#include <cstring>
#include <exception>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

namespace nanodit {

namespace {

/// Record, kind, width and height; the bytes of the pixels follow.
using PreviewHead = std::array<std::int64_t, 4>;

void appendTo(std::string& bytes, const PaintedPreview& preview)
{
    const PreviewHead head = {preview.record, static_cast<std::int64_t>(preview.kind), preview.picture.size.width,
                              preview.picture.size.height};
    bytes.append(reinterpret_cast<const char*>(head.data()), sizeof head);
    bytes.append(preview.picture.rgb.begin(), preview.picture.rgb.end());
}

std::vector<PaintedPreview> previewsFrom(const std::string& bytes)
{
    std::vector<PaintedPreview> previews;
    for (std::size_t at = 0; at + sizeof(PreviewHead) <= bytes.size();) {
        PreviewHead head{};
        std::memcpy(head.data(), bytes.data() + at, sizeof head);
        at += sizeof head;
        const auto length = static_cast<std::size_t>(3 * head[2] * head[3]);
        previews.push_back({.record = head[0],
                            .kind = static_cast<PreviewKind>(head[1]),
                            .picture = {.size = {.width = head[2], .height = head[3]},
                                        .rgb = {bytes.data() + at, bytes.data() + at + length}}});
        at += length;
    }
    return previews;
}

/// What rank 0 knows alone.
enum class PreviewPlan : std::int64_t { Nothing, AverageOnly, BothWeights };

PreviewPlan planOfFirst(const PreviewPainter* painter, Collective& ranks)
{
    auto own = PreviewPlan::Nothing;
    if (painter != nullptr)
        own = painter->paintsRaw() ? PreviewPlan::BothWeights : PreviewPlan::AverageOnly;
    const auto plan = at::full({1}, static_cast<std::int64_t>(own), at::kLong);
    ranks.shareFromFirst(plan);
    return static_cast<PreviewPlan>(plan.item<std::int64_t>());
}

} // namespace

std::vector<PaintedPreview> paintTogether(PreviewPainter* painter, const Trainer& trainer, const JobContext& context)
{
    auto& ranks = trainer.ranks();
    const auto plan = planOfFirst(painter, ranks);
    if (plan == PreviewPlan::Nothing)
        return {};
    std::string own;
    std::optional<WorkAlone> painting(ranks); // its share
    try {                                     // rank 0 waits for what comes of it, also if that is nothing
        const auto* const raw = plan == PreviewPlan::BothWeights ? &trainer.model() : nullptr;
        if (painter != nullptr) {
            for (const auto& preview :
                 painter->paintShare(*trainer.averagedModel(), raw, ranks.rank(), ranks.size(), context))
                appendTo(own, preview);
        }
    } catch (const std::exception& error) {
        context.warn("rank " + std::to_string(ranks.rank()) +
                     " generates none of this step's previews: " + sentenceOf(error));
    }
    painting.reset();
    const auto all = ranks.gatherBytes(own);
    std::vector<PaintedPreview> previews;
    for (std::size_t i = 0; i < all.size() && ranks.rank() == 0; ++i) {
        auto more = previewsFrom(all[i]);
        previews.insert(previews.end(), std::move_iterator(more.begin()), std::move_iterator(more.end()));
    }
    return previews;
}

PreviewHelp::PreviewHelp(Workspace workspace, DinoStatistics statistics, std::shared_ptr<const ShardSet> trainingSet,
                         const Compute& compute)
    : workspace_(std::move(workspace))
    , statistics_(std::move(statistics))
    , set_(std::move(trainingSet))
    , compute_(compute)
{
}

void PreviewHelp::paint(const Trainer& trainer, const JobContext& context)
{
    try {
        if (!painter_ && !workspace_.config.vae.empty())
            painter_ = std::make_unique<PreviewPainter>(workspace_, trainer.config(), workspace_.config.textTokens,
                                                        statistics_, set_, compute_);
    } catch (const std::exception& error) {
        context.warn("this process generates no previews: " + sentenceOf(error));
    }
    paintTogether(painter_.get(), trainer, context);
}

} // namespace nanodit
