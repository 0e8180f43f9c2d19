#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace nanodit {

/// What the parts of a pass hold in memory, in bytes, added up. Any thread.
class MemoryAccount {
public:
    void take(std::int64_t bytes);
    void give(std::int64_t bytes);
    std::int64_t held() const;
    std::int64_t most() const; ///< That was held at once.

private:
    mutable std::mutex mutex_;
    std::int64_t held_ = 0, most_ = 0;
};

/// Bytes taken from an account, given back when this ends. A value that moves.
class MemoryHold {
public:
    MemoryHold() = default;
    MemoryHold(MemoryAccount& account, std::int64_t bytes);
    ~MemoryHold();
    MemoryHold(MemoryHold&& other) noexcept;
    MemoryHold& operator=(MemoryHold&& other) noexcept;

    std::int64_t bytes() const { return bytes_; }
    MemoryHold again() const; ///< As many bytes of the same account.

private:
    MemoryAccount* account_ = nullptr;
    std::int64_t bytes_ = 0;
};

/// A share of an account that items 0, 1, 2... take turns at, in their order: so the one that is needed next never
/// waits for one that comes after it. Any thread.
class MemoryTurns {
public:
    MemoryTurns(MemoryAccount& account, std::int64_t limit)
        : account_(account)
        , limit_(limit)
    {
    }
    /// Waits until the items before it have had their turn and `bytes` fit beside what is held; `bytes` must not be
    /// more than the limit. False when it was ended.
    bool take(std::size_t item, std::int64_t bytes);
    void give(std::int64_t bytes);
    void end(); ///< Nobody waits any more.
    std::int64_t limit() const { return limit_; }

private:
    MemoryAccount& account_;
    const std::int64_t limit_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::int64_t held_ = 0;
    std::size_t next_ = 0;
    bool ended_ = false;
};

} // namespace nanodit
