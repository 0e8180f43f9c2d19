#include "core/model/stored_weights.h"

#include "core/io/array_tensors.h"
#include "core/io/model_folder.h"
#include "core/io/presence.h"
#include "core/io/safetensors.h"
#include "core/io/torch_file.h"
#include "core/runtime/error.h"

#include <map>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

void addSet(StoredWeights& weights, const std::string& place, const std::map<std::string, Array>& arrays)
{
    WeightSet set{.place = place, .tensors = {}};
    for (const auto& [name, array] : arrays) {
        if (becomesTensor(array.dtype))
            set.tensors.emplace(name, tensorFromArray(array));
        else
            weights.unreadable.push_back(name + " (" + dtypeName(array.dtype) + ")");
    }
    if (!set.tensors.empty())
        weights.sets.push_back(std::move(set));
}

} // namespace

StoredWeights readStoredWeights(const fs::path& source)
{
    StoredWeights weights;
    if (isPresent(source / "state.json")) {
        for (const auto* const file : {"model.safetensors", "ema.safetensors"}) {
            if (isPresent(source / file))
                addSet(weights, file, readSafetensors(source / file).arrays);
        }
    } else if (isPresentFolder(source)) {
        addSet(weights, "", readWeightsFiles(findModelFiles(source)));
    } else if (source.extension() == ".json" || !isTorchFile(source)) {
        expectWeights(source);
        addSet(weights, "", readSafetensors(source).arrays);
    } else {
        const auto file = PtFile::read(source);
        for (const auto& dict : file.stateDicts())
            addSet(weights, dict.place, dict.tensors);
        weights.foreignObjects = file.foreignObjects();
        for (auto& tensor : file.foreignTensors())
            weights.unreadable.push_back(std::move(tensor));
    }
    if (weights.sets.empty())
        throw DataError(source.string() + " holds no tensors that can be read" +
                        (weights.unreadable.empty() ? "" : ", only " + weights.unreadable.front() + " and the like") +
                        ": name a checkpoint or a file of weights in float16, bfloat16 or float32");
    return weights;
}

TensorMap readWeights(const fs::path& source)
{
    return readStoredWeights(source).sets.front().tensors;
}

} // namespace nanodit
