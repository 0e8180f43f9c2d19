#include "core/preprocess/pass_run.h"

#include "core/io/atomic_file.h"
#include "core/io/npy.h"
#include "core/io/tensor.h"
#include "core/preprocess/pass_plan.h"
#include "core/preprocess/prefetch.h"
#include "core/preprocess/set_aside.h"
#include "core/runtime/error.h"
#include "core/runtime/parallel.h"

#include <ATen/ATen.h>

#include <chrono>
#include <optional>

namespace nanodit {

namespace {

/// Threads that read pictures, and batches they may be ahead of the encoder.
constexpr std::size_t readers = 2;
constexpr std::size_t batchesAhead = 4;
/// Threads that write a batch's files.
constexpr std::size_t writers = 16;

/// Tasks with what their encoder needs; those that could not be read have a failure instead.
struct Batch {
    std::vector<const PassPlan::Task*> tasks;
    std::vector<std::string> captions; ///< Of t5.
    std::vector<Image> images;         ///< Bucket images, of the other passes.
    std::vector<std::pair<const PassPlan::Task*, std::string>> failures;

    Batch only(std::size_t index) const
    {
        Batch one;
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
using Encode = std::function<Results(const Batch&)>;

/// Text and patches are large and lose nothing that matters in half precision; a value that it cannot hold keeps the
/// whole array in single precision.
at::Tensor storedForm(const at::Tensor& tensor, ArrayKind kind)
{
    auto plain = tensor.detach().to(at::kCPU).to(at::kFloat).contiguous();
    if (!at::isfinite(plain).all().item<bool>())
        throw DataError("the encoder gave values that are infinite or not a number for " + arrayName(kind));
    if (kind != ArrayKind::T5 && kind != ArrayKind::DinoPatches)
        return plain;
    auto half = plain.to(at::kHalf);
    return at::isfinite(half).all().item<bool>() ? half : plain;
}

Encode loadEncode(Pass pass, const PassEncoders& encoders, const JobContext& context)
{
    switch (pass) {
    case Pass::T5:
        return [encode = encoders.loadText(), &context](const Batch& batch) {
            Results results;
            for (const auto& text : encode(batch.captions, context))
                results.push_back({storedForm(text, ArrayKind::T5)});
            return results;
        };
    case Pass::Vae:
        return [encode = encoders.loadLatent(), &context](const Batch& batch) {
            Results results;
            const auto latents = encode(batch.images, context);
            for (std::int64_t i = 0; latents.defined() && i < latents.size(0); ++i)
                results.push_back({storedForm(latents[i], ArrayKind::Vae)});
            return results;
        };
    case Pass::Dino:
        return [encode = encoders.loadPatch(), &context](const Batch& batch) {
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

/// The bucket image of exactly the file that the record knows.
Image readBucketImage(const Record& record)
{
    auto image = makeBucketImage(readImage(record.image), record.bucket);
    if (stampOf(record.image) != record.imageStamp)
        throw DataError(record.image.string() + " was changed while it was being read: run the pass again");
    return image;
}

class Run {
public:
    Run(Pass pass, const Workspace& workspace, Catalog& catalog, const PassEncoders& encoders,
        const JobContext& context)
        : pass_(pass)
        , workspace_(workspace)
        , catalog_(catalog)
        , encoders_(encoders)
        , context_(context)
    {
        report_.pass = pass;
    }

    JobEnd run()
    {
        if (const auto obstacle = encoders_.obstacle(pass_); !obstacle.empty())
            throw DataError(obstacle);
        auto plan = planPass(pass_, workspace_, catalog_, encoders_, context_);
        if (!plan)
            return JobEnd::Cancelled;
        plan_ = std::move(*plan);
        report_.alreadyWhole = plan_.whole;
        if (plan_.adopted > 0)
            context_.info(passName(pass_) + ": adopted the arrays of " + std::to_string(plan_.adopted) +
                          " records, which were made elsewhere and are good");
        if (plan_.tasks.empty())
            return JobEnd::Finished;
        for (const auto kind : arraysOf(pass_))
            removeAbandonedTemporaries(derivedSubfolder(workspace_, arrayName(kind)));
        const auto end = work();
        if (movedAside_ > 0)
            context_.warn(passName(pass_) + ": moved " + std::to_string(movedAside_) +
                          " files of unknown origin aside, into folders beside theirs");
        return end;
    }

    const PassReport& report() const { return report_; }

private:
    JobEnd work()
    {
        ProgressMeter meter(context_, passName(pass_) + ": loading the encoder",
                            plan_.whole + static_cast<std::int64_t>(plan_.tasks.size()), "records");
        const auto encode = loadEncode(pass_, encoders_, context_);
        ProgressMeter working(context_, passName(pass_) + ": encoding",
                              plan_.whole + static_cast<std::int64_t>(plan_.tasks.size()), "records");
        working.skip(plan_.whole);
        Prefetch<Batch> batches(
            plan_.batches.size(), [this](std::size_t i) { return read(plan_.batches[i]); }, readers, batchesAhead);
        for (const auto& members : plan_.batches) {
            if (context_.shouldStop())
                return JobEnd::Cancelled;
            auto batch = batches.take();
            const auto results = encodeOrFail(encode, batch);
            if (!results)
                return JobEnd::Cancelled;
            store(batch, *results);
            working.advance(static_cast<std::int64_t>(members.size()));
        }
        return JobEnd::Finished;
    }

    /// Any thread.
    Batch read(const std::vector<std::size_t>& members) const
    {
        Batch batch;
        for (const auto member : members) {
            const auto& task = plan_.tasks[member];
            if (pass_ == Pass::T5) {
                batch.captions.push_back(task.record.caption);
            } else {
                try {
                    batch.images.push_back(readBucketImage(task.record));
                } catch (const std::exception& error) { // whatever a picture does, it must not end the pass
                    batch.failures.emplace_back(&task, error.what());
                    continue;
                }
            }
            batch.tasks.push_back(&task);
        }
        return batch;
    }

    /// Empty when stopped. When a batch fails, its records are tried one by one, and those that fail alone too leave
    /// the batch with their reason.
    std::optional<Results> encodeOrFail(const Encode& encode, Batch& batch) const
    {
        if (batch.tasks.empty())
            return Results{};
        std::string reason;
        try {
            auto results = encode(batch);
            if (results.size() == batch.tasks.size())
                return results;
            if (context_.control->stopRequested())
                return std::nullopt;
            reason = "the encoder gave " + std::to_string(results.size()) + " results for " +
                     std::to_string(batch.tasks.size()) + " records";
        } catch (const std::exception& error) {
            reason = error.what();
        }
        if (batch.tasks.size() == 1) {
            batch.failures.emplace_back(batch.tasks.front(), reason);
            batch.tasks.clear();
            return Results{};
        }
        Results results;
        Batch good;
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

    /// The files are distrusted before the first is touched and trusted after the last is whole, so that a batch that
    /// was interrupted is made again as a batch.
    void store(const Batch& batch, const Results& results)
    {
        const auto kinds = arraysOf(pass_);
        for (const auto* const task : batch.tasks)
            moveAside(*task);
        catalog_.together([&] {
            for (const auto* const task : batch.tasks) {
                for (const auto kind : kinds)
                    catalog_.beginMaking(task->record.id, kind);
            }
        });
        for (std::size_t i = 0; i < batch.tasks.size(); ++i) {
            for (std::size_t k = 0; k < kinds.size(); ++k)
                writeNpy(arrayFile(workspace_, kinds[k], batch.tasks[i]->record.id), arrayFromTensor(results[i].at(k)));
        }
        catalog_.together([&] {
            for (std::size_t i = 0; i < batch.tasks.size(); ++i) {
                const auto& record = batch.tasks[i]->record;
                for (std::size_t k = 0; k < kinds.size(); ++k)
                    catalog_.recordMade(record.id, kinds[k], provenanceOf(record, kinds[k], results[i][k]));
                catalog_.recordFailure(record.id, pass_, "");
            }
            for (const auto& [task, reason] : batch.failures)
                catalog_.recordFailure(task->record.id, pass_, reason);
        });
        report_.made += static_cast<std::int64_t>(batch.tasks.size());
        for (const auto& [task, reason] : batch.failures)
            report_.failures.push_back({task->record.id, reason});
    }

    Provenance provenanceOf(const Record& record, ArrayKind kind, const at::Tensor& tensor) const
    {
        Provenance provenance;
        provenance.inputs = inputsNow(record, kind, encoders_.expectations, plan_.fingerprints);
        provenance.madeAt = utcNow();
        provenance.dtype = arrayFromTensor(tensor).dtype;
        provenance.shape = tensor.sizes().vec();
        provenance.fileMark = fileMarkOf(arrayFile(workspace_, kind, record.id));
        return provenance;
    }

    void moveAside(const PassPlan::Task& task)
    {
        for (const auto& [kind, folderName] : task.moveAside)
            movedAside_ += !setAside(workspace_, kind, task.record.id, folderName).empty();
    }

    Pass pass_;
    const Workspace& workspace_;
    Catalog& catalog_;
    const PassEncoders& encoders_;
    const JobContext& context_;
    PassPlan plan_;
    PassReport report_;
    std::int64_t movedAside_ = 0;
};

} // namespace

PassOutcome runPass(Pass pass, const Workspace& workspace, Catalog& catalog, const PassEncoders& encoders,
                    const JobContext& context)
{
    const at::NoGradGuard noGrad;
    const auto start = std::chrono::steady_clock::now();
    Run run(pass, workspace, catalog, encoders, context);
    PassOutcome outcome{.end = run.run(), .report = run.report()};
    outcome.report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return outcome;
}

} // namespace nanodit
