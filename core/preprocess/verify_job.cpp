#include "core/io/work_lock.h"
#include "core/preprocess/jobs.h"
#include "core/preprocess/pass_plan.h"
#include "core/preprocess/set_aside.h"
#include "core/runtime/error.h"
#include "core/runtime/parallel.h"

#include <algorithm>
#include <span>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

void count(VerifyPassCounts& counts, ArrayVerdict verdict)
{
    switch (verdict) {
    case ArrayVerdict::Missing:
        ++counts.missing;
        break;
    case ArrayVerdict::Whole:
        ++counts.whole;
        break;
    case ArrayVerdict::Stale:
        ++counts.stale;
        break;
    case ArrayVerdict::Misaligned:
        ++counts.misaligned;
        break;
    case ArrayVerdict::WrongShape:
        ++counts.wrongShape;
        break;
    case ArrayVerdict::Nonfinite:
        ++counts.nonfinite;
        break;
    case ArrayVerdict::Unreadable:
        ++counts.unreadable;
        break;
    }
}

class Verification {
public:
    Verification(const VerifyRequest& request, const PassEncoders& encoders, const JobContext& context)
        : request_(request)
        , workspace_(request.workspace)
        , encoders_(encoders)
        , context_(context)
        , catalog_(Catalog::open(request.workspace))
    {
        if (request.repair && catalog_.readOnly())
            throw StoreError("the workspace " + workspace_.root.string() +
                             " cannot be repaired, because its data folder cannot be written to: make it writable");
        if (request.repair)
            lock_.emplace(workLockFile(workspace_), workLockText(workspace_));
        for (const auto kind : allArrays)
            report_.arrays[static_cast<std::size_t>(kind)].array = kind;
        for (const auto pass : {Pass::T5, Pass::Vae, Pass::Dino})
            failures_[static_cast<std::size_t>(pass)] = catalog_.failures(pass);
    }

    JobEnd run()
    {
        const std::vector<Pass> passes = {Pass::T5, Pass::Vae, Pass::Dino};
        for (const auto pass : passes) {
            if (const auto obstacle = encoders_.obstacle(pass); !obstacle.empty())
                context_.warn("arrays of the pass " + passName(pass) +
                              " cannot be compared with their encoder: " + obstacle);
        }
        auto fingerprints = usableFingerprints(encoders_, passes, context_);
        if (!fingerprints)
            return JobEnd::Cancelled;
        fingerprints_ = std::move(*fingerprints);
        const auto take = [&](std::span<SurveyedRecord> part) {
            readContents(part);
            if (context_.shouldStop())
                return;
            note(part);
            report_.records += static_cast<std::int64_t>(part.size());
        };
        if (!Survey(workspace_, catalog_, encoders_.expectations, fingerprints_)
                 .visit(Survey::Of::Included, context_, take, Stage::ReadingArrays))
            return JobEnd::Cancelled;
        if (report_.records == 0)
            report_.problems.push_back(
                {workspace_.root.string(), "the workspace has no records", remedy::ImportPictures{}});
        if (!report_.adopted.empty())
            context_.info("adopted arrays of " + std::to_string(report_.adopted.size()) +
                          " records, which were made elsewhere and are good");
        if (report_.movedAside > 0)
            context_.info("moved " + std::to_string(report_.movedAside) + " misaligned files to " +
                          (workspace_.derivedFolder() / "dinov3_patches_misaligned").string() +
                          "; the next pass dinov3 makes them again");
        noteStrays();
        request_.finished(report_);
        return JobEnd::Finished;
    }

private:
    void readContents(std::span<SurveyedRecord> part) const
    {
        forEachParallel(part.size() * allArrays.size(), [&](std::size_t i) {
            auto& entry = part[i / allArrays.size()];
            const auto kind = allArrays[i % allArrays.size()];
            if (!context_.control->stopRequested())
                entry.array(kind) = judgeContents(arrayFile(workspace_, kind, entry.record.id), entry.array(kind));
        });
    }

