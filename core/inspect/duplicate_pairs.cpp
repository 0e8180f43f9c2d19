#include "core/inspect/duplicate_pairs.h"

#include "core/dataset/catalog.h"
#include "core/dataset/duplicates.h"
#include "core/dataset/fingerprint_store.h"
#include "core/dataset/import_rules.h"
#include "core/dataset/record_edits.h"
#include "core/inspect/cls_tokens.h"
#include "core/inspect/unit_rows.h"
#include "core/preprocess/workspace_state.h"
#include "core/runtime/error.h"
#include "core/runtime/number_text.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace nanodit {

namespace {

constexpr std::int64_t rowsAtOnce = 1024;
constexpr double leastCosine = 0.5;

struct ClsMatch {
    std::int64_t of = 0;
    float cosine = 0;
};

/// Of each row the nearest one before it that has no match itself; empty where none is near enough. The first `staying`
/// rows match none. Empty when stopped.
std::optional<std::vector<std::optional<ClsMatch>>> matchRows(const at::Tensor& directions, std::int64_t staying,
                                                              double least, const JobContext& context)
{
    const auto count = directions.size(0);
    std::vector<std::optional<ClsMatch>> matches(static_cast<std::size_t>(count));
    auto matched = at::zeros({count}, at::kBool);
    ProgressMeter meter(context, Stage::ComparingPictures, count, Unit::Pictures);
    for (std::int64_t begin = 0; begin < count; begin += rowsAtOnce) {
        if (context.shouldStop())
            return std::nullopt;
        const auto rows = std::min(rowsAtOnce, count - begin);
        const auto own = directions.narrow(0, begin, rows);
        std::vector<ClsMatch> best(static_cast<std::size_t>(rows), {.of = -1, .cosine = -1});
        if (begin > 0) { // those of earlier blocks are settled
            const auto cosines =
                own.matmul(directions.narrow(0, 0, begin).t()).masked_fill(matched.narrow(0, 0, begin), -1);
            const auto [values, places] = cosines.max(1); // the first of equal ones
            for (std::int64_t row = 0; row < rows; ++row)
                best[static_cast<std::size_t>(row)] = {.of = places[row].item<std::int64_t>(),
                                                       .cosine = values[row].item<float>()};
        }
        const auto cosines = own.matmul(own.t()).contiguous();
        const auto* const values = cosines.data_ptr<float>();
        for (std::int64_t row = 0; row < rows; ++row) {
            auto& nearest = best[static_cast<std::size_t>(row)];
            for (std::int64_t other = 0; other < row; ++other) {
                if (!matches[static_cast<std::size_t>(begin + other)] && values[row * rows + other] > nearest.cosine)
                    nearest = {.of = begin + other, .cosine = values[row * rows + other]};
            }
            if (begin + row < staying || nearest.cosine < static_cast<float>(least))
                continue;
            matches[static_cast<std::size_t>(begin + row)] = nearest;
            matched[begin + row] = true;
        }
        meter.advance(rows);
    }
    return matches;
}

class DuplicatesJob final : public Job {
public:
    explicit DuplicatesJob(DuplicatesRequest request)
        : request_(std::move(request))
    {
        if (!(request_.cosine >= leastCosine))
            throw UsageError("a cosine of " + std::to_string(request_.cosine) +
                             " would call most pictures duplicates: give 0.5 or more");
    }

    JobEnd run(const JobContext& context) override
    {
        const auto& workspace = request_.workspace;
        std::vector<RecordInfo> records;
        for (auto& record : listRecords(workspace)) {
            if (record.excluded.empty() || isDuplicateReason(record.excluded))
                records.push_back(std::move(record));
        }
        const auto candidates = candidatesOf(records);
        const auto& rules = workspace.config.exclusions;
        const auto found =
            findDuplicates(candidates, {.exact = rules.exactDuplicates, .nearBits = rules.nearDuplicateBits}, context);
        if (!found)
            return JobEnd::Cancelled;
        DuplicatesReport report;
        report.compared = static_cast<std::int64_t>(records.size());
        report.cosine = request_.cosine;
        std::vector<bool> isDuplicate(records.size());
        for (const auto& duplicate : *found) {
            isDuplicate[duplicate.candidate] = true;
            DuplicatePair pair = pairOf(records, duplicate.candidate, duplicate.of);
            pair.measure = duplicate.kind == Duplicate::Kind::Bytes    ? DuplicatePair::Measure::Bytes
                           : duplicate.kind == Duplicate::Kind::Pixels ? DuplicatePair::Measure::Pixels
                                                                       : DuplicatePair::Measure::Hash;
            pair.bits = duplicate.bits;
            report.pairs.push_back(std::move(pair));
        }
        if (request_.cosine <= 1 && !addByCls(records, candidates, isDuplicate, report, context))
            return JobEnd::Cancelled;
        std::ranges::sort(report.pairs, {}, &DuplicatePair::id);
        request_.finished(report);
        return JobEnd::Finished;
    }

private:
    /// In the order of `records`.
    std::vector<DuplicateCandidate> candidatesOf(const std::vector<RecordInfo>& records) const
    {
        auto catalog = Catalog::open(request_.workspace);
        const FingerprintStore fingerprints(catalog);
        std::vector<DuplicateCandidate> candidates;
        for (const auto& info : records) {
            auto record = catalog.find(info.id);
            if (!record)
                throw DataError("the record \"" + info.id +
                                "\" was removed while duplicates were searched for: search again");
            candidates.push_back(candidateOf(std::move(*record), fingerprints));
        }
        return candidates;
    }

