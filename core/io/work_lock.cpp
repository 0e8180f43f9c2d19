#include "core/io/work_lock.h"

#include "core/runtime/error.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

std::string ownName()
{
    std::array<char, 256> host{};
    if (::gethostname(host.data(), host.size() - 1) != 0)
        return "process " + std::to_string(::getpid());
    return "process " + std::to_string(::getpid()) + " on " + host.data();
}

/// What the holder wrote: a line, or "another process" when it had no time to.
std::string holderOf(int descriptor)
{
    std::array<char, 300> text{};
    const auto count = ::pread(descriptor, text.data(), text.size() - 1, 0);
    const std::string line(text.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
    const auto end = line.find('\n');
    return end == std::string::npos || end == 0 ? "another process" : line.substr(0, end);
}

} // namespace

WorkLock::WorkLock(const fs::path& file, const std::string& what, Right right)
    : descriptor_(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666))
{
    if (descriptor_ < 0)
        throw StoreError(file.string() + " could not be opened: " + std::strerror(errno) +
                         "; check that its folder exists and that you may write to it");
    int result = 0;
    do
        result = ::flock(descriptor_, (right == Right::Alone ? LOCK_EX : LOCK_SH) | LOCK_NB);
    while (result != 0 && errno == EINTR);
    if (result != 0 && errno == EWOULDBLOCK) {
        const auto holder = holderOf(descriptor_);
        ::close(descriptor_);
        throw StoreError(what + " by " + holder + ": wait for it to end, or stop it, and run again");
    }
    held_ = result == 0; // some network file systems have no locks
    if (!held_)
        return;
    const auto text = ownName() + "\n";
    if (::ftruncate(descriptor_, 0) == 0)
        static_cast<void>(::pwrite(descriptor_, text.data(), text.size(), 0) >= 0); // only a help for others
}

WorkLock::~WorkLock()
{
    ::close(descriptor_);
}

} // namespace nanodit
