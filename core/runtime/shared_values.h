#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <typeinfo>
#include <utility>

namespace nanodit {

/// Large values that are read once, by key, for all who use them at the same time: the weights of a model, an encoder.
/// What nobody uses is kept for whoever asks next, as long as everything together is within a limit; beyond it, what
/// was not used for longest goes. What is in use stays, whatever the limit. Any thread: one may read while others take
/// what is there, or read something else. A value that was handed out outlives this object.
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

    /// The value of this key and type. Where it is not here, `load` reads it (-> Loaded<Value>), and whoever asks for
    /// it meanwhile waits. What `load` throws leaves nothing behind: the next one who asks reads anew.
    template<typename Value, typename Load>
    std::shared_ptr<const Value> get(const std::string& key, Load&& load)
    {
        const auto shared = share(key + '\n' + typeid(Value).name(), [&load] {
            Loaded<Value> loaded = load();
            return Loaded<void>{.value = std::move(loaded.value), .bytes = loaded.bytes};
        });
        return std::static_pointer_cast<const Value>(shared);
    }

    /// Lets go of what nobody uses, and of the rest once nobody uses it any more, unless it is asked for again.
    void giveBack();
    Held held() const;

private:
    struct State;
    std::shared_ptr<const void> share(const std::string& key, const std::function<Loaded<void>()>& load);

    std::shared_ptr<State> state_; ///< Also of each value that was handed out.
};

} // namespace nanodit
