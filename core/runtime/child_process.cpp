#include "core/runtime/child_process.h"

#include "core/runtime/error.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

extern "C" char** environ; // NOLINT: POSIX declares it nowhere

namespace nanodit {

namespace {

constexpr std::size_t mostErrors = 2000; ///< Bytes of the end of its errors.
constexpr int pollMilliseconds = 50;
constexpr int shortPollMilliseconds = 2; ///< When it has closed both, its end is near.

/// A pipe whose ends close with this object and are not handed on to other programs.
class Pipe {
public:
    Pipe()
    {
        if (::pipe2(ends_.data(), O_CLOEXEC) != 0)
            throw StoreError(std::string("no pipe to another program could be made: ") + std::strerror(errno) +
                             "; close other programs and try again");
    }
    ~Pipe()
    {
        closeEnd(0);
        closeEnd(1);
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;

    int readEnd() const { return ends_[0]; }
    int writeEnd() const { return ends_[1]; }
    void closeEnd(std::size_t end)
    {
        if (ends_[end] >= 0)
            ::close(std::exchange(ends_[end], -1));
    }
    bool open() const { return ends_[0] >= 0; }

    /// What is there now, at most once; closes the reading end at the end of the data.
    void readInto(std::string& text)
    {
        std::array<char, 16384> buffer;
        const auto count = ::read(readEnd(), buffer.data(), buffer.size());
        if (count > 0)
            text.append(buffer.data(), static_cast<std::size_t>(count));
        else if (count == 0 || (errno != EINTR && errno != EAGAIN))
            closeEnd(0);
    }

private:
    std::array<int, 2> ends_{-1, -1};
};

/// A file in memory that holds what the program reads: unlike a pipe, it takes all at once and minds nobody who leaves
/// it unread.
class Input {
public:
    explicit Input(const std::string& text)
    {
        if (text.empty())
            return;
        file_ = ::memfd_create("input", MFD_CLOEXEC);
        std::size_t written = 0;
        while (file_ >= 0 && written < text.size()) {
            const auto count = ::write(file_, text.data() + written, text.size() - written);
            if (count > 0)
                written += static_cast<std::size_t>(count);
            else if (errno != EINTR)
                break;
        }
        if (written < text.size() || ::lseek(file_, 0, SEEK_SET) != 0) {
            const std::string why = std::strerror(errno);
            if (file_ >= 0)
                ::close(file_); // no destructor does
            throw StoreError("the input of another program could not be stored: " + why +
                             "; close other programs and try again");
        }
    }
    ~Input()
    {
        if (file_ >= 0)
            ::close(file_);
    }
    Input(const Input&) = delete;
    Input& operator=(const Input&) = delete;

    int file() const { return file_; } ///< -1 for nothing to read.

private:
    int file_ = -1;
};

/// What the program starts with: our environment, its own group, no signals blocked or ignored.
class Spawning {
public:
    Spawning(const ChildProgram& program, const Input& input, const Pipe& output, const Pipe& errors)
    {
        posix_spawn_file_actions_init(&actions_);
        posix_spawn_file_actions_addchdir_np(&actions_, program.folder.c_str());
        if (input.file() >= 0)
            posix_spawn_file_actions_adddup2(&actions_, input.file(), STDIN_FILENO);
        else
            posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&actions_, output.writeEnd(), STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&actions_, errors.writeEnd(), STDERR_FILENO);
        posix_spawnattr_init(&attributes_);
        posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        posix_spawnattr_setpgroup(&attributes_, 0);
        sigset_t none, all;
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawnattr_setsigmask(&attributes_, &none);
        posix_spawnattr_setsigdefault(&attributes_, &all);
    }
    ~Spawning()
    {
        posix_spawnattr_destroy(&attributes_);
        posix_spawn_file_actions_destroy(&actions_);
    }
    Spawning(const Spawning&) = delete;
    Spawning& operator=(const Spawning&) = delete;

