#include "core/preprocess/memory_account.h"

#include <algorithm>
#include <utility>

namespace nanodit {

void MemoryAccount::take(std::int64_t bytes)
{
    const std::lock_guard lock(mutex_);
    held_ += bytes;
    most_ = std::max(most_, held_);
}

void MemoryAccount::give(std::int64_t bytes)
{
    const std::lock_guard lock(mutex_);
    held_ -= bytes;
}

std::int64_t MemoryAccount::held() const
{
    const std::lock_guard lock(mutex_);
    return held_;
}

std::int64_t MemoryAccount::most() const
{
    const std::lock_guard lock(mutex_);
    return most_;
}

MemoryHold::MemoryHold(MemoryAccount& account, std::int64_t bytes)
    : account_(&account)
    , bytes_(bytes)
{
    account.take(bytes);
}

MemoryHold::~MemoryHold()
{
    if (account_ != nullptr)
        account_->give(bytes_);
}

MemoryHold::MemoryHold(MemoryHold&& other) noexcept
    : account_(std::exchange(other.account_, nullptr))
    , bytes_(std::exchange(other.bytes_, 0))
{
}

MemoryHold MemoryHold::again() const
{
    return account_ == nullptr ? MemoryHold() : MemoryHold(*account_, bytes_);
}

MemoryHold& MemoryHold::operator=(MemoryHold&& other) noexcept
{
    std::swap(account_, other.account_);
    std::swap(bytes_, other.bytes_);
    return *this;
}

bool MemoryTurns::take(std::size_t item, std::int64_t bytes)
{
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ended_ || (next_ == item && held_ + bytes <= limit_); });
    if (ended_)
        return false;
    ++next_;
    held_ += bytes;
    account_.take(bytes);
    changed_.notify_all();
    return true;
}

void MemoryTurns::give(std::int64_t bytes)
{
    const std::lock_guard lock(mutex_);
    held_ -= bytes;
    account_.give(bytes);
    changed_.notify_all();
}

void MemoryTurns::end()
{
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
}

} // namespace nanodit
