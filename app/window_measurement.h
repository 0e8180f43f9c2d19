#pragma once

#include <chrono>

namespace nanodit {

class MainWindow;
class Session;
class Training;

/// What `nanodit bench window` starts the program with, beside what a user would.
struct Measurement {
    std::chrono::steady_clock::time_point started; ///< When the program was started, by the system's clock.
    std::chrono::seconds training{};               ///< To count frames for; 0: only the start is timed.
};

/// Shows the window and measures it (core/doctor/window_time.h): until it is drawn and, where it is to train, each
/// switch of a page once its workspace is open, then frames while it trains as configs/demo.yaml says. Prints the
/// result as a line of JSON and ends the program; exit code 1, with a sentence on stderr, when that fails or takes too
/// long. Needs the event loop.
void measureWindow(MainWindow& window, Session& session, Training& training, const Measurement& measurement);

} // namespace nanodit
