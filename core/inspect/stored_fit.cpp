#include "core/inspect/stored_fit.h"

#include "core/io/tensor.h"
#include "core/preprocess/pass_encoders.h"
#include "core/runtime/error.h"

#include <ATen/ATen.h>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t fingerprintDigits = 16;

at::Tensor tensorOf(const std::vector<float>& values)
{
    return at::tensor(values);
}

at::Tensor scalars(std::initializer_list<double> values)
{
    return at::tensor(std::vector<double>(values));
}

std::vector<float> floats(const TensorMap& tensors, const std::string& name, std::int64_t count)
{
    const auto& tensor = tensors.at(name);
    if (tensor.scalar_type() != at::kFloat || tensor.numel() != count || !at::isfinite(tensor).all().item<bool>())
        throw DataError("a kept fit is damaged: " + name);
    const auto flat = tensor.contiguous();
    return {flat.data_ptr<float>(), flat.data_ptr<float>() + count};
}

std::vector<double> doubles(const TensorMap& tensors, const std::string& name, std::int64_t count)
{
    const auto& tensor = tensors.at(name);
    if (tensor.scalar_type() != at::kDouble || tensor.numel() != count)
        throw DataError("a kept fit is damaged: " + name);
    const auto flat = tensor.contiguous();
    return {flat.data_ptr<double>(), flat.data_ptr<double>() + count};
}

void addPlace(TensorMap& tensors, const PlaceField& field)
{
    tensors["place.coefficients"] = tensorOf(field.coefficients);
    tensors["place.numbers"] =
        scalars({static_cast<double>(field.width), static_cast<double>(field.pictures), field.share});
}

PlaceField placeIn(const TensorMap& tensors)
{
    const auto numbers = doubles(tensors, "place.numbers", 3);
    PlaceField field{.width = static_cast<std::int64_t>(numbers[0]),
                     .coefficients = {},
                     .pictures = static_cast<std::int64_t>(numbers[1]),
                     .share = numbers[2]};
    field.coefficients = floats(tensors, "place.coefficients", placeWaves * placeWaves * field.width);
    return field;
}

template<typename Read>
auto readKept(const fs::path& file, Read&& read) -> std::optional<decltype(read(TensorMap()))>
{
    std::error_code none;
    if (!fs::exists(file, none))
        return std::nullopt;
    try {
        return read(readTensors(file));
    } catch (const std::exception&) { // it can be made again
        return std::nullopt;
    }
}

} // namespace

fs::path patchFitFile(const Workspace& workspace, const PatchFitOptions& options, const std::string& encoder)
{
    const auto name = std::string(options.scope == BasisScope::Selection ? "selection" : "set") +
                      (options.foregroundOnly ? "-foreground" : "-all") +
                      (options.withoutPlace ? "-without-place" : "");
    return cacheFolder(workspace) / "patch_colours" /
           (name + "-" + encoder.substr(0, fingerprintDigits) + ".safetensors");
}

fs::path placeFieldFile(const Workspace& workspace, const std::string& encoder)
{
    return cacheFolder(workspace) / "patch_colours" /
           ("place-" + encoder.substr(0, fingerprintDigits) + ".safetensors");
}

void writePatchFit(const fs::path& file, const PatchFit& fit)
{
    const auto& basis = fit.basis;
    TensorMap tensors;
    tensors["mean"] = tensorOf(basis.mean);
    tensors["directions"] = tensorOf(basis.directions);
    if (!basis.foreground.empty())
        tensors["foreground"] = tensorOf(basis.foreground);
    tensors["numbers"] = scalars({static_cast<double>(basis.width), basis.shares[0], basis.shares[1], basis.shares[2],
                                  static_cast<double>(basis.pictures), static_cast<double>(basis.patches),
                                  static_cast<double>(basis.threshold)});
    if (!fit.place.empty())
        addPlace(tensors, fit.place);
    fs::create_directories(file.parent_path());
    writeTensors(file, tensors);
}

void writePlaceField(const fs::path& file, const PlaceField& field)
{
    TensorMap tensors;
    addPlace(tensors, field);
    fs::create_directories(file.parent_path());
    writeTensors(file, tensors);
}

std::optional<PatchFit> readPatchFit(const fs::path& file)
{
    return readKept(file, [](const TensorMap& tensors) {
        const auto numbers = doubles(tensors, "numbers", 7);
        PatchFit fit;
        auto& basis = fit.basis;
        basis.width = static_cast<std::int64_t>(numbers[0]);
        basis.shares = {numbers[1], numbers[2], numbers[3]};
        basis.pictures = static_cast<std::int64_t>(numbers[4]);
        basis.patches = static_cast<std::int64_t>(numbers[5]);
        basis.mean = floats(tensors, "mean", basis.width);
        basis.directions = floats(tensors, "directions", PatchBasis::colours * basis.width);
        if (tensors.count("foreground") != 0) {
            basis.foreground = floats(tensors, "foreground", basis.width);
            basis.threshold = static_cast<float>(numbers[6]);
        }
        if (tensors.count("place.numbers") != 0)
            fit.place = placeIn(tensors);
        return fit;
    });
}

std::optional<PlaceField> readPlaceField(const fs::path& file)
{
    return readKept(file, placeIn);
}

std::string dinoFingerprint(const Workspace& workspace, const JobContext& context)
{
    const auto encoders = encodersOf(workspace);
    return encoders.obstacle(Pass::Dino).empty() ? encoders.fingerprint(Pass::Dino, context) : std::string();
}

} // namespace nanodit
