#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace nanodit {

/// A file in a zip archive that lies in memory.
struct ZipRecord {
    std::string name;
    std::span<const std::byte> data; ///< Of one that is stored as it is.
    std::string fault;               ///< "is compressed", "is encrypted": it has no data then. Empty for a stored one.
    std::uint32_t checksum = 0;      ///< CRC-32 as the directory gives it.

    /// False when the data do not have the checksum. Zero counts as "was not computed", as torch.save can be told.
    bool checksumHolds() const;
};

/// Reads the directory of a zip archive (PKWARE APPNOTE 6.3, with ZIP64), in its order. Everything is checked: records
/// that are stored lie inside the file, their local headers agree with the directory, no name occurs twice. Throws
/// DataError for what is truncated or damaged. `name` stands in messages.
std::vector<ZipRecord> readZipDirectory(std::span<const std::byte> file, const std::string& name);

} // namespace nanodit
