#include "core/preprocess/pass_plan.h"

#include "core/preprocess/set_aside.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace nanodit {

namespace {

/// Whether all arrays of the pass are whole. Reads those of unknown origin and adopts them.
bool isWhole(SurveyedRecord& entry, Pass pass, const Workspace& workspace, Catalog& catalog, PassPlan& plan,
             const ArrayExpectations& expected)
{
    const auto kinds = arraysOf(pass);
    bool foreign = false;
    for (const auto kind : kinds) {
        auto& judgement = entry.array(kind);
        if (judgement.verdict != ArrayVerdict::Whole)
            return false;
        if (judgement.foreign) {
            judgement = judgeContents(arrayFile(workspace, kind, entry.record.id), kind, judgement);
            foreign = true;
        }
        if (judgement.verdict != ArrayVerdict::Whole)
            return false;
    }
    if (foreign) {
        catalog.together([&] {
            for (const auto kind : kinds) {
                if (entry.array(kind).foreign)
                    adoptArray(catalog, entry.record, kind, entry.array(kind),
                               inputsNow(entry.record, kind, expected, plan.fingerprints));
            }
        });
        ++plan.adopted;
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

void adoptArray(Catalog& catalog, const Record& record, ArrayKind kind, const ArrayJudgement& judgement,
                const ArrayInputs& inputs)
{
    Provenance provenance;
    provenance.inputs = inputs;
    provenance.adopted = true;
    provenance.madeAt = utcNow();
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
    for (auto& entry : *survey) {
        if (context.shouldStop())
            return std::nullopt;
        if (isWhole(entry, pass, workspace, catalog, plan, encoders.expectations)) {
            ++plan.whole;
            continue;
        }
        PassPlan::Task task{.record = std::move(entry.record), .moveAside = {}};
        for (const auto kind : arraysOf(pass)) {
            if (entry.array(kind).foreign)
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
