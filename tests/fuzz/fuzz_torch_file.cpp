#include "core/io/torch_file.h"
#include "core/runtime/error.h"

#include <cstdint>

/// A file of torch.save, and every element of the tensors in its state dict.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace nanodit;
    try {
        const auto file = PtFile::parse(std::as_bytes(std::span(data, size)), nullptr, "input");
        for (const auto& [name, array] : file.stateDict())
            if (array.elements() < 1 << 20)
                inRowMajorOrder(array);
    } catch (const DataError&) {
    }
    return 0;
}
