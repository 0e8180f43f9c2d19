#include "core/runs/run_export.h"

#include "core/io/atomic_file.h"
#include "core/io/presence.h"
#include "core/io/tensor.h"
#include "core/runs/checkpoint.h"
#include "core/runs/checkpoint_weights.h"
#include "core/runs/metrics_file.h"
#include "core/runtime/error.h"

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <string>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

/// Whole tensors, so that a file never holds half of one in each precision.
at::Tensor inHalf(const at::Tensor& tensor)
{
    if (!tensor.is_floating_point())
        return tensor;
    const auto half = tensor.to(at::kHalf);
    return at::isfinite(half).all().item<bool>() ? half : tensor;
}

/// In pieces: a long run's file is larger than one wants to hold. A line that is being written is left out.
void thinMetrics(const fs::path& from, const fs::path& to, std::int64_t every)
{
    constexpr std::size_t pieceLength = 1 << 20;
    std::ifstream lines(from);
    const bool opened = lines.is_open();
    AtomicFile kept(to);
    std::string piece;
    for (std::string line; std::getline(lines, line);) {
        const auto step = stepMetricsFromJson(line);
        if (step ? step->step % every != 0 : !nlohmann::json::accept(line))
            continue;
        piece += line + "\n";
        if (piece.size() < pieceLength)
            continue;
        kept.write(piece);
        piece.clear();
    }
    if (!opened || lines.bad())
        throw DataError(from.string() + " could not be read to its end");
    kept.write(piece);
    kept.commit();
}

} // namespace

std::uintmax_t exportRun(const RunExport& request)
{
    if (isPresent(request.folder))
        throw UsageError(request.folder.string() + " exists already: name a new folder");
    const auto chosen = fs::weakly_canonical(weightsFile(request.checkpoint));
    const auto source = chosen.parent_path();
    const auto run = source.parent_path().parent_path();
    const auto state = readCheckpointState(source);
    if (!weightsKindOf(chosen))
        throw UsageError(chosen.string() + " is neither model.safetensors nor ema.safetensors of a checkpoint: name a "
                                           "checkpoint of the run");
    const auto file = chosen.filename();
    auto weights = readTensors(chosen);
    if (request.halfPrecision) {
        for (auto& [name, tensor] : weights)
            tensor = inHalf(tensor);
    }
    std::error_code error;
    fs::create_directories(fs::absolute(request.folder).parent_path(), error);
    if (error)
        throw StoreError("the folder " + fs::absolute(request.folder).parent_path().string() +
                         " could not be created: " + error.message());
    std::uintmax_t bytes = 0;
    writeFolderAtomically(request.folder, [&](const fs::path& folder) {
        const auto checkpoint = folder / "checkpoints" / source.filename();
        fs::create_directories(checkpoint);
        writeTensors(checkpoint / file, weights);
        bytes = fs::file_size(checkpoint / file);
        writeFileAtomically(checkpoint / "state.json", readTextFile(source / "state.json"));
        writeFileAtomically(folder / "config.yaml", toYaml(state.config, true));
        if (fs::exists(run / "metrics.jsonl"))
            thinMetrics(run / "metrics.jsonl", folder / "metrics.jsonl",
                        std::max<std::int64_t>(1, request.metricsEvery));
    });
    return bytes;
}

} // namespace nanodit
