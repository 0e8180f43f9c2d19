#include "core/preprocess/pass_run.h"

#include "core/io/atomic_file.h"
#include "core/io/size_text.h"
#include "core/preprocess/memory_account.h"
#include "core/preprocess/pass_plan.h"
#include "core/preprocess/pass_store.h"
#include "core/preprocess/set_aside.h"
#include "core/runtime/elapsed.h"
#include "core/runtime/error.h"
#include "core/runtime/prefetch.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <optional>

namespace nanodit {

namespace {

/// Threads that read pictures, and batches they may be ahead of the encoder where memory allows.
constexpr std::size_t readers = 2;
constexpr std::size_t batchesAhead = 4;

/// Tasks with what their encoder needs; those that could not be read have a failure instead.
struct PassBatch {
    std::vector<const PassPlan::Task*> tasks;
    std::vector<std::string> captions; ///< Of t5.
    std::vector<Image> images;         ///< Bucket images, of the other passes.
    std::vector<std::pair<const PassPlan::Task*, Notice>> failures;
    std::int64_t bytes = 0; ///< Of the images.

    PassBatch only(std::size_t index) const
    {
        PassBatch one;
        one.tasks = {tasks[index]};
        if (!captions.empty())
            one.captions = {captions[index]};
        if (!images.empty())
            one.images = {images[index]};
        return one;
    }
};

/// What one record's arrays hold, in the order of arraysOf(pass), on the CPU in the type that is stored.
using Results = std::vector<std::vector<at::Tensor>>;
/// A batch to its results, in the batch's order; nothing when stopped.
using Encode = std::function<Results(const PassBatch&)>;

/// Text and patches are large and lose nothing that matters in half precision; a value that it cannot hold keeps the
/// whole array in single precision.
at::Tensor storedForm(const at::Tensor& tensor, ArrayKind kind)
{
    auto plain = tensor.detach().to(at::kCPU).to(at::kFloat).contiguous();
    if (!at::isfinite(plain).all().item<bool>())
        throw DataError("the encoder gave values that are infinite or NaN for " + arrayName(kind));
    if (kind != ArrayKind::T5 && kind != ArrayKind::DinoPatches)
        return plain.is_alias_of(tensor) ? plain.clone() : plain; // a view would keep its whole batch alive
    auto half = plain.to(at::kHalf);
    return at::isfinite(half).all().item<bool>() ? half : plain;
}

Encode loadEncode(Pass pass, const PassEncoders& encoders, const JobContext& context)
{
    switch (pass) {
    case Pass::T5:
        return [encode = encoders.loadText(), &context](const PassBatch& batch) {
            Results results;
            for (const auto& text : encode(batch.captions, context))
                results.push_back({storedForm(text, ArrayKind::T5)});
            return results;
        };
    case Pass::Vae:
        return [encode = encoders.loadLatent(), &context](const PassBatch& batch) {
            Results results;
            const auto latents = encode(batch.images, context);
            for (std::int64_t i = 0; latents.defined() && i < latents.size(0); ++i)
                results.push_back({storedForm(latents[i], ArrayKind::Vae)});
            return results;
        };
    case Pass::Dino:
        return [encode = encoders.loadPatch(), &context](const PassBatch& batch) {
            Results results;
            const auto features = encode(batch.images, context);
            for (std::int64_t i = 0; features.cls.defined() && i < features.cls.size(0); ++i)
                results.push_back({storedForm(features.cls[i], ArrayKind::DinoCls),
                                   storedForm(features.patches[i], ArrayKind::DinoPatches)});
            return results;
        };
    }
    return {};
}

/// The bucket image of exactly the file that the record knows; empty when stopped.
std::optional<Image> readBucketImage(const Record& record, const JobControl& control)
{
    const auto original = readImage(record.image);
    if (control.stopRequested())
        return std::nullopt;
    auto image = makeBucketImage(original, record.bucket);
    if (stampOf(record.image) != record.imageStamp)
        throw DataError(record.image.string() + " was changed while it was being read: run the pass again");
    return image;
}

std::int64_t bytesOf(const Results& results)
{
    std::int64_t bytes = 0;
    for (const auto& record : results) {
        for (const auto& tensor : record)
            bytes += static_cast<std::int64_t>(tensor.nbytes());
    }
    return bytes;
}

/// One pass. Three stages work at the same time: pictures are read and brought to their bucket on threads of their own,
/// the job's thread encodes, PassStore writes. What each may hold in memory is shared out beforehand.
class Run {
public:
    Run(Pass pass, const Workspace& workspace, Catalog& catalog, const PassEncoders& encoders,
        const JobContext& context, const PassLimits& limits)
        : pass_(pass)
        , workspace_(workspace)
        , catalog_(catalog)
        , encoders_(encoders)
        , context_(context)
        , limits_(limits)
    {
    }

