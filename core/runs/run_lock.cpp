#include "core/runs/run_lock.h"

#include "core/io/atomic_file.h"
#include "core/runs/lost_lock.h"
#include "core/runtime/error.h"
#include "core/runtime/local_time.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::seconds renewalInterval{20};
constexpr std::int64_t silenceOfTheGone = 180; // seconds

std::string firstLineOf(const fs::path& file)
{
    std::ifstream stream(file);
    std::string line;
    std::getline(stream, line);
    return line;
}

/// Where process numbers mean something: this boot of this machine, this namespace of process numbers in it.
std::string processSpace()
{
    std::error_code none;
    return firstLineOf("/proc/sys/kernel/random/boot_id") + " " + fs::read_symlink("/proc/self/ns/pid", none).string();
}

/// When a process began, in ticks since the boot; empty when there is no such process. Tells it from a later one that
/// was given the same number.
std::string beginningOf(std::int64_t process)
{
    const auto line = firstLineOf("/proc/" + std::to_string(process) + "/stat");
    const auto behindName = line.rfind(')'); // the name in parentheses may hold anything
    if (behindName == std::string::npos)
        return {};
    std::istringstream rest(line.substr(behindName + 1));
    std::string field;
    for (int number = 3; number <= 22; ++number) // proc(5): 3 is the state, 22 the time when it began
        rest >> field;
    return field;
}

std::string hostName()
{
    std::array<char, 256> host{};
    return ::gethostname(host.data(), host.size() - 1) == 0 ? host.data() : "an unnamed machine";
}

std::string ownText()
{
    const nlohmann::ordered_json json = {{"host", hostName()},
                                         {"process", ::getpid()},
                                         {"since", static_cast<std::int64_t>(std::time(nullptr))},
                                         {"began", beginningOf(::getpid())},
                                         {"space", processSpace()}};
    return json.dump() + "\n";
}

/// A lock's file as it was when it was opened.
struct Found {
    RunHolder holder;
    bool alive = true;
    struct stat status {};
};

/// `now`: by the clock that gives files their times. Empty when there is no file.
std::optional<Found> look(const fs::path& file, std::int64_t now)
{
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return std::nullopt;
    Found found;
    std::string text(4096, '\0');
    const auto count = ::read(descriptor, text.data(), text.size());
    text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    const bool seen = ::fstat(descriptor, &found.status) == 0;
    ::close(descriptor);
    if (!seen)
        return std::nullopt;

    std::string began, space;
    const auto json = nlohmann::json::parse(text, nullptr, false);
    try {
        found.holder.host = json.at("host");
        found.holder.process = json.at("process");
        found.holder.since = json.at("since");
        began = json.at("began");
        space = json.at("space");
    } catch (const nlohmann::json::exception&) {
        space.clear(); // no more than the file's time is known of who wrote this
    }
    if (!space.empty() && space == processSpace()) {
        found.alive = !began.empty() && beginningOf(found.holder.process) == began;
        found.holder.here = found.alive && found.holder.process == ::getpid();
    } else {
        found.holder.silentFor = std::max<std::int64_t>(0, now - found.status.st_mtim.tv_sec);
        found.alive = *found.holder.silentFor <= silenceOfTheGone;
    }
    return found;
}

