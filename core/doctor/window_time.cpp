#include "core/doctor/window_time.h"

#include "core/demo/demo_job.h"
#include "core/io/json_fault.h"
#include "core/io/scratch_folder.h"
#include "core/runtime/child_process.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <initializer_list>
#include <optional>
#include <system_error>

namespace nanodit {

namespace {

constexpr std::int64_t scenesOfWindow = 24;
constexpr std::chrono::seconds patienceWithWindow(180); ///< Beside the training.

/// Without one, Qt ends the program.
bool displayIsThere()
{
    const auto isSet = [](const char* name) {
        const char* const value = std::getenv(name);
        return value != nullptr && *value != '\0';
    };
    return isSet("DISPLAY") || isSet("WAYLAND_DISPLAY") || isSet("QT_QPA_PLATFORM");
}

/// Empty when stopped. `trainingSeconds` 0: it ends once it is drawn.
std::optional<WindowStart> startWindow(const WindowTimeRequest& request, const std::filesystem::path& workspace,
                                       std::int64_t trainingSeconds, const JobContext& context)
{
    ChildProgram program{.arguments = {request.program.string(), "--workspace", workspace.string(), "--device",
                                       request.device.device, "--threads", std::to_string(request.device.threads),
                                       "--measure-training", std::to_string(trainingSeconds)},
                         .folder = workspace,
                         .limit = patienceWithWindow + std::chrono::seconds(trainingSeconds)};
    if (!displayIsThere())
        program.arguments.insert(program.arguments.end(), {"-platform", "offscreen"});
    // The clock is the system's, so the program can tell what it took until it was able to look at one.
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    program.arguments.insert(program.arguments.end(),
                             {"--measure", std::to_string(std::chrono::nanoseconds(now).count())});
    const auto result = runChild(program, [&context] { return context.shouldStop(); });
    if (result.end == ChildResult::End::Stopped)
        return std::nullopt;
    if (!result.succeeded())
        throw DataError(request.program.string() + " could not be measured: it " + result.inWords(program));
    return valueOfJson<WindowStart>(result.output, "what " + request.program.string() + " measured");
}

JobEnd timeWindow(const WindowTimeRequest& request, const JobContext& context)
{
    std::error_code unreadable;
    if (!std::filesystem::is_regular_file(request.program, unreadable))
        throw UsageError("this build has no window that could be timed: " + request.program.string() +
                         " does not exist; use a build with the window (NANODIT_GUI)");
    const ScratchFolder folder("nanodit-bench");
    const auto workspace = folder.path() / "demo";
    if (makeDemoJob({.folder = workspace, .scenes = scenesOfWindow})->run(context) == JobEnd::Cancelled)
        return JobEnd::Cancelled;
    ProgressMeter meter(context, Stage::Timing, request.starts + 2, Unit::None);
    WindowTimes times;
    for (std::int64_t i = 0; i <= request.starts + 1; ++i) {
        const bool last = i == request.starts + 1;
        auto start = startWindow(request, workspace, last ? request.trainingSeconds : 0, context);
        if (!start)
            return JobEnd::Cancelled;
        if (last)
            times.work = std::move(*start);
        else if (i > 0) // after the first one, what it reads is in memory
            times.startSeconds.push_back(start->drawnSeconds);
        meter.advance();
    }
    request.finished(times);
    return JobEnd::Finished;
}

} // namespace

std::int64_t FrameCount::add(double seconds)
{
    const auto periods = std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(seconds / period)));
    due += periods;
    ++inTime; // the one that was due last
    longestSeconds = std::max(longestSeconds, seconds);
    return periods;
}

double FrameCount::share() const
{
    return due > 0 ? static_cast<double>(inTime) / static_cast<double>(due) : 0;
}

void to_json(nlohmann::json& json, const WindowStart& start)
{
    auto pages = nlohmann::json::array();
    for (const auto& page : start.pages)
        pages.push_back({{"page", page.page}, {"first_seconds", page.firstSeconds}, {"seconds", page.later}});
    json = {{"where", start.where},
            {"drawn_seconds", start.drawnSeconds},
            {"memory", start.memory},
            {"pages", pages},
            {"frames_due", start.frames.due},
            {"frames_in_time", start.frames.inTime},
            {"longest_seconds", start.frames.longestSeconds},
            {"train_steps", start.trainSteps}};
}

void from_json(const nlohmann::json& json, WindowStart& start)
{
    json.at("where").get_to(start.where);
    json.at("drawn_seconds").get_to(start.drawnSeconds);
    json.at("memory").get_to(start.memory);
    start.pages.clear();
    for (const auto& page : json.at("pages"))
        start.pages.push_back({.page = page.at("page").get<std::string>(),
                               .firstSeconds = page.at("first_seconds").get<double>(),
                               .later = page.at("seconds").get<std::vector<double>>()});
    json.at("frames_due").get_to(start.frames.due);
    json.at("frames_in_time").get_to(start.frames.inTime);
    json.at("longest_seconds").get_to(start.frames.longestSeconds);
    json.at("train_steps").get_to(start.trainSteps);
}

std::filesystem::path windowProgram()
{
    std::error_code unreadable;
    return std::filesystem::read_symlink("/proc/self/exe", unreadable).parent_path() / "nanodit-workbench";
}

std::unique_ptr<Job> makeWindowTimeJob(WindowTimeRequest request)
{
    return makeJob([request = std::move(request)](const JobContext& context) { return timeWindow(request, context); });
}

} // namespace nanodit
