#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace nanodit {

/// Which records one of several processes takes on, possibly on several machines: those whose id's hash falls to its
/// rank. The same id falls to the same rank whatever other records there are.
struct RankShare {
    std::int64_t rank = 0; ///< From 0.
    std::int64_t worldSize = 1;
    std::string origin = "as given"; ///< For messages: where the two come from.

    /// One process does everything.
    bool isWhole() const { return worldSize == 1; }
    bool holds(const std::string& id) const;
};

/// What was asked for, or else what a launcher tells in its variables: RANK and WORLD_SIZE (torchrun),
/// OMPI_COMM_WORLD_RANK and OMPI_COMM_WORLD_SIZE (mpirun), SLURM_PROCID and SLURM_NTASKS (srun); without any, one
/// process. Throws UsageError when one of two is missing (of mpirun's and srun's then neither counts), or when they are
/// no rank below a world size.
RankShare rankShare(std::optional<std::int64_t> rank, std::optional<std::int64_t> worldSize,
                    const std::function<const char*(const char*)>& variable);

struct Workspace;
/// Ranks, in order, and shard sets.
struct RanksMerged {
    struct Set {
        std::string name;
        std::int64_t samples = 0, shards = 0;
    };
    std::vector<std::int64_t> taken;  ///< What they made is in the workspace's catalog now.
    std::vector<std::int64_t> atWork; ///< Still running, on this machine or another.
    std::vector<Set> sets;            ///< Put together of what the ranks packed.
};
/// Enters what ranks that have ended made into the workspace's catalog, as whatever opens the catalog without a rank
/// does first; and when all ranks have packed shards, makes one set a split of theirs. Throws StoreError when such a
/// set is in the way.
RanksMerged mergeRanks(const Workspace& workspace);

} // namespace nanodit
