#include "core/io/safetensors.h"
#include "core/runtime/error.h"

#include <cstdint>

/// A .safetensors file, and every byte of its arrays.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace nanodit;
    try {
        unsigned sum = 0;
        const auto file = parseSafetensors(std::as_bytes(std::span(data, size)), nullptr, "input");
        for (const auto& [name, array] : file.arrays)
            for (const auto byte : array.bytes)
                sum += std::to_integer<unsigned>(byte);
        [[maybe_unused]] static volatile unsigned sink; // so that the bytes are read
        sink = sum;
    } catch (const DataError&) {
    }
    return 0;
}
