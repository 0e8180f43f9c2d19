#pragma once

#include "core/config/workspace_config.h"
#include "core/io/file_hash.h"
#include "core/runtime/job.h"
#include "core/sample/painted_by.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nanodit {

struct OpenedModel;

/// What a picture that is kept says of the model that generated it, and what its person should know of that. One thread
/// at a time.
class Signature {
public:
    /// `state`: what modelState() gave before `opened` was read from the checkpoint.
    Signature(std::filesystem::path checkpoint, std::string state, const OpenedModel& opened);

    /// What has to be read for it, once: the weights, for their hash, and encoders whose fingerprint is not known.
    /// False when stopped; the next call goes on from there. Throws DataError.
    bool learn(const Workspace& workspace, const JobContext& context);
    /// For its PNG, once that is learnt. The hash is empty where another file has taken the place of the weights.
    PngText text() const;
    /// Sentences, once that is learnt: other encoders than in training, a file of weights that was replaced.
    const std::vector<std::string>& warnings() const { return *warnings_; }

private:
    std::filesystem::path checkpoint_;
    std::string state_;
    std::unique_ptr<FileHash> weights_; ///< Until it is learnt.
    PaintedBy paintedBy_;
    std::string description_;
    nlohmann::json trainedEncoders_;
    std::optional<std::vector<std::string>> warnings_; ///< Once the encoders were compared.
};

} // namespace nanodit
