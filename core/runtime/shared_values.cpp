#include "core/runtime/shared_values.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <vector>

namespace nanodit {

struct SharedValues::State {
    struct Entry {
        std::shared_ptr<const void> value = {}; ///< Null while it is being read.
        std::int64_t bytes = 0;
        int users = 0;
        std::uint64_t lastUse = 0;
        bool kept = true; ///< May stay once nobody uses it.
    };
    using Values = std::vector<std::shared_ptr<const void>>;

    explicit State(std::int64_t bytes)
        : limit(bytes)
    {
    }

    /// Takes out what is to go, the oldest first; the mutex is held. Whoever calls lets go of it without the mutex.
    Values takeOut()
    {
        std::int64_t bytes = 0;
        for (const auto& [key, entry] : entries)
            bytes += entry.bytes;
        Values gone;
        while (true) {
            auto oldest = entries.end();
            for (auto at = entries.begin(); at != entries.end(); ++at) {
                const auto& entry = at->second;
                const bool goes = entry.value && entry.users == 0 && (!entry.kept || bytes > limit);
                if (goes && (oldest == entries.end() || entry.lastUse < oldest->second.lastUse))
                    oldest = at;
            }
            if (oldest == entries.end())
                return gone;
            bytes -= oldest->second.bytes;
            gone.push_back(std::move(oldest->second.value));
            entries.erase(oldest);
        }
    }

    void release(const std::string& key)
    {
        Values gone;
        const std::lock_guard lock(mutex);
        auto& entry = entries.at(key);
        --entry.users;
        entry.lastUse = ++uses;
        gone = takeOut();
    }

    const std::int64_t limit;
    mutable std::mutex mutex;
    std::condition_variable changed;
    std::map<std::string, Entry> entries;
    std::uint64_t uses = 0;
};

SharedValues::SharedValues(std::int64_t limit)
    : state_(std::make_shared<State>(limit))
{
}

SharedValues::~SharedValues()
{
    giveBack();
}

std::shared_ptr<const void> SharedValues::share(const std::string& key, const std::function<Loaded<void>()>& load)
{
    State::Values gone; // before the lock, so that it is let go of after it
    auto& state = *state_;
    std::unique_lock lock(state.mutex);
    state.changed.wait(lock, [&] {
        const auto found = state.entries.find(key);
        return found == state.entries.end() || found->second.value;
    });
    auto found = state.entries.find(key);
    if (found == state.entries.end()) {
        found = state.entries.emplace(key, State::Entry{}).first; // others wait for it
        lock.unlock();
        Loaded<void> loaded;
        try {
            loaded = load();
        } catch (...) {
            lock.lock();
            state.entries.erase(found);
            state.changed.notify_all();
            throw;
        }
        lock.lock();
        found->second.value = std::move(loaded.value);
        found->second.bytes = loaded.bytes;
        state.changed.notify_all();
    } else {
        found->second.kept = true;
    }
    auto& entry = found->second;
    ++entry.users;
    entry.lastUse = ++state.uses;
    gone = state.takeOut();
    const auto* const value = entry.value.get(); // the entry stays as long as it has users
    lock.unlock();
    return {value, [kept = state_, key](const void*) { kept->release(key); }};
}

void SharedValues::giveBack()
{
    State::Values gone;
    const std::lock_guard lock(state_->mutex);
    for (auto& [key, entry] : state_->entries)
        entry.kept = false;
    gone = state_->takeOut();
}

SharedValues::Held SharedValues::held() const
{
    const std::lock_guard lock(state_->mutex);
    Held all;
    for (const auto& [key, entry] : state_->entries) {
        if (!entry.value)
            continue;
        ++all.values;
        all.used += entry.users > 0 ? 1 : 0;
        all.bytes += entry.bytes;
    }
    return all;
}

} // namespace nanodit
