#include "app/cli/terminal.h"

#include "app/cli/wording.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <sys/ioctl.h>
#include <thread>
#include <unistd.h>

namespace nanodit::cli {

namespace {

volatile std::sig_atomic_t interrupts = 0;

extern "C" void onInterrupt(int signal)
{
    interrupts = interrupts + 1;
    if (interrupts > 1)
        std::_Exit(128 + signal);
}

/// Hears Ctrl-C and SIGTERM while it lives.
class InterruptListener {
public:
    InterruptListener()
    {
        interrupts = 0;
        struct sigaction action = {};
        action.sa_handler = onInterrupt;
        sigaction(SIGINT, &action, &oldInterrupt_);
        sigaction(SIGTERM, &action, &oldTerminate_);
    }
    ~InterruptListener()
    {
        sigaction(SIGINT, &oldInterrupt_, nullptr);
        sigaction(SIGTERM, &oldTerminate_, nullptr);
    }
    InterruptListener(const InterruptListener&) = delete;
    InterruptListener& operator=(const InterruptListener&) = delete;

private:
    struct sigaction oldInterrupt_ = {}, oldTerminate_ = {};
};

/// Draws progress on stderr.
class ProgressLine {
public:
    explicit ProgressLine(bool quiet)
        : quiet_(quiet)
        , terminal_(isatty(STDERR_FILENO) != 0)
    {
    }

    void show(const Progress& progress)
    {
        if (quiet_)
            return;
        const auto stage = stageText(progress);
        if (stage != stage_)
            finishLine();
        const auto now = std::chrono::steady_clock::now();
        const bool done = progress.total > 0 && progress.done >= progress.total;
        const auto interval = terminal_ ? std::chrono::milliseconds(100) : std::chrono::seconds(10);
        if (!done && stage == stage_ && now - last_ < interval)
            return;
        stage_ = stage;
        last_ = now;
        const auto text = line(progress);
        if (terminal_) {
            std::fprintf(stderr, "\r\033[K%s", text.c_str());
            open_ = true;
            std::fflush(stderr);
        } else if (text != lastText_) {
            std::fprintf(stderr, "%s\n", text.c_str());
        }
        lastText_ = text;
    }

    void note(LogLevel level, const std::string& text)
    {
        if (quiet_ && level == LogLevel::Info)
            return;
        finishLine();
        const char* const mark = level == LogLevel::Info ? "" : level == LogLevel::Warning ? "warning: " : "error: ";
        std::fprintf(stderr, "%s%s\n", mark, text.c_str());
    }

    void finishLine()
    {
        if (open_)
            std::fputc('\n', stderr);
        open_ = false;
    }

private:
    bool quiet_, terminal_, open_ = false;
    std::string stage_, lastText_;
    std::chrono::steady_clock::time_point last_{};

    std::string line(const Progress& progress) const
    {
        std::string text = stage_;
        if (progress.total > 0 && terminal_)
            text += "  " + bar(progress);
        if (progress.total > 0 || progress.done > 0)
            text += "  " + amountText(progress);
        if (progress.perSecond > 0)
            text += "  " + rateText(progress);
        if (progress.secondsLeft && progress.done < progress.total)
            text += "  " + durationText(*progress.secondsLeft) + " left";
        winsize window = {};
        if (terminal_ && ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 10 &&
            text.size() >= window.ws_col)
            text.resize(window.ws_col - 1U);
        return text;
    }

    static std::string bar(const Progress& progress)
    {
        constexpr std::int64_t cells = 24;
        const auto full = std::clamp<std::int64_t>(progress.done * cells / progress.total, 0, cells);
        return "[" + std::string(static_cast<std::size_t>(full), '=') +
               std::string(static_cast<std::size_t>(cells - full), ' ') + "]";
    }
};

/// The number of characters (not bytes) of a UTF-8 text.
std::size_t width(const std::string& text)
{
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

} // namespace

JobEnd runJob(Job& job, const Output& output)
{
    const InterruptListener listener;
    ProgressLine line(output.quiet);
    JobContext context;
    // A signal handler may only set a flag; this thread passes it on.
    const auto control = context.control;
    std::jthread watcher([control](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            if (interrupts > 0)
                control->requestStop();
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
    });
    context.report = [&line](const Progress& progress) { line.show(progress); };
    context.log = [&line](LogLevel level, const std::string& text) { line.note(level, text); };
    try {
        const auto end = job.run(context);
        line.finishLine();
        if (end == JobEnd::Cancelled && !output.quiet)
            std::fputs("stopped; run the same command again to continue\n", stderr);
        return end;
    } catch (...) {
        line.finishLine();
        throw;
    }
}

void printResult(const Output& output, const std::string& text, const nlohmann::json& json)
{
    if (output.json)
        std::cout << json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << std::endl;
    else if (!text.empty())
        std::cout << text << (text.back() == '\n' ? "" : "\n") << std::flush;
}

std::string table(const std::vector<std::vector<std::string>>& rows)
{
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], width(row[i]));
    }
    std::string text;
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            text += row[i];
            if (i + 1 < row.size())
                text += std::string(widths[i] - width(row[i]) + 2, ' ');
        }
        text += '\n';
    }
    return text;
}

std::string durationText(double seconds)
{
    const auto whole = static_cast<std::int64_t>(seconds + 0.5);
    char text[32];
    if (whole < 60)
        std::snprintf(text, sizeof text, "%d s", static_cast<int>(whole));
    else if (whole < 3600)
        std::snprintf(text, sizeof text, "%d:%02d", static_cast<int>(whole / 60), static_cast<int>(whole % 60));
    else
        std::snprintf(text, sizeof text, "%d:%02d:%02d", static_cast<int>(whole / 3600),
                      static_cast<int>(whole / 60 % 60), static_cast<int>(whole % 60));
    return text;
}

} // namespace nanodit::cli
