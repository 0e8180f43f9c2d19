#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <typeinfo>
#include <utility>

namespace nanodit {

/// Large values that are read once, by key, and shared by all their users: the weights of a model, an encoder. Unused
/// values are kept as long as everything together is within a limit; beyond it, the least recently used ones are freed.
/// Values in use stay, whatever the limit. Any thread: one may read while others take values or read something else. A
/// value outlives this object while it is in use.
class SharedValues {
public:
    /// A value as it was read, and how large it is.
    template<typename Value>
    struct Loaded {
        std::shared_ptr<const Value> value;
        std::int64_t bytes = 0;
    };
    struct Held {
        std::size_t values = 0, used = 0; ///< Values that are here, and how many of them are in use.
        std::int64_t bytes = 0;           ///< Of all of them.
    };

    /// `limit`: bytes.
    explicit SharedValues(std::int64_t limit);
    ~SharedValues();
    SharedValues(const SharedValues&) = delete;
    SharedValues& operator=(const SharedValues&) = delete;

    /// The value of this key and type. If it is not here, `load` reads it (-> Loaded<Value>), and others who request it
    /// meanwhile wait. If `load` throws, nothing is kept, and the next request reads again.
    template<typename Value, typename Load>
    std::shared_ptr<const Value> get(const std::string& key, Load&& load)
    {
        const auto shared = share(key + '\n' + typeid(Value).name(), [&load] {
            Loaded<Value> loaded = load();
            return Loaded<void>{.value = std::move(loaded.value), .bytes = loaded.bytes};
        });
        return std::static_pointer_cast<const Value>(shared);
    }

    /// Frees what nobody uses, and the rest once nobody uses it any more, unless it is requested again.
    void giveBack();
    Held held() const;

private:
    struct State;
    std::shared_ptr<const void> share(const std::string& key, const std::function<Loaded<void>()>& load);

    std::shared_ptr<State> state_; ///< Also of each value that was handed out.
};

} // namespace nanodit
