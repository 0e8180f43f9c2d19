#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nanodit {

/// Ids of records, one behind another in one piece of memory.
class IdText {
public:
    /// Where it lies from now on.
    std::uint64_t add(std::string_view id);
    std::string_view at(std::uint64_t place) const { return text_.data() + place; }

private:
    std::string text_; ///< A zero behind each id, which holds none.
};

/// A set of ids: some 40 bytes for each of millions, where a std::set takes a hundred.
class IdSet {
public:
    /// False when it was there.
    bool insert(std::string_view id);
    bool contains(std::string_view id) const;
    std::size_t size() const { return size_; }

private:
    /// The slot that holds it, or the free one where it belongs. There must be a free one.
    std::size_t slotOf(std::string_view id) const;
    void grow();

    IdText text_;
    std::vector<std::uint64_t> slots_; ///< A power of two of them: places of ids behind each other's hash.
    std::size_t size_ = 0;
};

/// Ids by the hash of their picture: some 40 bytes each.
class IdsByHash {
public:
    /// All of them come before the first take().
    void add(std::string_view imageHash, std::string_view id);
    /// The next id of this hash in the order of add(), each once; empty when there is none left. Another hash may give
    /// one by chance, once in 2^64 pairs.
    std::optional<std::string> take(std::string_view imageHash);

private:
    struct Entry {
        std::uint64_t hash = 0;
        std::uint64_t place = 0; ///< Of the id; none once it was handed out.
    };

    IdText text_;
    std::vector<Entry> entries_;
    bool sorted_ = true;
};

} // namespace nanodit
