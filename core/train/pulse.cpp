#include "core/train/pulse.h"

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <mutex>
#include <utility>
#include <vector>

namespace nanodit {

namespace {

/// Who adds to the counter of claims first says who is lost.
constexpr auto lostCounter = "pulse/lost", claimCounter = "pulse/claim", troubleCounter = "pulse/trouble";
/// Ranks that work alone.
constexpr auto aloneCounter = "pulse/alone";

std::string counterOf(std::int64_t rank)
{
    return "pulse/rank/" + std::to_string(rank);
}
/// Messages that a rank has begun.
std::string begunCounterOf(std::int64_t rank)
{
    return "pulse/begun/" + std::to_string(rank);
}
std::string absentCounterOf(std::int64_t rank)
{
    return "pulse/absent/" + std::to_string(rank);
}

/// What the counter of who is lost says: 0 nobody, 1 those whose counter of absence does, else the rank and whether it
/// has ended or stands still.
constexpr std::int64_t absentCode = 1;
struct LostRank {
    std::int64_t rank = 0;
    bool ended = false;

    std::int64_t code() const { return 2 * (rank + 1) + (ended ? 1 : 0); }
    static LostRank of(std::int64_t code) { return {.rank = code / 2 - 1, .ended = code % 2 != 0}; }
};

} // namespace

struct Pulse::State {
    SharedCounters counters; ///< Asked by the thread alone.
    std::int64_t rank = 0, size = 1;
    PulseTimes times;

    std::mutex mutex; ///< Of all that follows.
    std::condition_variable changed;
    bool stop = false, ended = false;
    bool trouble = false;             ///< A message of this rank has failed.
    std::int64_t begun = 0;           ///< Messages of this rank.
    bool alone = false;               ///< This rank works alone.
    bool othersAlone = false;         ///< Another does.
    bool asked = false;               ///< Who is absent.
    bool gone = false;                ///< The counters' process has ended.
    std::int64_t rounds = 0;          ///< In which the counters answered.
    std::int64_t lost = 0;            ///< absentCode or LostRank::code()
    std::vector<std::int64_t> absent; ///< Ranks, when `lost` says so.

