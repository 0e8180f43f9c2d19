#pragma once

#include "core/front/data.h"
#include "widgets/state_marks.h"

#include <QString>
#include <QStringList>

#include <array>
#include <cstdint>
#include <vector>

namespace nanodit {

/// What is told of one record, or of several together.
struct RecordSummary {
    std::int64_t count = 0;
    RecordInfo first;        ///< The only one, or the first of several.
    QString split, excluded; ///< What all of them have; empty where they differ.
    QStringList tags;        ///< That all of them have.
    bool allExcluded = false;
    std::array<MarkState, 4> marks{}; ///< By array: the one that needs a hand most.
    std::array<QString, 4> states;    ///< "stale: the caption"; of several "3 stale (the caption), 9 whole".
};

/// Goes through all of them: for many, off the home thread.
RecordSummary summaryOf(const std::vector<const RecordInfo*>& records);

/// What is shown of the records that are selected.
struct ChosenRecords {
    RecordSummary summary;
    std::vector<RecordKey> withPatches; ///< Those of them whose patches are whole.
};

/// Of those of `records` (by id) that have these ids.
ChosenRecords chosenOf(const std::vector<RecordInfo>& records, const QStringList& ids);

} // namespace nanodit
