#include "core/sample/stored_model.h"

#include "core/io/presence.h"
#include "core/model/stored_weights.h"
#include "core/runs/checkpoint_weights.h"
#include "core/runtime/error.h"

#include <cstdio>

namespace nanodit {

namespace fs = std::filesystem;

CheckpointState StoredModel::readState(const fs::path& source)
{
    const auto folder = checkpointFolder(source);
    if (!isPresent(source))
        throw DataError(source.string() +
                        " does not exist: name a checkpoint folder, or a weights file beside a state.json");
    if (!isPresent(folder / "state.json"))
        throw DataError(folder.string() + " holds no state.json, which says what model its weights are for: name a "
                                          "checkpoint folder of a run");
    return readCheckpointState(folder);
}

StoredModel StoredModel::read(const fs::path& source)
{
    const auto folder = checkpointFolder(source);
    StoredModel stored;
    stored.state = readState(source);
    const auto file = weightsFile(source);
    stored.kind = weightsKindOf(file);
    stored.besideOther = stored.kind && hasBothWeights(folder);
    stored.weights = stored.kind ? readTensors(file) : readWeights(source);
    return stored;
}

std::string StoredModel::description(std::int64_t parameters) const
{
    char millions[32];
    std::snprintf(millions, sizeof millions, "%.1f M parameters", static_cast<double>(parameters) / 1e6);
    const char* const which = averaged() ? ", EMA, " : kind && besideOther ? ", raw weights, " : ", ";
    return state.run + ", step " + std::to_string(state.step) + which + millions;
}

} // namespace nanodit
