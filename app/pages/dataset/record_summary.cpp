#include "app/pages/dataset/record_summary.h"

#include "app/pages/dataset/record_model.h"
#include "app/record_item.h"
#include "widgets/text.h"

#include <QCoreApplication>

#include <algorithm>
#include <map>

namespace nanodit {

namespace {

struct RecordSummaryText {
    Q_DECLARE_TR_FUNCTIONS(records)
};

/// What all of them have: the value, or empty when they differ.
template<typename Of>
QString common(const std::vector<const RecordInfo*>& records, Of of)
{
    const auto first = of(*records.front());
    const bool same = std::ranges::all_of(records, [&](const RecordInfo* record) { return of(*record) == first; });
    return same ? QString::fromStdString(first) : QString();
}

QStringList commonTags(const std::vector<const RecordInfo*>& records)
{
    auto tags = records.front()->tags;
    for (const auto* const record : records)
        std::erase_if(tags,
                      [&](const auto& tag) { return std::ranges::find(record->tags, tag) == record->tags.end(); });
    QStringList names;
    for (const auto& tag : tags)
        names << QString::fromStdString(tag);
    return names;
}

/// The state that needs a hand most, of an array of several records.
ArrayState worst(ArrayState a, ArrayState b)
{
    for (const auto state : {ArrayState::Wrong, ArrayState::Stale, ArrayState::Missing}) {
        if (a == state || b == state)
            return state;
    }
    return ArrayState::Whole;
}

/// "stale: the caption"; of several records "3 stale (the caption), 9 valid".
QString arrayText(const std::vector<const RecordInfo*>& records, std::size_t array)
{
    if (records.size() == 1) {
        const auto& record = *records.front();
        auto text = markStateName(markOf(record.arrays[array]));
        if (const auto reasons = reasonsText(record.changes[array]); !reasons.isEmpty())
            text += QStringLiteral(": ") + reasons;
        return record.adopted[array] ? text + RecordSummaryText::tr(", from elsewhere") : text;
    }
    std::map<ArrayState, std::int64_t> counts;
    std::map<QString, std::int64_t> reasons;
    for (const auto* const record : records) {
        ++counts[record->arrays[array]];
        for (const auto& change : record->changes[array])
            ++reasons[inputText(change.input)];
    }
    QStringList parts;
    for (const auto& [state, count] : counts) {
        auto part = QStringLiteral("%1 %2").arg(groupedNumber(count), markStateName(markOf(state)));
        QStringList why;
        for (const auto& [reason, times] : reasons)
            why << (times == count ? reason : QStringLiteral("%1 × %2").arg(groupedNumber(times), reason));
        if (state == ArrayState::Stale && !why.isEmpty())
            part += QStringLiteral(" (%1)").arg(why.join(QStringLiteral(", ")));
        parts << part;
    }
    return parts.join(QStringLiteral(", "));
}

} // namespace

RecordSummary summaryOf(const std::vector<const RecordInfo*>& records)
{
    RecordSummary summary;
    if (records.empty())
        return summary;
    summary.count = static_cast<std::int64_t>(records.size());
    summary.first = *records.front();
    summary.split = common(records, [](const RecordInfo& record) { return record.split; });
    summary.excluded = common(records, [](const RecordInfo& record) { return record.excluded; });
    summary.tags = commonTags(records);
    summary.allExcluded =
        std::ranges::all_of(records, [](const RecordInfo* record) { return !record->excluded.empty(); });
    for (std::size_t i = 0; i < summary.marks.size(); ++i) {
        auto state = records.front()->arrays[i];
        for (const auto* const record : records)
            state = worst(state, record->arrays[i]);
        summary.marks[i] = markOf(state);
        summary.states[i] = arrayText(records, i);
    }
    return summary;
}

ChosenRecords chosenOf(const std::vector<RecordInfo>& records, const QStringList& ids)
{
    std::vector<const RecordInfo*> chosen;
    chosen.reserve(static_cast<std::size_t>(ids.size()));
    for (const auto& text : ids) {
        const auto id = text.toStdString();
        const auto found = std::ranges::lower_bound(records, id, {}, &RecordInfo::id);
        if (found != records.end() && found->id == id)
            chosen.push_back(&*found);
    }
    ChosenRecords all{.summary = summaryOf(chosen), .withPatches = {}};
    for (const auto* const record : chosen) {
        if (record->arrays[static_cast<std::size_t>(ArrayKind::DinoPatches)] == ArrayState::Whole)
            all.withPatches.push_back({.id = record->id, .bucket = record->bucket});
    }
    return all;
}

} // namespace nanodit
