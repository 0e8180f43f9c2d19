#include "core/io/npy.h"
#include "core/io/tar.h"
#include "core/runtime/error.h"

#include <cstdint>

/// A tar as webdataset reads it, and every array in it; also the input itself as an array.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace nanodit;
    const auto bytes = std::as_bytes(std::span(data, size));
    const auto tryArray = [](std::span<const std::byte> file) {
        try {
            const auto array = parseNpy(file, nullptr, "input");
            if (array.elements() < 1 << 20)
                inRowMajorOrder(array);
        } catch (const DataError&) {
        }
    };
    tryArray(bytes);
    try {
        for (const auto& sample : readWebdataset(bytes, nullptr, "input"))
            for (const auto& file : sample.files)
                tryArray(file.data);
    } catch (const DataError&) {
    }
    return 0;
}
