#include "core/sample/stored_model.h"

#include "core/model/stored_weights.h"
#include "core/runtime/error.h"

#include <cstdio>

namespace nanodit {

namespace fs = std::filesystem;

StoredModel StoredModel::read(const fs::path& source)
{
    const bool isFolder = fs::is_directory(source);
    const auto folder = isFolder ? source : source.parent_path();
    if (!fs::exists(source))
        throw DataError(source.string() +
                        " does not exist: name a checkpoint folder, or a weights file beside a state.json");
    if (!fs::exists(folder / "state.json"))
        throw DataError(folder.string() + " holds no state.json, which says what model its weights are for: name a "
                                          "checkpoint folder of a run");
    StoredModel stored;
    stored.state = readCheckpointState(folder);
    const auto average = folder / "ema.safetensors";
    stored.averaged = isFolder ? fs::exists(average) : source.filename() == average.filename();
    stored.weights =
        isFolder ? readTensors(stored.averaged ? average : folder / "model.safetensors") : readWeights(source);
    return stored;
}

std::string StoredModel::description(std::int64_t parameters) const
{
    char millions[32];
    std::snprintf(millions, sizeof millions, "%.1f M parameters", static_cast<double>(parameters) / 1e6);
    return state.run + ", step " + std::to_string(state.step) + (averaged ? ", EMA, " : ", ") + millions;
}

} // namespace nanodit
