#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <utility>

namespace nanodit {

/// The few values that were used last, by key; the one not used for longest goes first.
template<typename Value>
class Recent {
public:
    explicit Recent(std::size_t most)
        : most_(most)
    {
    }
    /// Null when it is not kept. Valid until the next keep().
    const Value* find(const std::string& key)
    {
        for (auto at = kept_.begin(); at != kept_.end(); ++at) {
            if (at->first == key) {
                kept_.splice(kept_.begin(), kept_, at);
                return &kept_.front().second;
            }
        }
        return nullptr;
    }
    const Value& keep(std::string key, Value value)
    {
        kept_.emplace_front(std::move(key), std::move(value));
        if (kept_.size() > most_)
            kept_.pop_back();
        return kept_.front().second;
    }

private:
    std::size_t most_;
    std::list<std::pair<std::string, Value>> kept_;
};

} // namespace nanodit