    PassOutcome run()
    {
        outcome_.report.pass = pass_;
        if (const auto obstacle = encoders_.obstacle(pass_); !obstacle.empty())
            throw DataError(obstacle);
        auto plan = planPass(pass_, workspace_, catalog_, encoders_, context_, limits_.memory);
        if (!plan) {
            outcome_.end = JobEnd::Cancelled;
            return outcome_;
        }
        plan_ = std::move(*plan);
        outcome_.report.alreadyWhole = plan_.whole;
        outcome_.memory = {.pass = pass_, .budget = plan_.memory.budget};
        if (plan_.adopted > 0)
            context_.info(passName(pass_) + ": adopted the arrays of " + std::to_string(plan_.adopted) +
                          " records, which were made elsewhere and are good");
        if (plan_.tasks.empty())
            return outcome_;
        for (const auto kind : arraysOf(pass_))
            removeAbandonedTemporaries(derivedSubfolder(workspace_, arrayName(kind)));
        work();
        outcome_.memory.most = account_.most();
        return outcome_;
    }

private:
    void work()
    {
        const auto total = plan_.whole + static_cast<std::int64_t>(plan_.tasks.size());
        ProgressMeter loading(context_, {Stage::LoadingEncoder, pass_}, total, Unit::Records);
        const auto encode = loadEncode(pass_, encoders_, context_);
        ProgressMeter meter(context_, {Stage::Encoding, pass_}, total, Unit::Records);
        meter.skip(plan_.whole);
        PassStore store(pass_, workspace_, catalog_, plan_, encoders_, plan_.memory.batchesWaiting,
                        limits_.maxFailures);
        outcome_.end = encodeAll(encode, store, meter);
        store.finish();
        tell(store, meter);
        outcome_.report.made = store.made();
        outcome_.report.failures = store.failures();
        outcome_.tooMany = store.tooMany();
        if (store.movedAside() > 0)
            context_.warn(passName(pass_) + ": moved " + std::to_string(store.movedAside()) +
                          (store.movedAside() == 1 ? " file" : " files") +
                          " of unknown origin to folders beside theirs");
    }

    JobEnd encodeAll(const Encode& encode, PassStore& store, ProgressMeter& meter)
    {
        MemoryTurns reading(account_, plan_.memory.reading);
        Prefetch<PassBatch> batches(
            plan_.batches.size(), [&](std::size_t i) { return read(i, reading); }, readers, batchesAhead);
        const EndOfTurns end{reading}; // before the readers are waited for
        for (std::size_t i = 0; i < plan_.batches.size(); ++i) {
            if (context_.shouldStop())
                return JobEnd::Cancelled;
            auto batch = batches.takeUnless([this] { return context_.control->stopRequested(); });
            if (!batch)
                return JobEnd::Cancelled;
            const auto bytes = std::exchange(batch->bytes, 0);
            auto results = encodeAccounted(encode, *batch);
            batch->images.clear();
            reading.give(bytes);
            if (!results)
                return JobEnd::Cancelled;
            MemoryHold memory(account_, bytesOf(*results));
            if (!store.put({.tasks = std::move(batch->tasks),
                            .results = std::move(*results),
                            .failures = std::move(batch->failures),
                            .memory = std::move(memory)}))
                return JobEnd::Finished; // finish() says why
            tell(store, meter);
        }
        return JobEnd::Finished;
    }

    void tell(PassStore& store, ProgressMeter& meter) const
    {
        for (const auto& failure : store.takeNewFailures())
            limits_.onFailure(pass_, failure);
        meter.update(plan_.whole + store.done());
    }

    struct EndOfTurns {
        MemoryTurns& turns;
        ~EndOfTurns() { turns.end(); }
    };

