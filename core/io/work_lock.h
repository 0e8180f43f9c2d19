#pragma once

#include <filesystem>
#include <string>

namespace nanodit {

/// The right to be the only one that works on something, or one of those who share the work, held by a lock on a file
/// that stays where it is. The lock goes with the process, however that ends, so that a killed worker leaves nothing in
/// the way; the file's text, "process 123 on host", only tells others whom to wait for. Locks on one file exclude each
/// other within one program, too.
class WorkLock {
public:
    /// Alone: nobody else has one. Shared: others may have shared ones.
    enum class Right { Alone, Shared };

    /// Takes it at once or throws StoreError: "WHAT by process 123 on host...". File systems without locks give one
    /// that excludes nobody (see held()).
    WorkLock(const std::filesystem::path& file, const std::string& what, Right right = Right::Alone);
    ~WorkLock();
    WorkLock(const WorkLock&) = delete;
    WorkLock& operator=(const WorkLock&) = delete;

    bool held() const { return held_; } ///< False where the file system has no locks.

private:
    int descriptor_ = -1;
    bool held_ = false;
};

} // namespace nanodit
