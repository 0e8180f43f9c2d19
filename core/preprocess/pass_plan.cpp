#include "core/preprocess/pass_plan.h"

#include "core/preprocess/set_aside.h"
#include "core/runtime/parallel.h"

#include <algorithm>
#include <set>
#include <span>
#include <tuple>

namespace nanodit {

namespace {

constexpr std::size_t recordsAtOnce = 64;

bool isWhole(const SurveyedRecord& entry, Pass pass)
{
    return std::ranges::all_of(arraysOf(pass),
                               [&](ArrayKind kind) { return entry.array(kind).verdict == ArrayVerdict::Whole; });
}

bool isUnread(const ArrayJudgement& judgement)
{
    return judgement.foreign || judgement.replaced;
}

/// Reads the arrays that are whole by their heads and that nobody here has written or read: adopts, or knows again,
/// those that are good. Gives false when stopped.
bool readUnread(std::vector<SurveyedRecord>& survey, Pass pass, const Workspace& workspace, Catalog& catalog,
                PassPlan& plan, const ArrayExpectations& expected, const JobContext& context)
{
    const auto kinds = arraysOf(pass);
    std::vector<SurveyedRecord*> unread;
    for (auto& entry : survey) {
        if (isWhole(entry, pass) &&
            std::ranges::any_of(kinds, [&](ArrayKind kind) { return isUnread(entry.array(kind)); }))
            unread.push_back(&entry);
    }
    if (unread.empty())
        return true;
    ProgressMeter meter(context, passName(pass) + ": reading arrays that were not written here",
                        static_cast<std::int64_t>(unread.size()), "records");
    for (std::size_t first = 0; first < unread.size(); first += recordsAtOnce) {
        const auto part = std::span(unread).subspan(first, std::min(recordsAtOnce, unread.size() - first));
        forEachParallel(part.size() * kinds.size(), [&](std::size_t i) {
            auto& entry = *part[i / kinds.size()];
            const auto kind = kinds[i % kinds.size()];
            if (isUnread(entry.array(kind)) && !context.control->stopRequested())
                entry.array(kind) = judgeContents(arrayFile(workspace, kind, entry.record.id), kind, entry.array(kind));
        });
        if (context.shouldStop())
            return false;
        catalog.together([&] {
            for (const auto* const entry : part) {
                if (!isWhole(*entry, pass))
                    continue;
                bool foreign = false;
                for (const auto kind : kinds) {
                    foreign = foreign || entry->array(kind).foreign;
                    enterRead(catalog, entry->record, kind, entry->array(kind),
                              inputsNow(entry->record, kind, expected, plan.fingerprints));
                }
                plan.adopted += foreign;
            }
        });
        meter.advance(static_cast<std::int64_t>(part.size()));
    }
    return true;
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
    if (!isUnread(judgement))
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
    auto survey = surveyRecords(workspace, catalog, encoders.expectations, *fingerprints, context);
    if (!survey)
        return std::nullopt;
    PassPlan plan;
    plan.fingerprints = *fingerprints;
    plan.memory = planMemoryOf(pass, workspace, encoders, memory);
    if (!readUnread(*survey, pass, workspace, catalog, plan, encoders.expectations, context))
        return std::nullopt;
    for (auto& entry : *survey) {
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
    std::set<std::string> failedBefore;
    for (const auto& [id, reason] : catalog.failures(pass))
        failedBefore.insert(id);
    makeBatches(plan, pass, failedBefore);
    return plan;
}

} // namespace nanodit
