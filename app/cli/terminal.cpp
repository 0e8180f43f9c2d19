#include "app/cli/terminal.h"

#include "app/cli/interrupts.h"
#include "app/cli/wording.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <mutex>
#include <sys/ioctl.h>
#include <unistd.h>

namespace nanodit::cli {

namespace {

bool beginsCharacter(char c)
{
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
}

/// At most so many characters (not bytes) of a UTF-8 text.
std::string startOf(const std::string& text, std::size_t characters)
{
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (beginsCharacter(text[i]) && characters-- == 0)
            return text.substr(0, i);
    }
    return text;
}

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
        std::fprintf(stderr, "%s%s\n", mark, withoutControls(text).c_str());
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
        if (terminal_ && ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 10)
            return startOf(text, window.ws_col - 1U);
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

/// While it lives, Ctrl-C asks this job to stop.
class StopOnInterrupt {
public:
    StopOnInterrupt(Interrupts* interrupts, std::shared_ptr<JobControl> control)
        : interrupts_(interrupts)
    {
        if (interrupts_ != nullptr)
            interrupts_->jobBegins(std::move(control));
    }
    ~StopOnInterrupt()
    {
        if (interrupts_ != nullptr)
            interrupts_->jobEnds();
    }
    StopOnInterrupt(const StopOnInterrupt&) = delete;
    StopOnInterrupt& operator=(const StopOnInterrupt&) = delete;

private:
    Interrupts* interrupts_;
};

/// The number of characters (not bytes) of a UTF-8 text.
std::size_t width(const std::string& text)
{
    return static_cast<std::size_t>(std::ranges::count_if(text, beginsCharacter));
}

} // namespace

JobEnd runJob(Job& job, Output& output, const std::string& toContinue)
{
    ProgressLine line(output.quiet);
    JobContext context;
    context.report = [&line](const Progress& progress) { line.show(progress); };
    context.log = [&line](LogLevel level, const std::string& text) { line.note(level, text); };
    const StopOnInterrupt stopping(output.interrupts, context.control);
    try {
        const auto end = job.run(context);
        line.finishLine();
        if (end == JobEnd::Cancelled) {
            output.cancelled = true;
            if (!output.quiet)
                std::fprintf(stderr, "stopped%s%s\n", toContinue.empty() ? "" : "; ", toContinue.c_str());
        }
        return end;
    } catch (...) {
        line.finishLine();
        throw;
    }
}

std::string withoutControls(std::string text)
{
    const auto at = [&text](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
    for (std::size_t i = 0; i < text.size(); ++i) {
        if ((at(i) < 0x20 && at(i) != '\n' && at(i) != '\t') || at(i) == 0x7f)
            text[i] = '?';
        else if (at(i) == 0xC2 && at(i + 1) >= 0x80 && at(i + 1) < 0xA0) // those beyond ASCII, in UTF-8
            text.replace(i, 2, "?");
    }
    return text;
}

void printNote(const Output& output, const std::string& text)
{
    if (!output.quiet)
        std::fprintf(stderr, "%s%s\n", isatty(STDERR_FILENO) != 0 ? "\r\033[K" : "", withoutControls(text).c_str());
}

void printResult(Output& output, const std::string& text, const nlohmann::json& json)
{
    if (output.json)
        output.result = json;
    else if (!text.empty())
        std::cout << withoutControls(text) << (text.back() == '\n' ? "" : "\n") << std::flush;
}

bool printOnce(const nlohmann::json& object)
{
    static std::mutex mutex;
    static bool printed = false;
    const std::lock_guard lock(mutex);
    if (printed)
        return false;
    printed = true;
    std::cout << object.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << std::endl;
    return true;
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

std::string decimalText(double value, int decimals)
{
    char text[64];
    std::snprintf(text, sizeof text, "%.*f", decimals, value);
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
