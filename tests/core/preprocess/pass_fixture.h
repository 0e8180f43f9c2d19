#pragma once

#include "core/config/workspace_config.h"
#include "core/dataset/pass.h"
#include "core/dataset/record_info.h"
#include "core/dataset/reject.h"
#include "core/io/image.h"
#include "core/preprocess/forecast_job.h"
#include "core/preprocess/pass_encoders.h"
#include "core/preprocess/pass_forecast.h"
#include "core/preprocess/preprocess_job.h"
#include "core/runtime/job.h"
#include "tests/support/test_data.h"

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace nanodit::test {

/// Small encoders that can be computed by hand. The latent is the 8 x 8 mean of each colour channel and of their mean
/// (4 channels); a patch's features are its 16 x 16 mean colours, its row-major index and the number of pictures in its
/// batch; CLS is the mean of the patches. A caption gives a row per word and one more: length, first letter, batch
/// size.
struct FakeEncoders {
    std::array<std::string, 3> fingerprints = {"t5-one", "vae-one", "dino-one"};
    std::array<std::string, 3> obstacles;
    std::array<int, 3> loads{};
    std::int64_t encoded = 0; ///< Records, over all passes.
    std::int64_t pixelsAtOnce = 512 * 512;
    std::int64_t captionsAtOnce = 8;
    std::int64_t dinoWidth = 5;
    std::int64_t bytesEach = 0; ///< That encoding one record is said to take.
    std::function<void(const JobContext&)> whileEncoding = [](const auto&) {}; ///< Takes its time.
    bool stopsInside = false;                            ///< Gives nothing when it was stopped meanwhile.
    std::set<std::string> latentPictures, patchPictures; ///< What either saw: hashes of the pixels.
    /// Called before each batch with its captions or pictures; may throw.
    std::function<void(const std::vector<std::string>&)> onText = [](const auto&) {};
    std::function<void(const std::vector<Image>&)> onImages = [](const auto&) {};
    std::function<std::int64_t(const std::string&)> tokenCount;  ///< None unless set.
    std::function<bool(const std::string&)> knowsMostOf;         ///< Likewise.
    std::function<void(at::Tensor&)> spoil = [](at::Tensor&) {}; ///< Last word on every result.

    /// Refers to this object.
    PassEncoders encoders();
};

std::string pixelHash(const Image& image);

/// A workspace with `count` pictures of different content and both orientations, imported.
class PassFixture {
public:
    explicit PassFixture(int count = 6);

    void draw(int index, int shade) const; ///< Picture `index` anew.
    void import() const;
    PreprocessReport run(std::vector<Pass> passes = {Pass::T5, Pass::Vae, Pass::Dino}, const JobContext& context = {});
    JobEnd end = JobEnd::Finished; ///< Of the last run.
    PreprocessForecast forecast(std::vector<Pass> passes = {Pass::T5, Pass::Vae, Pass::Dino});
    PreprocessReport report;                 ///< Of the last run, also when it threw.
    std::optional<std::int64_t> maxFailures; ///< Of the runs to come.
    std::int64_t memory = 0;                 ///< Megabytes, of the runs to come.
    std::function<void(Pass, const Reject&)> onFailure = [](Pass, const auto&) {};
    std::vector<PassMemory> memoryUsed; ///< Of the last run, by pass.
    FreeBytes freeBytes = freeBytesFor;

    std::filesystem::path picture(int index) const;
    std::filesystem::path array(ArrayKind kind, const std::string& id) const;
    /// Bytes of every file below data/derived, by relative path.
    std::map<std::string, std::string> derivedFiles() const;
    /// By record id, as listRecords sees them with the fake encoders.
    std::map<std::string, std::array<ArrayState, 4>> states();

    TemporaryFolder folder;
    std::filesystem::path pictures = folder / "pictures";
    Workspace workspace;
    FakeEncoders fakes;
    int count;
};

} // namespace nanodit::test
