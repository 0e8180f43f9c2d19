#include "core/model/stored_weights.h"

#include "core/io/torch_file.h"

namespace nanodit {

TensorMap readWeights(const std::filesystem::path& source)
{
    if (std::filesystem::exists(source / "state.json")) {
        const auto current = source / "model.safetensors", average = source / "ema.safetensors";
        return readTensors(!std::filesystem::exists(current) && std::filesystem::exists(average) ? average : current);
    }
    const auto ending = source.extension();
    if (ending != ".pt" && ending != ".pth" && ending != ".bin" && ending != ".ckpt")
        return readTensors(source);
    TensorMap tensors;
    for (const auto& [name, array] : PtFile::read(source).stateDict())
        tensors.emplace(name, tensorFromArray(array));
    return tensors;
}

} // namespace nanodit
