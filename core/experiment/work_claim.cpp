#include "core/experiment/work_claim.h"

#include "core/runtime/error.h"
#include "core/runtime/job.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace nanodit {

namespace {

constexpr auto lookAgainAfter = std::chrono::milliseconds(500);

} // namespace

std::optional<WorkClaim> WorkClaim::tryTake(const std::filesystem::path& file)
{
    const int descriptor = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (descriptor < 0)
        throw StoreError("cannot write " + file.string() + ": " + std::strerror(errno));
    if (flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return WorkClaim(descriptor); // A file system without locks is used by one process alone.
    close(descriptor);
    return std::nullopt;
}

WorkClaim::~WorkClaim()
{
    if (descriptor_ >= 0)
        close(descriptor_);
}

WorkClaim::WorkClaim(WorkClaim&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1))
{
}

bool shareWork(const std::vector<std::string>& names, const std::filesystem::path& claims,
               const std::function<bool(std::size_t)>& done, const std::function<bool(std::size_t)>& work,
               const JobContext& context)
{
    std::filesystem::create_directories(claims);
    for (bool waiting = false;;) {
        bool open = false, worked = false;
        for (std::size_t i = 0; i < names.size(); ++i) {
            if (done(i))
                continue;
            open = true;
            const auto claim = WorkClaim::tryTake(claims / (names[i] + ".lock"));
            if (!claim || done(i)) // Somebody may have finished it in between.
                continue;
            if (context.shouldStop() || !work(i))
                return false;
            worked = true;
        }
        if (!open)
            return true;
        if (worked)
            continue;
        if (!std::exchange(waiting, true))
            context.info("other processes are working on the rest; waiting for them");
        std::this_thread::sleep_for(lookAgainAfter);
        if (context.shouldStop())
            return false;
    }
}

} // namespace nanodit
