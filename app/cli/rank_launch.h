#pragma once

#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

namespace nanodit::cli {

/// The other processes of a training of several on this machine: this program again with the same arguments, each told
/// its rank in the variables that torchrun uses. They end with this process, however it ends.
class RankProcesses {
public:
    /// Starts ranks 1 to size - 1, with `more` arguments. Throws Error when one cannot be started.
    RankProcesses(std::int64_t size, int port, const std::vector<std::string>& more);
    /// Asks those that are left to end, and waits for them.
    ~RankProcesses();
    RankProcesses(const RankProcesses&) = delete;
    RankProcesses& operator=(const RankProcesses&) = delete;

    /// "rank 1 (process 123) was ended by signal 9" of those that were ended so far, or could not begin; waits a moment
    /// for one.
    std::string whoFailed();

private:
    struct Process {
        std::int64_t rank = 0;
        pid_t number = 0;
        int status = 0;
        bool ended = false;
    };
    void look();
    std::vector<Process> processes_;
};

} // namespace nanodit::cli
