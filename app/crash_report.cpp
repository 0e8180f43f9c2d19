#include "app/crash_report.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>

#ifdef __linux__
#include <csignal>
#include <ctime>
#include <execinfo.h>
#include <fcntl.h>
#include <unistd.h>
#endif

namespace nanodit {

namespace fs = std::filesystem;

namespace {

constexpr auto newEnding = ".new"; ///< Behind the name of a report that nobody has been told of.

#ifdef __linux__

constexpr std::array fatalSignals = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
constexpr int deepest = 64;

// A signal handler may not allocate: what it writes is made before.
std::array<char, 4096> reportFile = {};
std::array<char, 256> programLine = {};
std::array<char, 512> lastWords = {}; ///< Of the exception that nothing caught.

void write(int file, const char* text)
{
    [[maybe_unused]] const auto written = ::write(file, text, std::strlen(text));
}

void writeNumber(int file, std::uint64_t number)
{
    std::array<char, 24> digits = {};
    auto* place = digits.data() + digits.size() - 1;
    do {
        *--place = static_cast<char>('0' + number % 10);
        number /= 10;
    } while (number > 0);
    write(file, place);
}

extern "C" void onFatalSignal(int signal)
{
    std::signal(signal, SIG_DFL); // the second time it ends the program as it would have without this
    const int file = ::open(reportFile.data(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file >= 0) {
        write(file, programLine.data());
        write(file, "\nseconds since 1970: ");
        writeNumber(file, static_cast<std::uint64_t>(std::time(nullptr)));
        write(file, "\nsignal: ");
        writeNumber(file, static_cast<std::uint64_t>(signal));
        const char* const name = sigabbrev_np(signal);
        write(file, name == nullptr ? "" : " SIG");
        write(file, name == nullptr ? "" : name);
        write(file, "\n");
        write(file, lastWords.data());
        write(file, "stack:\n");
        std::array<void*, deepest> frames = {};
        backtrace_symbols_fd(frames.data(), backtrace(frames.data(), deepest), file);
        ::close(file);
    }
    std::raise(signal);
}

void onTerminate()
{
    try {
        if (const auto thrown = std::current_exception())
            std::rethrow_exception(thrown);
    } catch (const std::exception& error) {
        std::strncpy(lastWords.data(), (std::string("uncaught exception: ") + error.what() + "\n").c_str(),
                     lastWords.size() - 1);
    } catch (...) {
        std::strncpy(lastWords.data(), "uncaught exception of unknown kind\n", lastWords.size() - 1);
    }
    std::abort();
}

#endif

} // namespace

void keepCrashReports(const fs::path& folder, const std::string& program)
{
#ifdef __linux__
    std::error_code none;
    fs::create_directories(folder, none);
    const auto file =
        (folder / ("crash-" + std::to_string(std::time(nullptr)) + "-" + std::to_string(getpid()) + ".txt" + newEnding))
            .string();
    if (file.size() >= reportFile.size())
        return;
    std::strncpy(reportFile.data(), file.c_str(), reportFile.size() - 1);
    std::strncpy(programLine.data(), program.c_str(), programLine.size() - 1);
    std::array<void*, 1> frame = {};
    backtrace(frame.data(), 1);                      // loads what it needs, which a handler could not
    static std::array<char, 1 << 16> stackOfHandler; // the program's own may be what overflowed
    stack_t stack = {};
    stack.ss_sp = stackOfHandler.data();
    stack.ss_size = stackOfHandler.size();
    sigaltstack(&stack, nullptr);
    struct sigaction action = {};
    action.sa_handler = onFatalSignal;
    action.sa_flags = SA_ONSTACK;
    for (const int signal : fatalSignals)
        sigaction(signal, &action, nullptr);
    std::set_terminate(onTerminate);
#else
    static_cast<void>(folder);
    static_cast<void>(program);
#endif
}

std::vector<fs::path> takeCrashReports(const fs::path& folder)
{
    std::vector<fs::path> reports;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(folder, none)) {
        if (entry.path().extension() == newEnding)
            reports.push_back(entry.path());
    }
    std::sort(reports.begin(), reports.end());
    for (auto& report : reports) {
        auto kept = report;
        kept.replace_extension();
        fs::rename(report, kept, none);
        report = kept;
    }
    return reports;
}

} // namespace nanodit
