#pragma once

#include "core/runtime/compute_choice.h"
#include "core/runtime/job.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace nanodit {

/// How fluidly a window draws: frames are due at equal distances, and one that comes late takes the place of those that
/// were due meanwhile.
struct FrameCount {
    static constexpr double period = 0.016; ///< Seconds.

    std::int64_t due = 0;
    std::int64_t inTime = 0;   ///< Of those, drawn within a period.
    double longestSeconds = 0; ///< From the moment that a frame was due until it was drawn.

    /// A frame was drawn so many seconds after it was due. Gives the number of periods from that moment to the next one
    /// at which a frame is due.
    std::int64_t add(double seconds);
    /// Of the frames in time; 0 before the first.
    double share() const;
};

/// Seconds from the wish to see a page until it is drawn; what the page then still reads is not waited for.
struct PageTime {
    std::string page;          ///< As on the window's command line: "dataset".
    double firstSeconds = 0;   ///< The first time. The page that the window opens with was drawn before that.
    std::vector<double> later; ///< Seconds of the times after it.
};

/// What one start of the window measured of itself. It reaches the program that started it as a line of JSON.
struct WindowStart {
    std::string where;                ///< "offscreen, 1280 x 800 pixels": Qt's platform, and the window's size.
    double drawnSeconds = 0;          ///< From the start of the program until the window is drawn.
    std::int64_t memory = 0;          ///< Bytes: the most that the program held.
    std::vector<PageTime> pages = {}; ///< These and what follows only where it was asked to train.
    FrameCount frames = {};           ///< While it trained.
    std::int64_t trainSteps = 0;      ///< Made meanwhile.
};
void to_json(nlohmann::json& json, const WindowStart& start);
void from_json(const nlohmann::json& json, WindowStart& start);

struct WindowTimes {
    std::vector<double> startSeconds; ///< WindowStart::drawnSeconds of every timed start.
    WindowStart work;                 ///< Of the last one, which shows the pages and trains.
};

struct WindowTimeRequest {
    std::filesystem::path program;     ///< The window's.
    std::int64_t starts = 5;           ///< That are timed, after one that is not.
    std::int64_t trainingSeconds = 20; ///< Over which frames are counted.
    ComputeChoice device{};
    std::function<void(const WindowTimes&)> finished = [](const auto&) {};
};

/// Where the program of the window lies, beside this program.
std::filesystem::path windowProgram();

/// Makes a demo workspace in a folder of its own below the system's for temporary files, starts the window's program
/// with it, and removes it. The user's preferences and caches are neither read nor changed. Without a display the
/// window draws into memory. Throws UsageError if the program of the window does not exist, DataError if it fails.
std::unique_ptr<Job> makeWindowTimeJob(WindowTimeRequest request);

} // namespace nanodit
