#include "core/config/model_config.h"

namespace nanodit {

void ModelConfig::visit(FieldVisitor& v)
{
    static constexpr std::string_view positions[] = {"none", "sincos", "rope"};
    static constexpr std::string_view priors[] = {"none", "learned"};
    static constexpr std::string_view gates[] = {"none", "adaln_zero"};
    v.field({"hidden_size", "Width D of every token; a multiple of num_heads.", 8, 16384}, hiddenSize);
    v.field({"depth", "Number of blocks (self-attention, cross-attention, MLP).", 1, 256}, depth);
    v.field({"num_heads", "Attention heads; hidden_size / num_heads channels each.", 1, 256}, numHeads);
    v.field({"mlp_ratio", "Width of the MLP's inner layer as a multiple of hidden_size.", 0.25, 16}, mlpRatio);
    v.field({"latent_channels", "Channels of the autoencoder's latent.", 1, 256}, latentChannels);
    v.field({"patch_size", "Latent pixels along each side of a token (patchify).", 1, 16}, patchSize);
    v.field({"text_dim", "Width of the text encoder; 0 takes it from the data set.", 0, 65536}, textDim);
    v.field({"dino_dim", "Width of the DINO encoder; 0 takes it from the data set.", 0, 65536}, dinoDim);
    v.field({"frequency_dim", "Sinusoids that encode the flow time t.", 2, 4096}, frequencyDim);
    v.field({"use_dino_patches", "Attend to every DINO patch token; false is the CLS-only baseline."}, useDinoPatches);
    v.enumeration({"patch_position", "How patches get their position on the latent grid: sincos adds it to them, rope "
                                     "rotates queries and patch keys by it."},
                  patchPosition, positions);
    v.enumeration({"patch_prior",
                   "learned lowers the logit of a patch by its squared distance from the latent token, as "
                   "strongly as each head learns."},
                  patchPrior, priors);
    v.field({"prior_widest", "Radius of the first head's prior in a new model, in latent tokens.", 0.25, 256},
            priorWidest);
    v.field({"prior_narrowest",
             "Radius of the last head's prior in a new model; those between are spaced evenly in "
             "their logarithms.",
             0.25, 256},
            priorNarrowest);
    v.enumeration({"gate", "adaln_zero gates each residual by a learned factor that starts at zero."}, gate, gates);
    v.field({"qk_norm", "RMS-normalise queries and keys per head."}, qkNorm);
    v.field({"internal_head",
             "A second head predicts the velocity from the output of this block, counted from 1; internal guidance "
             "needs it. 0: none.",
             0, 256},
            internalHead);
}

std::vector<ConfigIssue> ModelConfig::validate(const std::string& prefix) const
{
    std::vector<ConfigIssue> issues;
    if (numHeads > 0 && hiddenSize % numHeads != 0)
        issues.push_back({prefix + ".num_heads", "must divide hidden_size (" + std::to_string(hiddenSize) +
                                                     "), but is " + std::to_string(numHeads)});
    if (hiddenSize % 4 != 0)
        issues.push_back({prefix + ".hidden_size", "must be a multiple of 4 for the 2-D sin-cos position, but is " +
                                                       std::to_string(hiddenSize)});
    if (useDinoPatches && patchPosition == PatchPosition::Rope && numHeads > 0 && hiddenSize % (4 * numHeads) != 0)
        issues.push_back({prefix + ".patch_position", "rope needs a multiple of 4 channels a head, but hidden_size " +
                                                          std::to_string(hiddenSize) + " in " +
                                                          std::to_string(numHeads) + " heads is not"});
    if (internalHead >= depth && internalHead > 0)
        issues.push_back({prefix + ".internal_head", "must come before the last of the " + std::to_string(depth) +
                                                         " blocks, whose output the final layer has, but is " +
                                                         std::to_string(internalHead)});
    if (frequencyDim % 2 != 0)
        issues.push_back({prefix + ".frequency_dim", "must be even, but is " + std::to_string(frequencyDim)});
    return issues;
}

} // namespace nanodit
