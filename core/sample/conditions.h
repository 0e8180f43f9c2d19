#pragma once

#include "core/config/model_config.h"
#include "core/config/workspace_config.h"
#include "core/dataset/dino_statistics.h"
#include "core/dataset/record.h"
#include "core/encoders/dino.h"
#include "core/encoders/stop.h"
#include "core/encoders/t5.h"
#include "core/geometry/bucket.h"
#include "core/model/context.h"
#include "core/sample/recent.h"
#include "core/sample/sample_request.h"

#include <memory>

namespace nanodit {

/// [1, N] bool of a grid's N patches, false for the erased ones: a Conditions::patchMask. Throws UsageError for a patch
/// that the grid does not have.
at::Tensor maskWithout(const std::vector<std::int64_t>& erasedPatches, GridSize grid);

/// weight * first + (1 - weight) * second, of CLS and of each patch; with a weight of 1 or 0 exactly one of the two.
/// Throws UsageError when they have different grids.
DinoFeatures blended(const DinoFeatures& first, const DinoFeatures& second, double weight);

/// Names a file and changes when its size or time does.
std::string fileKey(const std::filesystem::path& file);

/// Makes a picture's conditions from the user's input: a prompt, records, a reference picture. Encoders are loaded when
/// they are first needed, and kept, and so is what they made last. One thread at a time.
class ConditionEncoder {
public:
    /// `statistics`: those the model was trained with; empty when it saw DINO features as they are. T: longest text.
    ConditionEncoder(Workspace workspace, DinoStatistics statistics, std::int64_t textTokens, const ModelConfig& model,
                     const Compute& compute);

    /// What the conditions of a request depend on; equal keys have equal conditions. Files count by size and time.
    std::string key(const SampleRequest& request) const;
    /// [L, text width], L <= T; undefined for a null text.
    at::Tensor text(const SampleRequest& request) { return text(request, {}); }
    /// Of a reference, on the patch grid of the request's size; empty for null conditions. Normalised. A record's
    /// stored arrays serve at the size of its bucket; at any other size its picture is cropped and encoded again.
    /// Blended where the request says so; CLS is that of its `clsFrom` where it names one.
    std::optional<DinoFeatures> dino(const SampleRequest& request) { return dino(request, {}); }

    /// Both, with placeholders where a condition is null (which a caller then drops): [1, ...], float32, where it
    /// computes.
    struct Result {
        Conditions conditions;
        bool hasText = false, hasDino = false;
    };
    /// Empty when `stop` said so, which is asked within the encoders' layers.
    std::optional<Result> encode(const SampleRequest& request, const StopCheck& stop = {});

private:
    // These throw EncodingStopped.
    Result encodedBoth(const SampleRequest& request, const StopCheck& stop);
    at::Tensor text(const SampleRequest& request, const StopCheck& stop);
    std::optional<DinoFeatures> dino(const SampleRequest& request, const StopCheck& stop);
    at::Tensor encodedText(const SampleRequest& request, const StopCheck& stop);
    DinoFeatures referenceFeatures(const SampleRequest& request, const StopCheck& stop);
    at::Tensor otherCls(const SampleRequest& request, const StopCheck& stop);
    DinoFeatures encodedFeatures(const std::filesystem::path& picture, ImageSize size, const StopCheck& stop);

    Record recordOf(const std::string& id) const;
    std::string textKey(const SampleRequest& request) const;
    std::string dinoKey(const SampleRequest& request) const;
    std::string clsKey(const SampleRequest& request) const;
    std::string blendKey(const SampleRequest& request) const;
    DinoFeatures storedFeatures(const Record& record) const;
    void expectGridOf(ImageSize size, GridSize patches) const;
    GridSize gridWithoutReference(ImageSize size) const;

    Workspace workspace_;
    DinoStatistics statistics_;
    std::int64_t textTokens_;
    ModelConfig model_;
    Compute compute_;
    std::shared_ptr<const T5Encoder> t5_;
    std::shared_ptr<const DinoEncoder> dino_;
    mutable Recent<Record> records_{8}; ///< By id and the state of the catalog.
    Recent<at::Tensor> texts_{16};
    Recent<DinoFeatures> features_{8}; ///< Normalised.
};

} // namespace nanodit
