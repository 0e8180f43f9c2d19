#pragma once

/// What the Dataset page shows of a workspace besides its pictures: patch features, the colours and the place field
/// fitted on them, and what the autoencoder makes of a picture. Part of the engine's front: free of torch types.

#include "core/config/workspace_config.h"
#include "core/inspect/patch_basis.h"
#include "core/io/image.h"
#include "core/runtime/compute_choice.h"
#include "core/runtime/job.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nanodit {

/// Holds only what can be made again at any time (thumbnails, fitted bases): `cache` in the workspace. May be deleted.
std::filesystem::path cacheFolder(const Workspace& workspace);

/// A record, as far as its arrays are concerned.
struct RecordKey {
    std::string id;
    ImageSize bucket;
};

/// The stored patches of a record, and its CLS token where there is one. Throws DataError naming the file when it is
/// missing, is not on the bucket's grid, or cannot be read.
FeatureGrid loadFeatures(const Workspace& workspace, const RecordKey& record);

/// What colours are fitted on.
enum class BasisScope {
    Picture,   ///< One picture: its own contrasts as large as they can be, not comparable with others.
    Selection, ///< Some pictures.
    Set        ///< An even sample of all pictures: the same feature has the same colour everywhere.
};

struct PatchFitOptions {
    BasisScope scope = BasisScope::Set;
    bool foregroundOnly = true;
    bool withoutPlace = false; ///< Fits a place field on the set first, and the colours on what is left.
};

/// Colours, and the place field that has to be taken away before they are looked up (empty: none).
struct PatchFit {
    PatchBasis basis;
    PlaceField place;
};

/// Pictures that are read for a fit, at most: evenly spaced over those given.
inline constexpr std::size_t mostFittedPictures = 64;

/// The last fit for these options with the present encoder, kept in the cache folder so that colours stay the same from
/// session to session; empty when there is none. A kept file that is damaged counts as none.
std::optional<PatchFit> storedPatchFit(const Workspace& workspace, const PatchFitOptions& options);

struct PatchFitRequest {
    Workspace workspace;
    PatchFitOptions options;
    std::vector<RecordKey> records; ///< In scope: one, those selected, or all; with whole patches, in a fixed order.
    std::vector<RecordKey> all;     ///< For the place field, where it is asked for and none is kept.
    std::function<void(const PatchFit&)> finished = [](const auto&) {};
};
/// Fits and, unless the scope is one picture, keeps the result. If the cache folder cannot be written, says so in the
/// log and goes on.
std::unique_ptr<Job> makePatchFitJob(PatchFitRequest request);

/// A bucket image after encoding and decoding.
struct Reconstruction {
    Image picture;
    ScalarGrid error; ///< Per pixel: mean over R, G, B of the absolute difference, in levels of 0 to 255.
    double psnr = 0;  ///< dB; infinite when nothing differs.
};
Reconstruction compareWithReconstruction(const Image& bucketImage, Image reconstruction);

/// The workspace's autoencoder, loaded when first needed and kept. One thread at a time.
class Reconstructor {
public:
    /// Loads nothing yet.
    explicit Reconstructor(Workspace workspace, ComputeChoice compute = {});
    ~Reconstructor();
    /// From the record's stored latent. Throws DataError or UsageError when there is no latent or no autoencoder.
    Reconstruction reconstruct(const RecordKey& record, const Image& bucketImage);

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace nanodit
