#pragma once

#include <filesystem>
#include <string_view>

namespace nanodit {

/// A file of a run that grows by lines or events. The system has a piece once append() returns: readers, and the run
/// when it is resumed after a kill, meet whole pieces and at most the beginning of one more.
class GrowingFile {
public:
    /// Goes on at its end; a file that is not there is made. Throws StoreError.
    explicit GrowingFile(std::filesystem::path file);
    ~GrowingFile();
    GrowingFile(const GrowingFile&) = delete;
    GrowingFile& operator=(const GrowingFile&) = delete;

    /// Throws StoreError, and does so ever after: nothing may follow what is perhaps the beginning of a piece.
    void append(std::string_view piece);
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
    int descriptor_;
    int failure_ = 0; ///< errno of the append that failed.
};

} // namespace nanodit
