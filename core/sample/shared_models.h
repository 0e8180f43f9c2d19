#pragma once

/// One copy in memory of each checkpoint's weights and of each encoder, for all who use them at the same time (Sample
/// and Attention pages, films, comparisons, previews of a training). They are read-only; contexts, keys and whatever
/// else belongs to one picture is each user's own. What nobody uses is kept for the next one while all together take no
/// more than an eighth of their device's memory; core/sample/models_in_memory.h gives it back. Any thread.

#include "core/encoders/autoencoder_kl.h"
#include "core/encoders/dino.h"
#include "core/encoders/t5.h"
#include "core/model/nanodit.h"
#include "core/sample/stored_model.h"

#include <filesystem>
#include <memory>
#include <string>

namespace nanodit {

/// A checkpoint's weights, ready to be evaluated, and what is known of them.
struct OpenedModel {
    /// `source` is for messages. Throws DataError for weights of another model.
    OpenedModel(const StoredModel& stored, const std::filesystem::path& source, at::Device device);

    CheckpointState state;
    bool averaged = false;
    NanoDiT model;
    std::string description; ///< "demo-run, step 2000, EMA, 9.0 M parameters"
};

/// `checkpoint`: as StoredModel::read takes it. The same file of weights, in the state that it has now, is the same
/// model, however it is named. Throws DataError.
std::shared_ptr<const OpenedModel> openModel(const std::filesystem::path& checkpoint, at::Device device);

/// Names the weights that openModel() would read now: another text once their file, or what is known of them, is
/// another.
std::string modelState(const std::filesystem::path& checkpoint);

/// The encoders of these folders, as their load() reads them.
std::shared_ptr<const T5Encoder> openT5(const std::filesystem::path& folder, const Compute& compute);
std::shared_ptr<const DinoEncoder> openDino(const std::filesystem::path& folder, const Compute& compute);
std::shared_ptr<const AutoencoderKl> openAutoencoder(const std::filesystem::path& folder, const Compute& compute);

} // namespace nanodit
