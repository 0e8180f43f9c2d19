#include "core/preprocess/pass_plan.h"

#include "core/preprocess/set_aside.h"
#include "core/runtime/parallel.h"

#include <algorithm>
#include <set>
#include <span>
#include <tuple>

namespace nanodit {

namespace {

bool isWhole(const SurveyedRecord& entry, Pass pass)
{
    return std::ranges::all_of(arraysOf(pass),
                               [&](ArrayKind kind) { return entry.array(kind).verdict == ArrayVerdict::Whole; });
}

/// Reads the arrays that are whole by their heads and that nobody here has written or read: adopts, or knows again,
/// those that are good. Gives the number of records of which arrays were adopted.
std::int64_t readUnread(std::span<SurveyedRecord> part, Pass pass, const Workspace& workspace, Catalog& catalog,
                        const ArrayExpectations& expected, const EncoderFingerprints& fingerprints,
                        const JobContext& context)
{
    const auto kinds = arraysOf(pass);
    std::vector<SurveyedRecord*> unread;
    for (auto& entry : part) {
        if (isWhole(entry, pass) &&
            std::ranges::any_of(kinds, [&](ArrayKind kind) { return entry.array(kind).isUnread(); }))
            unread.push_back(&entry);
    }
    forEachParallel(unread.size() * kinds.size(), [&](std::size_t i) {
        auto& entry = *unread[i / kinds.size()];
        const auto kind = kinds[i % kinds.size()];
        if (entry.array(kind).isUnread() && !context.control->stopRequested())
            entry.array(kind) = judgeContents(arrayFile(workspace, kind, entry.record.id), entry.array(kind));
    });
    std::int64_t adopted = 0;
    if (unread.empty() || context.shouldStop())
        return adopted;
    catalog.together([&] {
        for (const auto* const entry : unread) {
            if (!isWhole(*entry, pass))
                continue;
            for (const auto kind : kinds)
                enterRead(catalog, entry->record, kind, entry->array(kind),
                          inputsNow(entry->record, kind, expected, fingerprints));
            adopted += std::ranges::any_of(kinds, [&](ArrayKind kind) { return entry->array(kind).foreign; });
        }
    });
    return adopted;
}

/// Consecutive tasks of one bucket, of at most so many pictures or captions; those that failed before one by one, last.
void makeBatches(PassPlan& plan, Pass pass, const std::set<std::string>& failedBefore)
{
    const auto sizeOf = [pass](const Record& record) { return pass == Pass::T5 ? ImageSize{} : record.bucket; };
    std::ranges::sort(plan.tasks, {}, [&](const PassPlan::Task& task) {
        return std::tuple(failedBefore.contains(task.record.id), sizeOf(task.record), task.record.id);
    });
    for (std::size_t i = 0; i < plan.tasks.size(); ++i) {
        const auto& record = plan.tasks[i].record;
        const auto most = plan.memory.most(bucketKey(pass, record));
        const bool alone = failedBefore.contains(record.id);
        const auto* const last = plan.batches.empty() ? nullptr : &plan.batches.back();
        const bool joins = last && !alone && static_cast<std::int64_t>(last->size()) < most &&
                           sizeOf(plan.tasks[last->front()].record) == sizeOf(record);
        if (joins)
            plan.batches.back().push_back(i);
        else
            plan.batches.push_back({i});
    }
}

} // namespace

std::string bucketKey(Pass pass, const Record& record)
{
    return pass == Pass::T5 ? "" : bucketName(record.bucket);
}

MemoryPlan planMemoryOf(Pass pass, const Workspace& workspace, const PassEncoders& encoders, std::int64_t memory)
{
    std::vector<std::string> buckets = {""};
    if (pass != Pass::T5) {
        buckets.clear();
        for (const auto bucket : workspace.config.buckets)
            buckets.push_back(bucketName(bucket));
    }
    return planMemory(pass, buckets, encoders, memory);
}

void enterRead(Catalog& catalog, const Record& record, ArrayKind kind, const ArrayJudgement& judgement,
               const ArrayInputs& inputs)
{
    if (!judgement.isUnread())
        return;
    Provenance provenance;
    if (judgement.foreign) {
        provenance.inputs = inputs;
        provenance.adopted = true;
        provenance.madeAt = utcNow();
    } else {
        const auto known = catalog.provenance(record.id, kind);
        if (!known || known->unfinished()) // a pass has begun to make it anew meanwhile
            return;
        provenance = *known;
    }
    provenance.dtype = judgement.dtype;
    provenance.shape = judgement.shape;
    provenance.fileMark = judgement.fileMark;
    catalog.recordMade(record.id, kind, provenance);
}

std::optional<PassPlan> planPass(Pass pass, const Workspace& workspace, Catalog& catalog, const PassEncoders& encoders,
                                 const JobContext& context, std::int64_t memory)
{
    const auto fingerprints = usableFingerprints(encoders, {pass}, context);
    if (!fingerprints)
        return std::nullopt;
    PassPlan plan;
    plan.fingerprints = *fingerprints;
    plan.memory = planMemoryOf(pass, workspace, encoders, memory);
    const auto take = [&](std::span<SurveyedRecord> part) {
        plan.adopted += readUnread(part, pass, workspace, catalog, encoders.expectations, plan.fingerprints, context);
        for (auto& entry : part) {
            if (isWhole(entry, pass)) {
                ++plan.whole;
                continue;
            }
            PassPlan::Task task{.record = std::move(entry.record), .moveAside = {}};
            for (const auto kind : arraysOf(pass)) {
                if (isSetAside(entry.array(kind)))
                    task.moveAside.emplace_back(kind, asideFolder(kind, entry.array(kind).verdict));
            }
            plan.tasks.push_back(std::move(task));
        }
    };
    if (!Survey(workspace, catalog, encoders.expectations, plan.fingerprints)
             .visit(Survey::Of::Included, context, take))
        return std::nullopt;
    std::set<std::string> failedBefore;
    for (const auto& [id, reason] : catalog.failures(pass))
        failedBefore.insert(id);
    makeBatches(plan, pass, failedBefore);
    return plan;
}

} // namespace nanodit
