#include "core/sample/signature.h"

#include "core/runs/checkpoint_weights.h"
#include "core/sample/encoder_match.h"
#include "core/sample/shared_models.h"

#include <cstddef>
#include <utility>

namespace nanodit {

Signature::Signature(std::filesystem::path checkpoint, std::string state, const OpenedModel& opened)
    : checkpoint_(std::move(checkpoint))
    , state_(std::move(state))
    , weights_(std::make_unique<FileHash>(weightsFile(checkpoint_)))
    , paintedBy_{.run = opened.state.run, .step = opened.state.step, .averaged = opened.averaged, .sha256 = {}}
    , description_(opened.description)
    , trainedEncoders_(opened.state.encoders)
{
}

bool Signature::learn(const Workspace& workspace, const JobContext& context)
{
    if (!warnings_)
        warnings_ = differingEncoders(workspace, trainedEncoders_, context);
    if (!warnings_)
        return false;
    if (!weights_)
        return true;
    if (modelState(checkpoint_) == state_) {
        const auto& hash = weights_->read([&context](std::size_t) { return !context.shouldStop(); });
        if (!hash)
            return false;
        if (modelState(checkpoint_) == state_) // what was read is what was opened
            paintedBy_.sha256 = *hash;
    }
    if (paintedBy_.sha256.empty())
        warnings_->push_back(
            checkpoint_.string() +
            " was replaced or removed since it was opened: pictures say its run and step, but not its file");
    weights_.reset();
    return true;
}

PngText Signature::text() const
{
    auto text = textOf(paintedBy_);
    text["Software"] = "NanoDiT Workbench";
    text["Comment"] = description_;
    return text;
}

} // namespace nanodit