    /// Any thread; batches in their order.
    PassBatch read(std::size_t index, MemoryTurns& reading) const
    {
        const auto& members = plan_.batches[index];
        PassBatch batch;
        if (pass_ == Pass::T5) {
            for (const auto member : members) {
                batch.captions.push_back(plan_.tasks[member].record.caption);
                batch.tasks.push_back(&plan_.tasks[member]);
            }
            return batch;
        }
        const auto each = imageBytes(plan_.tasks[members.front()].record.bucket);
        const auto room = reading.limit() - each * static_cast<std::int64_t>(members.size());
        std::int64_t decoding = 0;
        std::vector<const PassPlan::Task*> readable;
        for (const auto member : members) {
            const auto& task = plan_.tasks[member];
            const auto needed = decodingBytes(task.record.original);
            if (needed > room) {
                batch.failures.emplace_back(&task, tooLarge(task.record, needed, room));
                continue;
            }
            decoding = std::max(decoding, needed);
            readable.push_back(&task);
        }
        const auto taken = decoding + each * static_cast<std::int64_t>(readable.size());
        if (!reading.take(index, taken))
            return batch;
        for (const auto* const task : readable) {
            if (context_.control->stopRequested())
                break;
            try {
                auto image = readBucketImage(task->record, *context_.control);
                if (!image)
                    break;
                batch.images.push_back(std::move(*image));
                batch.tasks.push_back(task);
                batch.bytes += each;
            } catch (const std::exception& error) { // whatever a picture does, it must not end the pass
                batch.failures.emplace_back(task, noticeOf(error));
            }
        }
        reading.give(taken - batch.bytes);
        return batch;
    }

    Notice tooLarge(const Record& record, std::int64_t needed, std::int64_t room) const
    {
        return {record.image.string() + " needs " + sizeText(needed) + " while it is read, more than the " +
                    sizeText(room) + " that the pass may use for that",
                remedy::AllowMemory{plan_.memory.budget + needed - room}};
    }

    std::optional<Results> encodeAccounted(const Encode& encode, PassBatch& batch)
    {
        if (batch.tasks.empty())
            return Results{};
        const auto& record = batch.tasks.front()->record;
        const auto bucket = pass_ == Pass::T5 ? ImageSize{} : record.bucket;
        const auto records = static_cast<std::int64_t>(batch.tasks.size());
        const MemoryHold working(account_, encoders_.workingBytes(pass_, bucket, records));
        return encodeOrFail(encode, batch);
    }

    /// Empty when stopped. When a batch fails, its records are tried one by one, and those that fail alone too leave
    /// the batch with their reason.
    std::optional<Results> encodeOrFail(const Encode& encode, PassBatch& batch) const
    {
        Notice reason;
        try {
            auto results = encode(batch);
            if (results.size() == batch.tasks.size())
                return results;
            if (context_.control->stopRequested())
                return std::nullopt;
            reason.text = "the encoder gave " + std::to_string(results.size()) + " results for " +
                          std::to_string(batch.tasks.size()) + " records";
        } catch (const std::exception& error) {
            reason = noticeOf(error);
        }
        if (batch.tasks.size() == 1) {
            batch.failures.emplace_back(batch.tasks.front(), reason);
            batch.tasks.clear();
            return Results{};
        }
        Results results;
        PassBatch good;
        for (std::size_t i = 0; i < batch.tasks.size(); ++i) {
            auto one = batch.only(i);
            auto result = encodeOrFail(encode, one);
            if (!result || context_.shouldStop())
                return std::nullopt;
            batch.failures.insert(batch.failures.end(), one.failures.begin(), one.failures.end());
            good.tasks.insert(good.tasks.end(), one.tasks.begin(), one.tasks.end());
            results.insert(results.end(), result->begin(), result->end());
        }
        batch.tasks = std::move(good.tasks);
        return results;
    }

    Pass pass_;
    const Workspace& workspace_;
    Catalog& catalog_;
    const PassEncoders& encoders_;
    const JobContext& context_;
    const PassLimits& limits_;
    PassPlan plan_;
    PassOutcome outcome_;
    mutable MemoryAccount account_;
};

} // namespace

PassOutcome runPass(Pass pass, const Workspace& workspace, Catalog& catalog, const PassEncoders& encoders,
                    const JobContext& context, const PassLimits& limits)
{
    const at::NoGradGuard noGrad;
    const auto start = std::chrono::steady_clock::now();
    auto outcome = Run(pass, workspace, catalog, encoders, context, limits).run();
    outcome.report.seconds = secondsSince(start);
    return outcome;
}

} // namespace nanodit