    bool isClaimed() { return counters(claimCounter, 0) != 0; }
    void tellAbsent(std::int64_t ownMessages);
    std::vector<std::int64_t> readAbsent();
};

/// Those that have begun fewer messages, to all ranks.
void Pulse::State::tellAbsent(std::int64_t ownMessages)
{
    std::vector<std::int64_t> behind;
    for (std::int64_t other = 0; other < size; ++other) {
        if (other != rank && counters(begunCounterOf(other), 0) < ownMessages)
            behind.push_back(other);
    }
    if (behind.empty() || counters(claimCounter, 1) != 1)
        return;
    for (const auto other : behind)
        counters(absentCounterOf(other), 1);
    counters(lostCounter, absentCode);
}

std::vector<std::int64_t> Pulse::State::readAbsent()
{
    std::vector<std::int64_t> ranks;
    for (std::int64_t other = 0; other < size; ++other) {
        if (counters(absentCounterOf(other), 0) > 0)
            ranks.push_back(other);
    }
    return ranks;
}

Pulse::Pulse(SharedCounters counters, std::int64_t rank, std::int64_t size, const PulseTimes& times)
    : rank_(rank)
    , size_(size)
    , times_(times)
    , state_(std::make_shared<State>())
    , lookedAt_(std::chrono::steady_clock::now())
{
    state_->counters = std::move(counters);
    state_->rank = rank;
    state_->size = size;
    state_->times = times;
    thread_ = std::thread([state = state_] { beat(state); });
}

Pulse::~Pulse()
{
    std::unique_lock lock(state_->mutex);
    state_->stop = true;
    state_->changed.notify_all();
    const bool ended = state_->changed.wait_for(lock, std::chrono::seconds(1), [this] { return state_->ended; });
    lock.unlock();
    if (ended)
        thread_.join();
    else
        thread_.detach(); // it waits for a process that stands still
}

void Pulse::beat(const std::shared_ptr<State>& state)
{
    auto& s = *state;
    std::vector<std::int64_t> last(static_cast<std::size_t>(s.size), 0);
    std::vector<std::chrono::milliseconds> quiet(static_cast<std::size_t>(s.size), std::chrono::milliseconds(0));
    bool told = false, toldAlone = false;
    std::int64_t posted = 0;
    // Rank 0 alone: who has given a sign of life, and who has not for too long.
    const auto watch = [&] {
        const bool trouble = s.counters(troubleCounter, 0) > 0;
        for (std::size_t other = 1; other < last.size(); ++other) {
            const auto count = s.counters(counterOf(static_cast<std::int64_t>(other)), 0);
            quiet[other] = count == last[other] ? quiet[other] + s.times.beat : std::chrono::milliseconds(0);
            last[other] = count;
        }
        const auto most = std::max_element(quiet.begin(), quiet.end());
        if (*most < (trouble ? s.times.grace : s.times.silence) || s.isClaimed() || s.counters(claimCounter, 1) != 1)
            return;
        s.counters(lostCounter, LostRank{.rank = most - quiet.begin(), .ended = trouble}.code());
    };
    bool gone = false;
    std::unique_lock lock(s.mutex);
    while (!s.stop && !gone) {
        const bool trouble = s.trouble, asked = std::exchange(s.asked, false), alone = s.alone;
        const auto begun = s.begun;
        bool othersAlone = false;
        lock.unlock();
        std::int64_t lost = 0;
        std::vector<std::int64_t> absent;
        try {
            s.counters(counterOf(s.rank), 1);
            if (const auto more = begun - std::exchange(posted, begun); more > 0)
                s.counters(begunCounterOf(s.rank), more);
            if (std::exchange(toldAlone, alone) != alone)
                s.counters(aloneCounter, alone ? 1 : -1);
            othersAlone = s.counters(aloneCounter, 0) > (alone ? 1 : 0);
            if (trouble && !std::exchange(told, true))
                s.counters(troubleCounter, 1);
            if (s.rank == 0)
                watch();
            if (asked)
                s.tellAbsent(begun);
            lost = s.counters(lostCounter, 0);
            if (lost == absentCode)
                absent = s.readAbsent();
        } catch (const std::exception&) {
            gone = true;
        }
        lock.lock();
        ++s.rounds;
        s.lost = std::max(s.lost, lost);
        if (!absent.empty())
            s.absent = std::move(absent);
        s.gone = gone;
        s.othersAlone = othersAlone;
        s.changed.wait_for(lock, s.times.beat,
                           [&] { return s.stop || gone || s.asked || s.alone != toldAlone || (s.trouble && !told); });
    }
    s.ended = true;
    s.changed.notify_all();
}

std::string Pulse::named(std::int64_t rank, const std::string& what) const
{
    return "rank " + std::to_string(rank) + " of " + std::to_string(size_) + " " + what;
}

/// Of the state that is locked.
std::string Pulse::namedAbsent() const
{
    const auto& ranks = state_->absent;
    std::string list;
    for (std::size_t i = 0; i < ranks.size(); ++i)
        list += (i == 0 ? "" : (i + 1 == ranks.size() ? " and " : ", ")) + std::to_string(ranks[i]);
    return ranks.size() == 1 ? named(ranks[0], "is alive, but has not reached the point where the others wait")
                             : "ranks " + list + " of " + std::to_string(size_) +
                                   " are alive, but have not reached the point where the others wait";
}

void Pulse::begunMessage()
{
    const std::lock_guard lock(state_->mutex);
    ++state_->begun;
}

void Pulse::workAlone(bool begins)
{
    const std::lock_guard lock(state_->mutex);
    state_->alone = begins;
    state_->changed.notify_all();
}

bool Pulse::othersWorkAlone()
{
    const std::lock_guard lock(state_->mutex);
    return state_->othersAlone;
}

std::string Pulse::lost()
{
    const auto limit =
        std::chrono::duration_cast<std::chrono::seconds>(times_.silence + std::chrono::milliseconds(999));
    const auto silent = "has sent no heartbeat for " + std::to_string(limit.count()) + " s";
    const auto now = std::chrono::steady_clock::now();
    // At most a second: this process may have been stopped in between.
    const auto passed = std::min<std::chrono::steady_clock::duration>(now - lookedAt_, std::chrono::seconds(1));
    lookedAt_ = now;
    const std::lock_guard lock(state_->mutex);
    if (state_->lost == absentCode)
        return namedAbsent();
    if (state_->lost != 0) {
        const auto loss = LostRank::of(state_->lost);
        return named(loss.rank, loss.ended ? "has ended" : silent);
    }
    if (state_->gone)
        return named(0, "has ended");
    quiet_ = state_->rounds == roundsSeen_ ? quiet_ + passed : std::chrono::steady_clock::duration{};
    roundsSeen_ = state_->rounds;
    return quiet_ < times_.silence ? std::string() : named(0, silent);
}

std::string Pulse::absent()
{
    {
        const std::lock_guard lock(state_->mutex);
        state_->asked = true;
        state_->changed.notify_all();
    }
    return lostSoon();
}

std::string Pulse::whoEnded()
{
    {
        const std::lock_guard lock(state_->mutex);
        state_->trouble = true;
        state_->changed.notify_all();
    }
    return lostSoon();
}

std::string Pulse::lostSoon()
{
    const auto until = std::chrono::steady_clock::now() + 4 * times_.grace;
    do {
        if (auto who = lost(); !who.empty()) {
            if (rank_ == 0)
                std::this_thread::sleep_for(3 * times_.beat); // the others read it before the counters may end
            return who;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    } while (std::chrono::steady_clock::now() < until);
    return {};
}

} // namespace nanodit
