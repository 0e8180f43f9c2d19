#pragma once

/// DINOv3 and DINOv2 (with and without registers) vision transformers, computed as Hugging Face transformers does
/// (models/dinov3_vit, models/dinov2, models/dinov2_with_registers) from the same folders.
/// Shapes: B pictures, H W pixels, N = rows * cols patches, R registers, D width.

#include "core/encoders/image_processor.h"
#include "core/encoders/weights.h"
#include "core/geometry/bucket.h"

#include <nlohmann/json_fwd.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace nanodit {

/// What config.json says, in one vocabulary for the three kinds. Field defaults are those of DINOv3ViTConfig.
struct DinoConfig {
    enum class Mlp {
        Plain,     ///< down(act(up(x)))
        Gated,     ///< down(act(gate(x)) * up(x))
        FusedGated ///< The same with gate and up in one matrix, and SiLU.
    };
    std::string kind = "dinov3_vit"; ///< model_type: dinov3_vit, dinov2 or dinov2_with_registers.
    std::int64_t patchSize = 16;     ///< p, pixels
    std::int64_t width = 384;        ///< D
    std::int64_t layers = 12;
    std::int64_t heads = 6;
    std::int64_t mlpWidth = 1536;
    std::int64_t registers = 0; ///< R
    std::int64_t channels = 3;
    std::int64_t positions = 0;   ///< Learned patch positions (DINOv2); 0 for DINOv3, whose position is rotary.
    std::int64_t imageSize = 224; ///< Only written back; inputs may have any size.
    Mlp mlp = Mlp::Plain;
    std::string activation = "gelu";
    bool queryBias = true, keyBias = false, valueBias = true, projectionBias = true, mlpBias = true;
    double layerNormEps = 1e-5;
    double ropeTheta = 100;
    double layerScale = 1.0; ///< Initial value, for training from nothing.

    bool rotary() const { return kind == "dinov3_vit"; }
    std::int64_t headWidth() const { return width / heads; }
    /// Throws DataError naming `source` for another model_type, an unknown activation or sizes that do not fit
    /// together.
    static DinoConfig fromJson(const nlohmann::json& config, const std::string& source);
    static DinoConfig load(const std::filesystem::path& folder);
    /// config.json as transformers reads it (DINOv3 only).
    nlohmann::json toJson() const;
    std::vector<ExpectedTensor> expectedTensors() const;
};

struct DinoFeatures {
    at::Tensor cls;     ///< [B, D], after the final LayerNorm.
    at::Tensor patches; ///< [B, N, D], row-major: the last N tokens.
    GridSize grid;
};

/// A vision transformer. Immutable; any number of threads may use one. It computes gradients exactly when its weights
/// (or the pixels) require them.
class DinoEncoder {
public:
    /// Maps the folder's weights. Throws DataError naming the file for whatever does not fit.
    static std::shared_ptr<const DinoEncoder> load(const std::filesystem::path& folder,
                                                   const EncoderOptions& options = {});
    /// `weights` by the names of the Hugging Face files; tensors are shared, so that in-place updates are seen.
    DinoEncoder(DinoConfig config, TensorMap weights, const EncoderOptions& options = {},
                std::string source = "weights");

    /// pixels [B, C, H, W], normalised. Rows and columns beyond a multiple of the patch size are left out.
    DinoFeatures encode(const at::Tensor& pixels) const;
    /// Empty when `stop` said so.
    std::optional<DinoFeatures> encode(const at::Tensor& pixels, const StopCheck& stop) const;
    /// All tokens after the final LayerNorm: CLS, registers, patches. [B, 1 + R + N, D]. With `hiddenStates`, also the
    /// embeddings and what each layer gives, before that norm. Undefined when stopped.
    at::Tensor tokens(const at::Tensor& pixels, std::vector<at::Tensor>* hiddenStates = nullptr,
                      const StopCheck& stop = {}) const;

    /// Rotary position of DINOv3: cosine and sine, [N, D / heads] each, float32.
    std::pair<at::Tensor, at::Tensor> rotaryPosition(GridSize grid) const;
    /// Learned position of DINOv2, interpolated to a picture of this size in pixels: [1, 1 + N, D], CLS first.
    at::Tensor learnedPosition(ImageSize picture) const;

    const DinoConfig& config() const { return config_; }
    const TensorMap& weights() const { return weights_.all(); }
    GridSize gridOf(ImageSize picture) const;
    /// Of the folder's preprocessor_config.json. Throws DataError when the folder has none.
    const ImageNormalisation& normalisation() const;

    /// Weights of a new DINOv3-style encoder, to be trained: deterministic by seed.
    static TensorMap initialWeights(const DinoConfig& config, std::uint64_t seed);

private:
    at::Tensor tokensUnlessStopped(const at::Tensor& pixels, std::vector<at::Tensor>* hiddenStates,
                                   const StopCheck& stop) const;
    at::Tensor embed(const at::Tensor& pixels) const;

    DinoConfig config_;
    EncoderWeights weights_;
    std::string source_;
    std::optional<ImageNormalisation> normalisation_;
};

/// Writes config.json, preprocessor_config.json and model.safetensors, which transformers' AutoModel and
/// AutoImageProcessor load. The folder must not exist; it appears whole or not at all. DINOv3 only.
void writeDinoFolder(const std::filesystem::path& folder, const DinoConfig& config, const TensorMap& weights,
                     const ImageNormalisation& normalisation = {});

} // namespace nanodit
