#pragma once

#include "core/dataset/catalog.h"
#include "core/dataset/rank_share.h"

#include <chrono>
#include <vector>

namespace nanodit {

/// What one rank of several knows and has made: data/catalog.rank-0003.sqlite, with the rank's own records, copied from
/// the workspace's catalog at the start. Nobody else opens it while the rank works, and the rank reads the workspace's
/// catalog without locking it, so that both may lie on a network folder. What the rank changes is noted and goes into
/// the workspace's catalog by takeInParts, once the rank has ended or died.
class CatalogPart {
public:
    /// Goes on with the part that an earlier process of this rank left. Throws StoreError when another process is this
    /// rank, or when somebody writes to the workspace's catalog for longer than `patience`; DataError when that holds
    /// no records.
    CatalogPart(const Workspace& workspace, const RankShare& share,
                std::chrono::milliseconds patience = std::chrono::seconds(10));
    ~CatalogPart();
    CatalogPart(const CatalogPart&) = delete;
    CatalogPart& operator=(const CatalogPart&) = delete;

    Catalog& catalog();
    /// Nothing more will be written: the part may be taken in, also where files cannot be locked.
    void close();

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Enters into the workspace's catalog, `whole`, what ranks that have ended made, each part as one, and removes the
/// parts. Gives the ranks whose parts may still be written to, which are left alone. Interrupted and called again, it
/// gives the same.
std::vector<std::int64_t> takeInParts(sqlite::Database& whole, const Workspace& workspace);
/// Ranks of which there is a part. After Catalog::open: those that are still at work.
std::vector<std::int64_t> ranksAtWork(const Workspace& workspace);

} // namespace nanodit
