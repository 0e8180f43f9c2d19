#pragma once

#include "core/dataset/record_info.h"
#include "core/inspect/inspection.h"
#include "core/sample/sample_request.h"
#include "core/validate/validation.h"

#include <functional>

namespace nanodit {

/// One word of a caption, replaced.
struct WordChange {
    std::string caption;  ///< The new one.
    std::string from, to; ///< Lower case.
};
/// Replaces the first colour that the caption names, everywhere, by the next that it does not name. Hues come before
/// brown, black and white, in what is replaced (a white background is no thing) and in what comes instead. Empty when
/// it names none.
std::optional<WordChange> changeColourWord(const std::string& caption);

/// Where in a record's picture one thing is.
struct ThingRegion {
    std::size_t thing = 0; ///< Its number in what is known of the picture.
    GridSize grid;
    std::vector<std::int64_t> patches; ///< That it reaches into, row by row, ascending.
};
/// The word of one thing replaced, and where that thing is.
struct RegionChange {
    WordChange change;
    ThingRegion region;
};
/// An edit of a record; `number` is its place in the list, so that neighbours can be edited in different ways. Empty
/// where it is not known where things are.
using RegionChanges = std::function<std::optional<RegionChange>(const RecordInfo& record, std::size_t number)>;

/// A picture to paint.
struct PlannedPicture {
    ValidationTask task = ValidationTask::Reconstruction;
    RecordInfo record;                 ///< Gives the text and, where nothing else is said, CLS and patches.
    std::optional<RecordInfo> other;   ///< DinoSwap: gives CLS and patches.
    std::optional<WordChange> change;  ///< TextManipulation, TextOverDino, RegionEdit.
    std::optional<ThingRegion> region; ///< RegionEdit: its patches are erased, and DINO does not guide there.
    std::uint64_t seed = 0;
    bool reported = true;  ///< False: painted to compare others with.
    std::string unchanged; ///< file() of the picture without the change; empty where nothing is changed.

    std::string file() const; ///< "pictures/dino_swap/cats__tabby.png"
    SampleRequest request(const ValidationSettings& settings) const;
};

struct ValidationPlan {
    std::vector<RecordInfo> records; ///< Those whose originals are needed: the ones painted, and swap partners.
    std::vector<PlannedPicture> pictures;
    std::vector<std::string> notes; ///< What cannot be done with these records.
};

/// Everything the suite paints, in the order of the tasks. Records: the first of the validation split that are not
/// excluded; a swap's partner is the next one of the same bucket. Throws DataError when there are none.
ValidationPlan planValidation(const std::vector<RecordInfo>& records, const ValidationSettings& settings,
                              const RegionChanges& regionChanges = {});

} // namespace nanodit
