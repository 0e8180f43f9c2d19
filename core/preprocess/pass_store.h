#pragma once

#include "core/dataset/catalog.h"
#include "core/dataset/reject.h"
#include "core/preprocess/memory_account.h"
#include "core/preprocess/pass_plan.h"

#include <ATen/core/Tensor.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace nanodit {

/// Files of a batch that are written at the same time, each beside the one that it replaces: a disk syncs many in about
/// the time of one.
constexpr std::size_t filesWrittenAtOnce = 16;

/// Records that are encoded as one, with what the encoder made of them.
struct EncodedBatch {
    std::vector<const PassPlan::Task*> tasks;
    /// By task, in the order of arraysOf(pass), on the CPU in the type that is stored.
    std::vector<std::vector<at::Tensor>> results;
    std::vector<std::pair<const PassPlan::Task*, Notice>> failures; ///< Records that left the batch, and why.
    MemoryHold memory;                                              ///< Of the results.
};

/// Puts batches on disk in the order in which they come, on a thread of its own, and tells the catalog: a batch's files
/// are distrusted before the first of them is touched, and trusted after the last is whole, so that one that was
/// interrupted is made again as a batch. While this exists the catalog is its own.
class PassStore {
public:
    /// `waiting`: batches that may wait for the one that is being written. With `maxFailures`, the batch in which more
    /// records than that have failed is the last one that is stored.
    PassStore(Pass pass, const Workspace& workspace, Catalog& catalog, const PassPlan& plan,
              const PassEncoders& encoders, std::size_t waiting, std::optional<std::int64_t> maxFailures);
    /// What was put is stored before this ends.
    ~PassStore();
    PassStore(const PassStore&) = delete;
    PassStore& operator=(const PassStore&) = delete;

    /// Blocks while as many wait as may. False when nothing more is wanted: writing failed, or too many records have.
    bool put(EncodedBatch batch);
    /// Waits for what was put. Throws what writing threw.
    void finish();
    /// Records that are done, failed ones among them.
    std::int64_t done() const;
    /// Failures that were stored since this was last called.
    std::vector<Reject> takeNewFailures();

    // Of what was stored, after finish().
    std::int64_t made() const { return made_; }
    std::int64_t movedAside() const { return movedAside_; }
    const std::vector<Reject>& failures() const { return failures_; }
    const std::string& tooMany() const { return tooMany_; } ///< Why it ended early: a sentence, or "".

private:
    using Clock = std::chrono::steady_clock;
    void work();
    void store(const EncodedBatch& batch);
    void enter(const EncodedBatch& batch);
    void keepRate(const EncodedBatch& batch);
    void countFailures();
    Provenance provenanceOf(const Record& record, ArrayKind kind, const at::Tensor& tensor) const;

    const Pass pass_;
    const std::vector<ArrayKind> kinds_;
    const Workspace& workspace_;
    Catalog& catalog_;
    const PassPlan& plan_;
    const PassEncoders& encoders_;
    const std::size_t waiting_;
    const std::optional<std::int64_t> maxFailures_;

    // Of the thread that writes.
    std::int64_t made_ = 0, movedAside_ = 0;
    std::vector<Reject> failures_;
    std::string tooMany_;
    Clock::time_point stored_ = Clock::now(); ///< When the newest batch was.
    std::map<std::string, double> fastest_;   ///< Seconds a record, by bucket.

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<EncodedBatch> queue_;
    std::int64_t done_ = 0;
    std::vector<Reject> newFailures_;
    bool busy_ = false, closing_ = false, ended_ = false;
    std::exception_ptr failure_;
    std::jthread thread_; ///< Last: it ends before the rest goes.
};

} // namespace nanodit
