#include "core/preprocess/pass_store.h"

#include "core/io/npy.h"
#include "core/io/tensor.h"
#include "core/preprocess/set_aside.h"
#include "core/runtime/elapsed.h"
#include "core/runtime/parallel.h"

#include <algorithm>
#include <atomic>

namespace nanodit {

PassStore::PassStore(Pass pass, const Workspace& workspace, Catalog& catalog, const PassPlan& plan,
                     const PassEncoders& encoders, std::size_t waiting, std::optional<std::int64_t> maxFailures)
    : pass_(pass)
    , kinds_(arraysOf(pass))
    , workspace_(workspace)
    , catalog_(catalog)
    , plan_(plan)
    , encoders_(encoders)
    , waiting_(waiting)
    , maxFailures_(maxFailures)
    , thread_([this] { work(); })
{
}

PassStore::~PassStore()
{
    const std::lock_guard lock(mutex_);
    closing_ = true;
    changed_.notify_all();
}

bool PassStore::put(EncodedBatch batch)
{
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return ended_ || queue_.size() + (busy_ ? 1 : 0) < waiting_ + 1; });
    if (ended_)
        return false;
    queue_.push_back(std::move(batch));
    changed_.notify_all();
    return true;
}

void PassStore::finish()
{
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return ended_ || (queue_.empty() && !busy_); });
    if (failure_)
        std::rethrow_exception(failure_);
}

std::int64_t PassStore::done() const
{
    const std::lock_guard lock(mutex_);
    return done_;
}

std::vector<Reject> PassStore::takeNewFailures()
{
    const std::lock_guard lock(mutex_);
    return std::exchange(newFailures_, {});
}

void PassStore::work()
{
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [this] { return closing_ || !queue_.empty(); });
        if (queue_.empty())
            return;
        std::exception_ptr failure;
        const auto failedBefore = static_cast<std::ptrdiff_t>(failures_.size());
        const auto records = static_cast<std::int64_t>(queue_.front().tasks.size() + queue_.front().failures.size());
        {
            const auto batch = std::move(queue_.front());
            queue_.pop_front();
            busy_ = true;
            lock.unlock();
            try {
                store(batch);
            } catch (...) {
                failure = std::current_exception();
            }
        }
        lock.lock();
        busy_ = false;
        failure_ = failure;
        ended_ = failure || !tooMany_.empty();
        if (!failure)
            done_ += records;
        newFailures_.insert(newFailures_.end(), failures_.begin() + failedBefore, failures_.end());
        if (ended_)
            queue_.clear();
        changed_.notify_all();
        if (ended_)
            return;
    }
}

void PassStore::store(const EncodedBatch& batch)
{
    for (const auto* const task : batch.tasks) {
        for (const auto& [kind, folderName] : task->moveAside)
            movedAside_ += !setAside(workspace_, kind, task->record.id, folderName).empty();
    }
    catalog_.together([&] {
        for (const auto* const task : batch.tasks) {
            for (const auto kind : kinds_)
                catalog_.beginMaking(task->record.id, kind);
        }
    });
    const auto copies = batch.memory.again(); // each file is put together in memory first
    forEachParallel(
        batch.tasks.size() * kinds_.size(),
        [&](std::size_t i) {
            const auto record = i / kinds_.size(), kind = i % kinds_.size();
            writeNpy(arrayFile(workspace_, kinds_[kind], batch.tasks[record]->record.id),
                     arrayFromTensor(batch.results[record].at(kind)));
        },
        filesWrittenAtOnce);
    enter(batch);
    stored_ = Clock::now();
    made_ += static_cast<std::int64_t>(batch.tasks.size());
    for (const auto& [task, reason] : batch.failures)
        failures_.push_back({task->record.id, reason.text, reason.remedy});
    countFailures();
}

void PassStore::enter(const EncodedBatch& batch)
{
    catalog_.together([&] {
        for (std::size_t i = 0; i < batch.tasks.size(); ++i) {
            const auto& record = batch.tasks[i]->record;
            for (std::size_t k = 0; k < kinds_.size(); ++k)
                catalog_.recordMade(record.id, kinds_[k], provenanceOf(record, kinds_[k], batch.results[i][k]));
            catalog_.recordFailure(record.id, pass_, "");
        }
        for (const auto& [task, reason] : batch.failures)
            catalog_.recordFailure(task->record.id, pass_, reason.text);
        if (batch.failures.empty())
            keepRate(batch);
    });
}

/// For forecasts: what a batch took since the one before. One that took much longer than the others tells of a pause or
/// of a machine that slept, not of a rate.
void PassStore::keepRate(const EncodedBatch& batch)
{
    constexpr double outlier = 5;
    const auto bucket = bucketKey(pass_, batch.tasks.front()->record);
    const auto records = static_cast<double>(batch.tasks.size());
    const double seconds = secondsSince(stored_);
    auto& fastest = fastest_[bucket];
    const double each = seconds / records;
    fastest = fastest > 0 ? std::min(fastest, each) : each;
    if (each < outlier * fastest)
        catalog_.addRate(pass_, plan_.fingerprints[static_cast<std::size_t>(pass_)], encoders_.device, bucket,
                         {.records = records, .seconds = seconds});
}

void PassStore::countFailures()
{
    const auto failed = static_cast<std::int64_t>(failures_.size());
    if (!maxFailures_ || failed <= *maxFailures_)
        return;
    const auto& newest = failures_.back();
    tooMany_ = "the pass " + passName(pass_) + " ended after " + std::to_string(failed) +
               (failed == 1 ? " failure, where " : " failures, where ") + std::to_string(*maxFailures_) +
               (*maxFailures_ == 1 ? " was" : " were") + " allowed (the newest is " + newest.what + ": " +
               newest.reason + "); " + std::to_string(made_) +
               " records were made and are kept: fix what failed, or allow more, and run again";
}

Provenance PassStore::provenanceOf(const Record& record, ArrayKind kind, const at::Tensor& tensor) const
{
    Provenance provenance;
    provenance.inputs = inputsNow(record, kind, encoders_.expectations, plan_.fingerprints);
    provenance.madeAt = utcNow();
    provenance.dtype = arrayFromTensor(tensor).dtype;
    provenance.shape = tensor.sizes().vec();
    provenance.fileMark = fileMarkOf(arrayFile(workspace_, kind, record.id));
    return provenance;
}

} // namespace nanodit