bool sameFile(const struct stat& a, const struct stat& b)
{
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

[[noreturn]] void failToTake(const fs::path& file, int code)
{
    throw StoreError(file.string() + " could not be written: " + std::generic_category().message(code) +
                     "; the run's folder must be writable");
}

/// A name for the lock's file before it has its own, removed in the end.
class Draft {
public:
    explicit Draft(const fs::path& file)
        : path_(temporaryNameBeside(file))
        , descriptor_(::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666))
    {
        if (descriptor_ < 0)
            failToTake(file, errno);
        static_cast<void>(::flock(descriptor_, LOCK_EX | LOCK_NB) == 0); // while it is of use
        const auto text = ownText();
        if (::write(descriptor_, text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
            ::fsync(descriptor_) != 0 || ::fstat(descriptor_, &status_) != 0) {
            const int code = errno == 0 ? ENOSPC : errno;
            ::unlink(path_.c_str());
            ::close(descriptor_);
            failToTake(file, code);
        }
    }
    ~Draft()
    {
        ::unlink(path_.c_str());
        if (descriptor_ >= 0)
            ::close(descriptor_);
    }
    Draft(const Draft&) = delete;
    Draft& operator=(const Draft&) = delete;

    /// What the clock of the file system said when it was written.
    std::int64_t time() const { return status_.st_mtim.tv_sec; }
    int release() { return std::exchange(descriptor_, -1); }

    /// Gives it its name as well, unless somebody has it. 0 or errno.
    int linkTo(const fs::path& file) const
    {
        if (::link(path_.c_str(), file.c_str()) == 0)
            return 0;
        const int code = errno;
        struct stat now {};
        // The answer of a network file system may get lost: the number of names tells what happened.
        if (::fstat(descriptor_, &now) == 0 && now.st_nlink == 2)
            return 0;
        if (code != EPERM && code != ENOTSUP && code != ENOSYS)
            return code;
        // A file system without hard links: the text appears after the name, and a reader in between sees no holder.
        const int made = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (made < 0)
            return errno;
        const auto text = ownText();
        const bool written = ::write(made, text.data(), text.size()) == static_cast<ssize_t>(text.size());
        ::dup3(made, descriptor_, O_CLOEXEC);
        ::close(made);
        return written ? 0 : ENOSPC;
    }

private:
    fs::path path_;
    int descriptor_ = -1;
    struct stat status_ {};
};

/// Frees the name of a lock whose holder is gone. Of several that try, a lock on the abandoned file lets one through,
/// and the others then see that the name is another file's. Where the file system has no such locks, two may meet
/// between the look and the rename: what turns out not to be the file that was judged gets its name back.
void removeAbandoned(const fs::path& file, std::int64_t now)
{
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC); // open, so that its number is given to no other
    if (descriptor < 0)
        return;                                                                // gone already
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) { // another process is at it
        ::close(descriptor);
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        return;
    }
    struct stat judged {};
    const auto found = look(file, now);
    const auto aside = temporaryNameBeside(file);
    if (found && !found->alive && ::fstat(descriptor, &judged) == 0 && sameFile(judged, found->status) &&
        ::rename(file.c_str(), aside.c_str()) == 0) {
        struct stat moved {};
        if (::stat(aside.c_str(), &moved) == 0 && !sameFile(moved, judged))
            static_cast<void>(::link(aside.c_str(), file.c_str()) == 0);
        ::unlink(aside.c_str());
    }
    ::close(descriptor);
}

} // namespace

std::string RunHolder::text() const
{
    if (host.empty())
        return "a process that its lock does not name";
    return (here ? "this program" : "process " + std::to_string(process) + " on " + host) + " since " +
           localTimeText(static_cast<std::time_t>(since));
}

std::optional<RunHolder> runHolder(const fs::path& runFolder)
{
    const auto found = look(runFolder / "lock", std::time(nullptr));
    return found && found->alive ? std::optional(found->holder) : std::nullopt;
}

RunLock::RunLock(const fs::path& runFolder, const std::string& runName)
    : file_(runFolder / "lock")
{
    take(runName);
    renewal_ = std::jthread([this](const std::stop_token& stop) {
        std::unique_lock lock(mutex_);
        while (!changed_.wait_for(lock, stop, renewalInterval, [] { return false; }) && !stop.stop_requested())
            renew();
    });
}

void RunLock::take(const std::string& runName)
{
    Draft draft(file_);
    constexpr int tries = 20; // each after the first because another process freed or took the lock meanwhile
    for (int i = 0; i < tries; ++i) {
        const int code = draft.linkTo(file_);
        if (code == 0) {
            descriptor_ = draft.release();
            return;
        }
        if (code != EEXIST)
            failToTake(file_, code);
        const auto found = look(file_, draft.time());
        if (!found)
            continue;
        if (found->alive) {
            auto text = "the run \"" + runName + "\" is being trained by " + found->holder.text();
            if (found->holder.silentFor)
                text += ", whose last heartbeat was " + std::to_string(*found->holder.silentFor) + " s ago (after " +
                        std::to_string(silenceOfTheGone) + " s it counts as gone)";
            throw StoreError(text + ": wait for it to end, or stop it there, before you train this run here");
        }
        predecessor_ = found->holder;
        removeAbandoned(file_, draft.time());
    }
    throw StoreError("the lock of the run \"" + runName + "\", " + file_.string() +
                     ", could not be taken: other processes keep taking it");
}

void RunLock::renew()
{
    if (lockIsLost(file_, descriptor_))
        lost_ = true;
    else
        ::futimens(descriptor_, nullptr); // by the clock of the file's server, which all machines share
}

bool lockIsLost(const fs::path& file, int descriptor)
{
    struct stat named {
    }, own{};
    if (::stat(file.c_str(), &named) != 0)
        return errno == ENOENT || errno == ENOTDIR;
    return ::fstat(descriptor, &own) != 0 || !sameFile(named, own); // ESTALE: the server has removed it
}

bool RunLock::isOurs() const
{
    struct stat named {
    }, own{};
    return ::stat(file_.c_str(), &named) == 0 && ::fstat(descriptor_, &own) == 0 && sameFile(named, own);
}

RunLock::~RunLock()
{
    renewal_ = {};
    if (isOurs())
        ::unlink(file_.c_str());
    ::close(descriptor_);
}

} // namespace nanodit