    void note(std::span<const SurveyedRecord> part)
    {
        std::vector<std::pair<const SurveyedRecord*, ArrayKind>> read;
        for (const auto& entry : part) {
            const auto& id = entry.record.id;
            if (entry.imageGone)
                report_.problems.push_back(
                    {id, "the picture " + entry.record.image.string() +
                             " is gone or cannot be read any more: put it back, or import it from where it is now"});
            for (const auto kind : allArrays) {
                const auto& judgement = entry.array(kind);
                auto& counts = report_.arrays[static_cast<std::size_t>(kind)];
                count(counts, judgement.verdict);
                counts.adopted += judgement.adopted && judgement.verdict == ArrayVerdict::Whole;
                if (judgement.verdict == ArrayVerdict::Whole) {
                    const bool known = !fingerprints_[static_cast<std::size_t>(passOf(kind))].empty();
                    if ((judgement.replaced || (judgement.foreign && known)) && !catalog_.readOnly())
                        read.emplace_back(&entry, kind);
                    continue;
                }
                auto problem = judgement.problem;
                auto remedy = remedyFor(judgement, kind);
                if (request_.repair && judgement.verdict == ArrayVerdict::Misaligned) {
                    if (const auto place = moveAside(id, kind); !place.empty()) {
                        problem += "; moved to " + place.string();
                        remedy = remedy::RunPasses{.pass = passOf(kind)};
                    }
                }
                const auto& failed = failures_[static_cast<std::size_t>(passOf(kind))];
                if (const auto found = failed.find(id); found != failed.end())
                    problem += " (the last attempt failed: " + found->second + ")";
                report_.problems.push_back({id, problem, remedy});
            }
        }
        if (read.empty())
            return;
        catalog_.together([&] {
            for (const auto& [entry, kind] : read)
                enterRead(catalog_, entry->record, kind, entry->array(kind),
                          inputsNow(entry->record, kind, encoders_.expectations, fingerprints_));
        });
        for (const auto& [entry, kind] : read) {
            if (!entry->array(kind).foreign)
                continue;
            ++report_.arrays[static_cast<std::size_t>(kind)].adopted;
            if (report_.adopted.empty() || report_.adopted.back().what != entry->record.id)
                report_.adopted.push_back({entry->record.id, "made elsewhere and found good:"});
            report_.adopted.back().reason.append(1, ' ').append(arrayName(kind));
        }
    }

    /// Moves a misaligned file out of the way; gives where to, empty when it stayed.
    std::filesystem::path moveAside(const std::string& id, ArrayKind kind)
    {
        auto place = setAside(workspace_, kind, id, asideFolder(kind, ArrayVerdict::Misaligned));
        if (place.empty())
            return place;
        catalog_.forget(id, kind);
        ++report_.movedAside;
        return place;
    }

    /// Of all records, ascending: those that are excluded keep their arrays.
    std::vector<std::string> idsOfAll() const
    {
        std::vector<std::string> ids;
        std::string last;
        for (auto page = catalog_.records(last, recordsAtOnce); !page.empty();
             page = catalog_.records(last, recordsAtOnce)) {
            last = page.back().id;
            for (auto& record : page)
                ids.push_back(std::move(record.id));
        }
        return ids;
    }

    /// Arrays that belong to no record: harmless, but somebody should know.
    void noteStrays() const
    {
        const auto ids = idsOfAll();
        for (const auto kind : allArrays) {
            std::int64_t strays = 0;
            std::string example;
            std::error_code error;
            for (fs::directory_iterator it(workspace_.derivedFolder() / arrayName(kind), error), end;
                 !error && it != end; it.increment(error)) {
                const auto& file = it->path();
                if (file.extension() != ".npy" || std::ranges::binary_search(ids, file.stem().string()))
                    continue;
                ++strays;
                example = file.string();
            }
            if (strays > 0)
                context_.warn(std::to_string(strays) + " files of " + arrayName(kind) +
                              " belong to no record, for example " + example +
                              ": import their pictures, or remove them");
        }
    }

    const VerifyRequest& request_;
    const Workspace& workspace_;
    const PassEncoders& encoders_;
    const JobContext& context_;
    Catalog catalog_;
    std::optional<WorkLock> lock_; ///< While files are moved, no pass may be making them.
    std::array<std::map<std::string, std::string>, 3> failures_;
    EncoderFingerprints fingerprints_;
    VerifyReport report_;
};

} // namespace

std::unique_ptr<Job> makeVerifyJobWith(VerifyRequest request, PassEncoders encoders)
{
    return makeJob([request = std::move(request), encoders = std::move(encoders)](const JobContext& context) {
        return Verification(request, encoders, context).run();
    });
}

std::unique_ptr<Job> makeVerifyJob(VerifyRequest request)
{
    return makeJob([request = std::move(request)](const JobContext& context) {
        const auto encoders = encodersOf(request.workspace);
        return Verification(request, encoders, context).run();
    });
}

} // namespace nanodit