    pid_t start(const ChildProgram& program)
    {
        auto arguments = program.arguments;
        std::vector<char*> pointers;
        for (auto& argument : arguments)
            pointers.push_back(argument.data());
        pointers.push_back(nullptr);
        pid_t child = 0;
        const int code = posix_spawnp(&child, pointers.front(), &actions_, &attributes_, pointers.data(), environ);
        if (code != 0)
            throw DataError("the program \"" + arguments.front() + "\" could not be started in " +
                            program.folder.string() + ": " + std::strerror(code) +
                            "; check its name, that it is installed, and that it may be run");
        return child;
    }

private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

/// Whoever started us may have left SIGCHLD ignored: the system then forgets how a program ended before we ask.
void hearOfEnds()
{
    struct sigaction action {};
    if (::sigaction(SIGCHLD, nullptr, &action) == 0 && (action.sa_flags & SA_SIGINFO) == 0 &&
        action.sa_handler == SIG_IGN)
        ::signal(SIGCHLD, SIG_DFL);
}

/// True once the program has ended; it stays a zombie, and so its group its own, until it is waited for.
bool hasEnded(pid_t child)
{
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == child;
}

/// Kills the group and takes the program's end.
void finish(pid_t child, ChildResult& result, bool natural)
{
    ::kill(-child, SIGKILL);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!natural)
        return;
    result.end = WIFEXITED(status) ? ChildResult::End::Exited : ChildResult::End::Killed;
    result.code = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
}

/// False when nothing came.
bool readWhatComes(Pipe& output, Pipe& errors, int milliseconds, ChildResult& result)
{
    std::array<pollfd, 2> waiting = {{{output.readEnd(), POLLIN, 0}, {errors.readEnd(), POLLIN, 0}}};
    if (::poll(waiting.data(), waiting.size(), milliseconds) <= 0) // ends that are closed are passed over
        return false;
    if (waiting[0].revents != 0)
        output.readInto(result.output);
    if (waiting[1].revents != 0)
        errors.readInto(result.errors);
    if (result.errors.size() > mostErrors)
        result.errors.erase(0, result.errors.size() - mostErrors);
    return true;
}

} // namespace

ChildResult runChild(const ChildProgram& program, const std::function<bool()>& shouldStop)
{
    hearOfEnds();
    const Input input(program.input);
    Pipe output, errors;
    const auto child = Spawning(program, input, output, errors).start(program);
    output.closeEnd(1);
    errors.closeEnd(1);
    ChildResult result;
    const auto deadline = std::chrono::steady_clock::now() + program.limit;
    const auto givenUp = [&](ChildResult::End why) {
        result.end = why;
        finish(child, result, false);
        return result;
    };
    for (bool ended = false; !ended;) {
        ended = hasEnded(child);
        if (ended)
            ::kill(-child, SIGKILL); // what it started may hold the pipes open and go on writing
        // After its end all that it wrote is in the pipes, which hold 64 KiB each.
        for (int reads = ended ? 16 : 1; reads > 0; --reads) {
            const int wait = ended ? 0 : output.open() || errors.open() ? pollMilliseconds : shortPollMilliseconds;
            if (!readWhatComes(output, errors, wait, result))
                break;
        }
        if (result.output.size() > program.mostOutput)
            return givenUp(ChildResult::End::TooMuch);
        if (!ended && shouldStop())
            return givenUp(ChildResult::End::Stopped);
        if (!ended && std::chrono::steady_clock::now() >= deadline)
            return givenUp(ChildResult::End::TooLong);
    }
    finish(child, result, true);
    return result;
}

std::string ChildResult::inWords(const ChildProgram& program) const
{
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(program.limit).count();
    switch (end) {
    case End::Exited:
    case End::Killed: {
        auto text = end == End::Exited ? "ended with code " + std::to_string(code)
                                       : "was ended by signal " + std::to_string(code) + " (" + sigdescr_np(code) + ")";
        const auto last = errors.find_last_not_of(" \t\r\n");
        if (last == std::string::npos)
            return text;
        const auto line = errors.rfind('\n', last);
        return text + ": " + errors.substr(line == std::string::npos ? 0 : line + 1, last - line);
    }
    case End::TooLong:
        return "took longer than " + std::to_string(seconds) + " s and was ended";
    case End::TooMuch:
        return "wrote more than " + std::to_string(program.mostOutput / 1024) + " KiB and was ended";
    case End::Stopped:
        return "was stopped";
    }
    return {};
}

} // namespace nanodit
