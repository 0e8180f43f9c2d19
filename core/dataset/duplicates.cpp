#include "core/dataset/duplicates.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <numeric>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace nanodit {

namespace {

constexpr int hashBits = 64;
constexpr int widestPiece = 22; ///< Bits; its table has 2^22 places.

/// Words of at most `radius` bits, of `width`.
void forEachFlip(int width, int radius, const std::function<void(std::uint32_t)>& visit, std::uint32_t flipped = 0,
                 int from = 0)
{
    visit(flipped);
    for (int bit = from; radius > 0 && bit < width; ++bit)
        forEachFlip(width, radius - 1, visit, flipped | (1U << bit), bit + 1);
}

/// Finds hashes within a Hamming distance: when 64 bits are cut into m pieces and at most r of them differ, one piece
/// differs in at most r / m bits. So each piece is looked up in a table of its own, with that many bits flipped.
class NearHashes {
public:
    NearHashes(const std::vector<std::uint64_t>& hashes, int radius)
        : hashes_(hashes)
        , pieces_(cheapest(hashes.size(), radius))
    {
        for (int piece = 0; piece < pieces_; ++piece)
            tables_.push_back(tabulate(piece));
        // The widest pieces flip as many bits as any.
        forEachFlip(widthOf(0), radius / pieces_, [this](std::uint32_t flip) { flips_.push_back(flip); });
    }

    /// Calls `visit` with the place of each hash before `place` that may be near it, perhaps more than once.
    template<typename Visit>
    void before(std::size_t place, Visit&& visit) const
    {
        for (int piece = 0; piece < pieces_; ++piece) {
            const auto& table = tables_[static_cast<std::size_t>(piece)];
            const auto own = pieceOf(hashes_[place], piece);
            for (const auto flip : flips_) {
                if (flip >> widthOf(piece) != 0)
                    continue;
                const auto key = own ^ flip;
                for (auto i = table.first[key]; i < table.first[key + 1] && table.places[i] < place; ++i)
                    visit(std::size_t{table.places[i]});
            }
        }
    }

private:
    struct Table {
        std::vector<std::uint32_t> first;  ///< Of each key, in `places`.
        std::vector<std::uint32_t> places; ///< By key, then ascending.
    };

    static int widthOf(int piece, int pieces) { return (hashBits + pieces - 1 - piece) / pieces; }
    int widthOf(int piece) const { return widthOf(piece, pieces_); }

    /// The number of pieces that needs the fewest steps: keys to look up and hashes that lie there by chance.
    static int cheapest(std::size_t count, int radius)
    {
        int best = 0;
        double fewest = 0;
        for (int pieces = (hashBits + widestPiece - 1) / widestPiece; pieces <= 16; ++pieces) {
            const int width = widthOf(0, pieces);
            double keys = 0, ways = 1;
            for (int flipped = 0; flipped <= radius / pieces; ++flipped) {
                keys += ways;
                ways *= static_cast<double>(width - flipped) / (flipped + 1);
            }
            const double perKey = static_cast<double>(count) / static_cast<double>(1ULL << width);
            const double tableSize = static_cast<double>(1ULL << width) / (static_cast<double>(count) + 1);
            const double steps = pieces * (keys * (4 + perKey) + tableSize);
            if (best == 0 || steps < fewest) {
                best = pieces;
                fewest = steps;
            }
        }
        return best;
    }

    std::uint32_t pieceOf(std::uint64_t hash, int piece) const
    {
        int begin = 0;
        for (int i = 0; i < piece; ++i)
            begin += widthOf(i);
        return static_cast<std::uint32_t>(hash >> begin & ((1ULL << widthOf(piece)) - 1));
    }

    Table tabulate(int piece) const
    {
        Table table;
        table.first.resize((std::size_t{1} << widthOf(piece)) + 1);
        for (const auto hash : hashes_)
            ++table.first[pieceOf(hash, piece) + 1];
        std::partial_sum(table.first.begin(), table.first.end(), table.first.begin());
        table.places.resize(hashes_.size());
        auto next = table.first;
        for (std::size_t place = 0; place < hashes_.size(); ++place)
            table.places[next[pieceOf(hashes_[place], piece)]++] = static_cast<std::uint32_t>(place);
        return table;
    }

    const std::vector<std::uint64_t>& hashes_;
    int pieces_;
    std::vector<Table> tables_;
    std::vector<std::uint32_t> flips_;
};

class Search {
public:
    Search(std::span<const DuplicateCandidate> candidates, const DuplicateSearch& what)
        : candidates_(candidates)
        , what_(what)
        , order_(stayingFirst(candidates))
        , isDuplicate_(candidates.size())
    {
    }

