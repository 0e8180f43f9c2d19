#pragma once

#include "core/train/meeting.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace nanodit {

/// Counters that the processes of a training share, in the process of rank 0: adds to one of them and gives what it is
/// then; one that nobody has added to is 0. Waits as long as that process stands still; throws when it has ended.
/// Called by one thread.
using SharedCounters = std::function<std::int64_t(const std::string& name, std::int64_t add)>;

/// How the processes of a training know of each other that they live: each counts up on a thread of its own, whatever
/// it computes meanwhile. Rank 0 watches the others and tells them who is lost; rank 0 itself is known by the counters
/// that it keeps. Time in which this process itself was stopped is no silence of another. Each also posts how many
/// messages it has begun, so that one that lives but hangs can be named: all ranks begin the same ones in the same
/// order.
class Pulse {
public:
    Pulse(SharedCounters counters, std::int64_t rank, std::int64_t size, const PulseTimes& times = {});
    /// Returns within a second, also when the counters' process stands still.
    ~Pulse();
    Pulse(const Pulse&) = delete;
    Pulse& operator=(const Pulse&) = delete;

    /// This rank has begun one message more.
    void begunMessage();
    /// It begins, or has ended, to work on something for which the others wait.
    void workAlone(bool begins);
    /// Whether another rank does that.
    bool othersWorkAlone();
    /// "rank 1 of 2 has sent no heartbeat for 20 s"; empty while all is well. To be asked again and again by a
    /// thread that waits for the others.
    std::string lost();
    /// After waiting too long for a message: "rank 1 of 4 is alive, but has not reached the point where the others
    /// wait", of all that have begun fewer messages than this rank; the others are told the same by lost(). Empty when
    /// nobody has, or when that cannot be found out within four times the grace.
    std::string absent();
    /// After a message failed: who has ended, "rank 1 of 2 has ended"; empty when nobody has within four times the
    /// grace, which leaves room for beats that come late on a busy machine.
    std::string whoEnded();

private:
    struct State;
    static void beat(const std::shared_ptr<State>& state);
    std::string named(std::int64_t rank, const std::string& what) const;
    std::string namedAbsent() const;
    std::string lostSoon();

    std::int64_t rank_, size_;
    PulseTimes times_;
    std::shared_ptr<State> state_; ///< Of the thread, too, which may outlive this.
    std::chrono::steady_clock::time_point lookedAt_;
    std::chrono::steady_clock::duration quiet_{}; ///< For which the counters have not answered.
    std::int64_t roundsSeen_ = 0;
    std::thread thread_;
};

} // namespace nanodit
