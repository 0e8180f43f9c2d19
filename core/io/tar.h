#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

struct archive;

namespace nanodit {

/// A regular file in a tar archive.
struct TarMember {
    std::string name; ///< As stored; empty where the archive holds none that can be read. Not always UTF-8.
    std::span<const std::byte> data; ///< In the archive's own memory.
    bool hardLink = false;           ///< The data are those of a member before.
    bool sparse = false;             ///< It has holes, so that its data do not lie in one piece: they are not given.
};

/// Walks the regular files of an uncompressed tar (USTAR, PAX, GNU) that lies in memory, through libarchive. A hard
/// link gives the data of the member that it names; folders and symbolic links are skipped. An archive that ends
/// without its closing zero blocks is read fully.
class TarReader {
public:
    /// `owner` keeps `bytes` alive; `name` stands in messages. Throws DataError when this is no tar.
    TarReader(std::span<const std::byte> bytes, std::shared_ptr<const void> owner, std::string name);
    ~TarReader();
    TarReader(const TarReader&) = delete;
    TarReader& operator=(const TarReader&) = delete;

    /// Empty at the end. Throws DataError naming the archive when it is truncated or a header is damaged.
    std::optional<TarMember> next();
    /// Where what was read so far ends, in blocks of 512 bytes from the begin.
    std::size_t position() const { return position_; }
    /// Symbolic links so far, and hard links to what is not in the archive.
    std::int64_t linksPassedOver() const { return linksPassedOver_; }

private:
    struct Data {
        std::span<const std::byte> bytes;
        const std::byte* end = nullptr; ///< Behind the last piece; null where there is none.
        bool sparse = false;
    };
    /// `size` is what the header says.
    Data readData(const std::string& member, std::int64_t size);

    std::span<const std::byte> bytes_;
    std::shared_ptr<const void> owner_;
    std::string name_;
    std::size_t position_ = 0;
    std::int64_t linksPassedOver_ = 0;
    std::unordered_map<std::string, std::span<const std::byte>> members_; ///< By name, for hard links.
    archive* archive_ = nullptr;
};

/// A stretch of an archive that could not be read.
struct TarDamage {
    std::size_t from = 0, to = 0; ///< Bytes; `to` is where the next whole member begins, or the archive's end.
    std::string reason;           ///< A sentence that names the archive.
    bool endMark = false;         ///< Nothing is lost: another archive lies behind the end of one.
};
/// Walks an archive that may be damaged: what cannot be read, up to the next whole header, is skipped and reported in
/// `damages`, in order. Goes on after an end mark in the middle. Ends when `take` returns false. Gives the number of
/// links that were skipped.
std::int64_t walkDamagedTar(std::span<const std::byte> bytes, const std::shared_ptr<const void>& owner,
                            const std::string& name, const std::function<bool(const TarMember&)>& take,
                            std::vector<TarDamage>& damages);
/// Where the next member's header begins, at `from` (a multiple of 512) or behind it: the next block with a header's
/// checksum. The size of `bytes` where there is none.
std::size_t findTarHeader(std::span<const std::byte> bytes, std::size_t from);

/// One file of a webdataset sample.
struct WebdatasetFile {
    std::string extension; ///< In lower case, behind the first dot of the name: "dinov3.npy".
    std::span<const std::byte> data;
};
/// Adjacent files of one key.
struct WebdatasetSample {
    std::string key;                   ///< With the folders in front of it.
    std::vector<WebdatasetFile> files; ///< In the archive's order.

    /// Null when the sample has none of this extension.
    const WebdatasetFile* find(const std::string& extension) const;
};
/// Splits a member's name as the Python library webdataset does, at the first dot behind the last slash: key and
/// lower-case extension; empty for names that it passes over (without a dot or key, and "__anything__" at the top).
std::optional<std::pair<std::string, std::string>> webdatasetKey(const std::string& name);
/// The samples of a tar, as the Python library webdataset groups them. Throws DataError, also when a sample has an
/// extension twice.
std::vector<WebdatasetSample> readWebdataset(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                                             const std::string& name);
/// The same of an archive that may be damaged; see walkDamagedTar. An extension that comes twice begins another sample
/// of the same key.
std::vector<WebdatasetSample> readDamagedWebdataset(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                                                    const std::string& name, std::vector<TarDamage>& damages);

} // namespace nanodit
