#include "core/dataset/rank_share.h"

#include "core/io/sha256.h"
#include "core/runtime/error.h"

#include <array>
#include <charconv>
#include <utility>

namespace nanodit {

namespace {

constexpr std::array<std::pair<const char*, const char*>, 3> launchers = {
    {{"RANK", "WORLD_SIZE"}, {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"}, {"SLURM_PROCID", "SLURM_NTASKS"}}};

std::int64_t number(const char* name, const std::string& text)
{
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
        throw UsageError("the variable " + std::string(name) + " is \"" + text +
                         "\" instead of a number: correct or unset it");
    return value;
}

RankShare checked(RankShare share)
{
    if (share.worldSize < 1 || share.rank < 0 || share.rank >= share.worldSize)
        throw UsageError("there is no rank " + std::to_string(share.rank) + " of " + std::to_string(share.worldSize) +
                         " (" + share.origin + "): ranks count from 0 to the world size less one");
    return share;
}

} // namespace

bool RankShare::holds(const std::string& id) const
{
    // Not the hash that decides the split: a rank gets its share of each.
    return isWhole() ||
           std::stoull(sha256Hex("rank:" + id).substr(0, 15), nullptr, 16) % static_cast<std::uint64_t>(worldSize) ==
               static_cast<std::uint64_t>(rank);
}

RankShare rankShare(std::optional<std::int64_t> rank, std::optional<std::int64_t> worldSize,
                    const std::function<const char*(const char*)>& variable)
{
    if (rank.has_value() != worldSize.has_value())
        throw UsageError("only one of rank and number of ranks is given", remedy::SetRanks{});
    if (rank)
        return checked({.rank = *rank, .worldSize = *worldSize});
    for (const auto& [rankName, sizeName] : launchers) {
        const char* const rankText = variable(rankName);
        const char* const sizeText = variable(sizeName);
        if (rankText != nullptr && sizeText != nullptr)
            return checked({.rank = number(rankName, rankText),
                            .worldSize = number(sizeName, sizeText),
                            .origin = std::string(rankName) + ", " + sizeName});
    }
    // Of Slurm's two, a shell that starts no task has but one.
    const char *const rankText = variable("RANK"), *const sizeText = variable("WORLD_SIZE");
    if (rankText != nullptr)
        throw UsageError("the variable RANK is \"" + std::string(rankText) +
                         "\", but WORLD_SIZE is not set: set both, as torchrun does, or unset it");
    if (sizeText != nullptr && number("WORLD_SIZE", sizeText) != 1)
        throw UsageError("the variable WORLD_SIZE is \"" + std::string(sizeText) +
                         "\", but RANK is not set: set both, as torchrun does, or unset it");
    return {};
}

} // namespace nanodit
