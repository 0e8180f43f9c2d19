#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace nanodit {

/// Who trains a run.
struct RunHolder {
    std::string host; ///< Empty where the lock's file could not be read.
    std::int64_t process = 0;
    std::int64_t since = 0; ///< Seconds since the epoch, by that host's clock.
    bool here = false;      ///< This program itself.
    std::optional<std::int64_t>
        silentFor; ///< Seconds since its last sign of life, where that is all one can see of it.

    /// "process 123 on brain since 2026-11-28 22:10:05", "this program since ..."
    std::string text() const;
};

/// Who trains the run now; empty for nobody. What a process left that has ended does not count. Looks only; any thread.
std::optional<RunHolder> runHolder(const std::filesystem::path& runFolder);

/// The right to be the only one that trains a run, for as long as this object lives: the file `lock` in the run's
/// folder, which names its holder. It needs no locks of the file system, which network folders may lack or keep to one
/// machine. A holder of this machine that has ended, however it did, is known by its process; one of another machine by
/// the file's time, which the holder renews every 20 s: after 3 minutes of silence it counts as gone.
class RunLock {
public:
    /// Throws StoreError naming the holder, or what keeps the file from being written.
    RunLock(const std::filesystem::path& runFolder, const std::string& runName);
    ~RunLock();
    RunLock(const RunLock&) = delete;
    RunLock& operator=(const RunLock&) = delete;

    /// Somebody else took the run or removed the file, as after this machine slept: nothing more may be written to the
    /// run's folder. Found out within 20 s.
    bool lost() const { return lost_; }
    /// Whose lock was found that had ended without giving it back (a crash, a kill, a power cut).
    const std::optional<RunHolder>& predecessor() const { return predecessor_; }

private:
    void take(const std::string& runName);
    void renew();
    bool isOurs() const;

    std::filesystem::path file_;
    int descriptor_ = -1;
    std::optional<RunHolder> predecessor_;
    std::atomic<bool> lost_ = false;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::jthread renewal_; ///< Last: it uses the rest.
};

} // namespace nanodit