    static DuplicatePair pairOf(const std::vector<RecordInfo>& records, std::size_t place, std::size_t of)
    {
        DuplicatePair pair;
        pair.id = records[place].id;
        pair.of = records[of].id;
        pair.excluded = records[place].excluded;
        return pair;
    }

    /// False when stopped.
    bool addByCls(const std::vector<RecordInfo>& records, const std::vector<DuplicateCandidate>& candidates,
                  const std::vector<bool>& isDuplicate, DuplicatesReport& report, const JobContext& context) const
    {
        // Those that stay come first, so that what a row matches is never the worse picture.
        std::vector<RecordInfo> ordered;
        std::vector<std::size_t> places;
        std::map<std::string, std::vector<std::size_t>> others; // of a file's first record: the records that share it
        std::map<std::string, std::size_t> firstOfFile;
        for (const auto place : stayingFirst(candidates)) {
            if (isDuplicate[place])
                continue;
            const auto [first, isFirst] = firstOfFile.emplace(candidates[place].file, place);
            if (!isFirst) {
                others[records[first->second].id].push_back(place);
                continue;
            }
            ordered.push_back(records[place]);
            places.push_back(place);
        }
        const auto tokens = readClsTokens(request_.workspace, ordered, ClsUse::WholeOnly, context);
        if (!tokens)
            return false;
        report.withoutCls = static_cast<std::int64_t>(ordered.size() - tokens->records.size());
        if (tokens->records.size() < 2)
            return true;
        const at::NoGradGuard noGradient;
        const auto count = static_cast<std::int64_t>(tokens->records.size());
        const auto values =
            at::from_blob(const_cast<float*>(tokens->values.data()), {count, tokens->width}, at::kFloat);
        const auto directions = unitRows(values);
        const auto placeOf = [&](std::int64_t row) { return places[tokens->records[static_cast<std::size_t>(row)]]; };
        std::int64_t staying = 0;
        while (staying < count && candidates[placeOf(staying)].stays)
            ++staying;
        const auto matches = matchRows(directions, staying, request_.cosine, context);
        if (!matches)
            return false;
        for (std::int64_t row = 0; row < count; ++row) {
            const auto& match = (*matches)[static_cast<std::size_t>(row)];
            if (!match)
                continue;
            auto shared = others[records[placeOf(row)].id];
            shared.push_back(placeOf(row));
            for (const auto place : shared) {
                auto pair = pairOf(records, place, placeOf(match->of));
                pair.measure = DuplicatePair::Measure::Cls;
                pair.cosine = match->cosine;
                report.pairs.push_back(std::move(pair));
            }
        }
        return true;
    }

    DuplicatesRequest request_;
};

} // namespace

std::string measureName(DuplicatePair::Measure measure)
{
    switch (measure) {
    case DuplicatePair::Measure::Bytes:
        return "bytes";
    case DuplicatePair::Measure::Pixels:
        return "pixels";
    case DuplicatePair::Measure::Hash:
        return "hash";
    case DuplicatePair::Measure::Cls:
        return "cls";
    }
    return {};
}

std::string foundBy(const DuplicatePair& pair)
{
    switch (pair.measure) {
    case DuplicatePair::Measure::Bytes:
        return "the same file";
    case DuplicatePair::Measure::Pixels:
        return "the same pixels";
    case DuplicatePair::Measure::Hash:
        return "hash, " + std::to_string(pair.bits) + " of 64 bits differ";
    case DuplicatePair::Measure::Cls:
        return "CLS, cosine " + decimalText(pair.cosine, 3);
    }
    return {};
}

std::unique_ptr<Job> makeDuplicatesJob(DuplicatesRequest request)
{
    return std::make_unique<DuplicatesJob>(std::move(request));
}

std::int64_t excludeDuplicates(const Workspace& workspace, const std::vector<DuplicatePair>& pairs)
{
    std::vector<std::string> ids;
    std::vector<std::string> reasons;
    for (const auto& pair : pairs) {
        if (!pair.excluded.empty())
            continue;
        ids.push_back(pair.id);
        const bool exact =
            pair.measure == DuplicatePair::Measure::Bytes || pair.measure == DuplicatePair::Measure::Pixels;
        reasons.push_back(std::string(exact ? "exact" : "near") + " duplicate: of " + pair.of + ", " + foundBy(pair));
    }
    const auto before = editableFields(workspace, ids);
    auto after = before;
    for (std::size_t i = 0; i < after.size(); ++i) {
        after[i].excluded = reasons[i];
        after[i].exclusionEdited = true;
    }
    changeFields(workspace, before, after);
    return static_cast<std::int64_t>(ids.size());
}

} // namespace nanodit
