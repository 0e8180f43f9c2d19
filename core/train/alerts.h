#pragma once

#include "core/config/workspace_config.h"
#include "core/train/train_job.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace nanodit {

/// Which events are reported: every end, but spikes and stalls only once in a while each, so that a diverging training
/// does not report every step.
class EventFilter {
public:
    static constexpr std::chrono::minutes quiet{10};

    using Clock = std::chrono::steady_clock;
    bool lets(const TrainEvent& event, Clock::time_point now = Clock::now());

private:
    std::map<std::string, Clock::time_point> last_;
};

/// Hands a training's events to the program of `alerts.command` (workspace.yaml), one after the other, on a thread of
/// its own: the training does not wait for it. The program gets a line of JSON on its standard input: event, run, step,
/// text, workspace. A program that fails or takes too long is reported, and never ends a training.
class AlertSender {
public:
    /// Does nothing where the workspace names no program.
    explicit AlertSender(const Workspace& workspace);
    /// Waits until all events are delivered, each within its time limit.
    ~AlertSender();
    AlertSender(const AlertSender&) = delete;
    AlertSender& operator=(const AlertSender&) = delete;

    /// Returns at once.
    void send(const TrainEvent& event);
    /// Returns when all events are delivered.
    void finish();
    /// What went wrong since the last call; sentences.
    std::vector<std::string> takeFaults();

private:
    void work();
    std::string tell(const TrainEvent& event) const;

    Workspace workspace_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<TrainEvent> waiting_;
    std::vector<std::string> faults_;
    bool ending_ = false;
    std::thread thread_;
};

} // namespace nanodit
