#include "core/sample/shared_models.h"

#include "core/encoders/fingerprint.h"
#include "core/io/file_identity.h"
#include "core/runs/checkpoint_weights.h"
#include "core/runtime/compute.h"
#include "core/runtime/error.h"
#include "core/sample/models_in_memory.h"

#include <map>
#include <mutex>
#include <system_error>
#include <vector>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t partOfMemory = 8; ///< One of so many of a device's memory is for what nobody uses.

struct Stores {
    std::mutex mutex;
    std::map<std::string, SharedValues> byDevice; ///< Their memories are not each other's.
};

Stores& stores()
{
    static auto& all = *new Stores; // never destroyed: at exit the devices that its tensors lie on may be gone
    return all;
}

SharedValues& storeOf(at::Device device)
{
    const std::lock_guard lock(stores().mutex);
    return stores().byDevice.try_emplace(device.str(), memoryBytes(device) / partOfMemory).first->second;
}

/// Names a file in its present state, whichever way leads to it. One that is gone is named as it was asked for: reading
/// it says so better.
std::string stateKey(const fs::path& file)
{
    std::error_code gone;
    const auto path = fs::canonical(file, gone);
    return gone ? file.string() + '\n' : path.string() + ' ' + fileIdentity(path) + '\n';
}

/// The files that decide what an encoder gives; none where something is missing, which its loader says better.
std::vector<fs::path> filesOfEncoder(const fs::path& folder)
{
    try {
        return encoderFiles(folder);
    } catch (const DataError&) {
        return {};
    }
}

/// What an encoder gives depends on: its files, and how it computes.
std::string encoderState(const fs::path& folder, const EncoderOptions& options)
{
    std::string key = std::string(c10::toString(options.compute)) + ' ' + c10::toString(options.products) + '\n';
    key += folder.string() + '\n';
    for (const auto& file : filesOfEncoder(folder))
        key += stateKey(file);
    return key;
}

/// Half-precision weights stay mapped as the files have them.
std::int64_t bytesOfFiles(const fs::path& folder)
{
    std::int64_t bytes = 0;
    for (const auto& file : filesOfEncoder(folder)) {
        std::error_code gone;
        const auto size = fs::file_size(file, gone);
        bytes += gone ? 0 : static_cast<std::int64_t>(size);
    }
    return bytes;
}

std::int64_t tensorBytes(const TensorMap& tensors)
{
    std::int64_t bytes = 0;
    for (const auto& [name, tensor] : tensors)
        bytes += static_cast<std::int64_t>(tensor.nbytes());
    return bytes;
}

} // namespace

OpenedModel::OpenedModel(const StoredModel& stored, const fs::path& source, at::Device device)
    : state(stored.state)
    , averaged(stored.averaged())
    , model(state.config.model, std::nullopt, device)
{
    loadState(model.parameters(), stored.weights, source.string());
    description = stored.description(elementCount(model.parameters()));
}

std::shared_ptr<const OpenedModel> openModel(const fs::path& checkpoint, at::Device device)
{
    return storeOf(device).get<OpenedModel>(modelState(checkpoint), [&] {
        const auto opened = std::make_shared<const OpenedModel>(StoredModel::read(checkpoint), checkpoint, device);
        return SharedValues::Loaded<OpenedModel>{.value = opened,
                                                 .bytes = tensorBytes(stateOf(opened->model.parameters()))};
    });
}

std::string modelState(const fs::path& checkpoint)
{
    return stateKey(weightsFile(checkpoint)) + stateKey(checkpointFolder(checkpoint) / "state.json");
}

std::shared_ptr<const T5Encoder> openT5(const fs::path& folder, const Compute& compute)
{
    const auto options = EncoderOptions::of(compute);
    return storeOf(options.device).get<T5Encoder>(encoderState(folder, options), [&] {
        auto encoder = T5Encoder::load(folder, options);
        return SharedValues::Loaded<T5Encoder>{.value = std::move(encoder), .bytes = bytesOfFiles(folder)};
    });
}

std::shared_ptr<const DinoEncoder> openDino(const fs::path& folder, const Compute& compute)
{
    const auto options = EncoderOptions::of(compute);
    return storeOf(options.device).get<DinoEncoder>(encoderState(folder, options), [&] {
        auto encoder = DinoEncoder::load(folder, options);
        return SharedValues::Loaded<DinoEncoder>{.value = std::move(encoder), .bytes = bytesOfFiles(folder)};
    });
}

std::shared_ptr<const AutoencoderKl> openAutoencoder(const fs::path& folder, const Compute& compute)
{
    const auto options = EncoderOptions::of(compute);
    return storeOf(options.device).get<AutoencoderKl>(encoderState(folder, options), [&] {
        const auto encoder = std::make_shared<const AutoencoderKl>(AutoencoderKl::load(folder, options));
        return SharedValues::Loaded<AutoencoderKl>{.value = encoder, .bytes = tensorBytes(encoder->weights())};
    });
}

SharedValues::Held modelsInMemory()
{
    const std::lock_guard lock(stores().mutex);
    SharedValues::Held sum;
    for (const auto& [device, store] : stores().byDevice) {
        const auto held = store.held();
        sum.values += held.values;
        sum.used += held.used;
        sum.bytes += held.bytes;
    }
    return sum;
}

void giveBackModels()
{
    const std::lock_guard lock(stores().mutex);
    for (auto& [device, store] : stores().byDevice)
        store.giveBack();
}

} // namespace nanodit
