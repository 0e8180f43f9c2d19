#pragma once

#include "core/io/archive_writer.h"

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace nanodit::test {

/// Names and contents of an archive's members.
using Members = std::vector<std::pair<std::string, std::string>>;

/// The bytes of a tar of those members.
inline std::string tarOf(const Members& members)
{
    std::string bytes;
    ArchiveWriter writer(ArchiveFormat::Tar, [&bytes](std::span<const std::byte> piece) {
        bytes.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    });
    for (const auto& [name, content] : members)
        writer.add(name, std::as_bytes(std::span(content)));
    writer.finish();
    return bytes;
}

} // namespace nanodit::test