    std::optional<std::vector<Duplicate>> run(const JobContext& context)
    {
        if (what_.nearBits >= 0) {
            for (std::size_t place = 0; place < order_.size(); ++place) {
                if (at(place).fingerprint) {
                    hashes_.push_back(at(place).fingerprint->structure);
                    placeOfHash_.push_back(place);
                }
            }
        }
        const NearHashes near(hashes_, static_cast<int>(std::max<std::int64_t>(what_.nearBits, 0)));
        std::vector<Duplicate> found;
        ProgressMeter meter(context, Stage::ComparingPictures, static_cast<std::int64_t>(order_.size()),
                            Unit::Pictures);
        for (std::size_t place = 0, hash = 0; place < order_.size(); ++place) {
            if (place % 256 == 0 && context.shouldStop())
                return std::nullopt;
            const bool hashed = hash < placeOfHash_.size() && placeOfHash_[hash] == place;
            auto duplicate = at(place).stays ? std::nullopt : exactOf(place);
            if (!duplicate && hashed && !at(place).stays)
                duplicate = nearOf(hash, near);
            if (duplicate) {
                isDuplicate_[place] = true;
                found.push_back(*duplicate);
            } else if (what_.exact) {
                byBytes_[at(place).imageHash].push_back(place);
                if (at(place).fingerprint)
                    byPixels_[at(place).fingerprint->pixels].push_back(place);
            }
            hash += hashed;
            meter.advance();
        }
        std::ranges::sort(found, {}, &Duplicate::candidate);
        return found;
    }

private:
    const DuplicateCandidate& at(std::size_t place) const { return candidates_[order_[place]]; }

    std::optional<Duplicate> exactOf(std::size_t place) const
    {
        const auto& own = at(place);
        const auto first = [&](const std::vector<std::size_t>& places, auto&& same) -> std::optional<std::size_t> {
            for (const auto other : places) {
                if (at(other).file != own.file && same(at(other)))
                    return order_[other];
            }
            return std::nullopt;
        };
        if (const auto bytes = byBytes_.find(own.imageHash); bytes != byBytes_.end()) {
            if (const auto of = first(bytes->second, [](const auto&) { return true; }))
                return Duplicate{.candidate = order_[place], .of = *of, .kind = Duplicate::Kind::Bytes};
        }
        if (!own.fingerprint)
            return std::nullopt;
        if (const auto pixels = byPixels_.find(own.fingerprint->pixels); pixels != byPixels_.end()) {
            if (const auto of =
                    first(pixels->second, [&](const auto& other) { return other.fingerprint == own.fingerprint; }))
                return Duplicate{.candidate = order_[place], .of = *of, .kind = Duplicate::Kind::Pixels};
        }
        return std::nullopt;
    }

    /// The nearest one that stays, of several the first.
    std::optional<Duplicate> nearOf(std::size_t hash, const NearHashes& near) const
    {
        const auto place = placeOfHash_[hash];
        const auto& own = at(place);
        std::optional<std::pair<int, std::size_t>> nearest;
        near.before(hash, [&](std::size_t other) {
            const auto otherPlace = placeOfHash_[other];
            const int differing = std::popcount(hashes_[hash] ^ hashes_[other]);
            if (differing > what_.nearBits || isDuplicate_[otherPlace] ||
                (nearest && *nearest <= std::pair(differing, otherPlace)))
                return;
            if (at(otherPlace).file != own.file &&
                colourDistance(*own.fingerprint, *at(otherPlace).fingerprint) <= nearDuplicateColours)
                nearest = {differing, otherPlace};
        });
        if (!nearest)
            return std::nullopt;
        return Duplicate{.candidate = order_[place],
                         .of = order_[nearest->second],
                         .kind = Duplicate::Kind::Near,
                         .bits = nearest->first};
    }

    using Places = std::vector<std::size_t>;

    std::span<const DuplicateCandidate> candidates_;
    const DuplicateSearch& what_;
    std::vector<std::size_t> order_; ///< Places, those that stay before those that are theirs, to candidates.
    std::vector<bool> isDuplicate_;  ///< By place.
    std::vector<std::uint64_t> hashes_;
    std::vector<std::size_t> placeOfHash_; ///< Ascending.
    std::unordered_map<std::string_view, Places> byBytes_;
    std::unordered_map<std::uint64_t, Places> byPixels_;
};

} // namespace

std::vector<std::size_t> stayingFirst(std::span<const DuplicateCandidate> candidates)
{
    std::vector<std::size_t> order(candidates.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, {}, [&](std::size_t i) {
        const auto& one = candidates[i];
        return std::tuple(!one.stays, one.gone, -one.pixelCount, std::string_view(one.id));
    });
    return order;
}

std::optional<std::vector<Duplicate>> findDuplicates(std::span<const DuplicateCandidate> candidates,
                                                     const DuplicateSearch& search, const JobContext& context)
{
    return Search(candidates, search).run(context);
}

} // namespace nanodit
