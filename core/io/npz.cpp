#include "core/io/npz.h"

#include "core/io/archive_writer.h"
#include "core/io/atomic_file.h"
#include "core/io/npy.h"

namespace nanodit {

void writeNpz(const std::filesystem::path& file, const NamedArrays& arrays)
{
    AtomicFile out(file);
    ArchiveWriter zip(ArchiveFormat::Zip, [&out](std::span<const std::byte> piece) { out.write(piece); });
    for (const auto& [name, array] : arrays)
        zip.add(name + ".npy", npyBytes(array));
    zip.finish();
    out.commit();
}

} // namespace nanodit
