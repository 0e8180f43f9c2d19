#pragma once

#include <filesystem>
#include <string>

namespace nanodit {

/// A new folder among the temporary ones, removed with all that is in it.
class ScratchFolder {
public:
    /// `name` begins the folder's name. Throws StoreError when none can be made.
    explicit ScratchFolder(const std::string& name);
    ~ScratchFolder();
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;

    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

} // namespace nanodit
