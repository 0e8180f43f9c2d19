#include "app/cli/rank_launch.h"

#include "app/cli/terminal.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace nanodit::cli {

namespace {

/// This process's own arguments, without --ranks: the others are told in variables.
std::vector<std::string> ownArguments()
{
    std::ifstream file("/proc/self/cmdline", std::ios::binary);
    const std::string all((std::istreambuf_iterator<char>(file)), {});
    std::vector<std::string> arguments;
    for (std::size_t at = 0; at < all.size(); at = all.find('\0', at) + 1)
        arguments.emplace_back(all.c_str() + at);
    for (std::size_t i = 0; i < arguments.size();) {
        const bool apart = arguments[i] == "--ranks";
        if (!apart && !arguments[i].starts_with("--ranks=")) {
            ++i;
            continue;
        }
        const auto first = arguments.begin() + static_cast<std::ptrdiff_t>(i);
        arguments.erase(first, first + (apart && i + 1 < arguments.size() ? 2 : 1));
    }
    return arguments;
}

/// The environment with other values of some variables.
std::vector<std::string> environmentWith(const std::vector<std::pair<std::string, std::string>>& values)
{
    std::vector<std::string> entries;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string text = *entry;
        const bool replaced = std::any_of(values.begin(), values.end(),
                                          [&text](const auto& value) { return text.starts_with(value.first + "="); });
        if (!replaced)
            entries.push_back(text);
    }
    for (const auto& [name, value] : values)
        entries.push_back(name + "=" + value);
    return entries;
}

std::vector<char*> pointersTo(std::vector<std::string>& texts)
{
    std::vector<char*> pointers;
    for (auto& text : texts)
        pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

std::string inWords(std::int64_t rank, pid_t number, int status)
{
    const auto who = "rank " + std::to_string(rank) + " (process " + std::to_string(number) + ")";
    if (WIFSIGNALED(status))
        return who + " was ended by signal " + std::to_string(WTERMSIG(status));
    return who + " ended with code " + std::to_string(WEXITSTATUS(status));
}

} // namespace

RankProcesses::RankProcesses(std::int64_t size, int port, const std::vector<std::string>& more)
{
    auto arguments = ownArguments();
    arguments.insert(arguments.end(), more.begin(), more.end());
    auto argv = pointersTo(arguments);
    const auto parent = ::getpid();
    for (std::int64_t rank = 1; rank < size; ++rank) {
        auto environment = environmentWith({{"RANK", std::to_string(rank)},
                                            {"WORLD_SIZE", std::to_string(size)},
                                            {"LOCAL_RANK", std::to_string(rank)},
                                            {"MASTER_ADDR", "127.0.0.1"},
                                            {"MASTER_PORT", std::to_string(port)}});
        auto envp = pointersTo(environment);
        const pid_t child = ::fork();
        if (child == 0) { // only calls that are safe between fork and exec
            ::prctl(PR_SET_PDEATHSIG, SIGTERM);
            if (::getppid() != parent)
                ::_exit(1);
            const int nowhere = ::open("/dev/null", O_WRONLY); // one of them prints the result
            ::dup2(nowhere, STDOUT_FILENO);
            ::execve("/proc/self/exe", argv.data(), envp.data());
            ::_exit(127);
        }
        if (child < 0)
            throw Error("rank " + std::to_string(rank) + " could not be started: " + std::strerror(errno));
        processes_.push_back({.rank = rank, .number = child});
    }
}

RankProcesses::~RankProcesses()
{
    using namespace std::chrono_literals;
    const auto allEnd = [this](int tries) {
        for (int i = 0; i < tries; ++i) {
            look();
            if (std::all_of(processes_.begin(), processes_.end(), [](const Process& process) { return process.ended; }))
                return true;
            std::this_thread::sleep_for(20ms);
        }
        return false;
    };
    if (allEnd(100)) // those that have finished
        return;
    for (const int signal : {SIGTERM, SIGKILL}) { // one that waits for a rank that is gone is asked to
        for (const auto& process : processes_) {
            if (!process.ended)
                ::kill(process.number, signal);
        }
        if (allEnd(250))
            return;
    }
}

std::string RankProcesses::whoFailed()
{
    using namespace std::chrono_literals;
    for (int i = 0; i < 25; ++i) {
        look();
        for (const auto& process : processes_) {
            // One that failed has said why; perhaps that another is gone, of which this process knows by itself.
            const auto code = WIFEXITED(process.status) ? WEXITSTATUS(process.status) : -1;
            const bool knowsWhy = code == 0 || code == exitCancelled || code == exitFailed;
            if (process.ended && !knowsWhy)
                return inWords(process.rank, process.number, process.status);
        }
        std::this_thread::sleep_for(20ms);
    }
    return {};
}

void RankProcesses::look()
{
    for (auto& process : processes_) {
        if (!process.ended)
            process.ended = ::waitpid(process.number, &process.status, WNOHANG) == process.number;
    }
}

} // namespace nanodit::cli
