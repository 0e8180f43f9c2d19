#pragma once

#include "core/dataset/catalog.h"
#include "core/preprocess/derived_array.h"
#include "core/preprocess/pass_encoders.h"

#include <array>
#include <optional>
#include <vector>

namespace nanodit {

/// A record and what is on disk for it now.
struct SurveyedRecord {
    Record record;
    bool imageGone = false;
    std::array<ArrayJudgement, 4> arrays; ///< By ArrayKind.

    const ArrayJudgement& array(ArrayKind kind) const { return arrays[static_cast<std::size_t>(kind)]; }
    ArrayJudgement& array(ArrayKind kind) { return arrays[static_cast<std::size_t>(kind)]; }
};

inline constexpr std::array allArrays = {ArrayKind::T5, ArrayKind::Vae, ArrayKind::DinoCls, ArrayKind::DinoPatches};

/// The encoders' fingerprints by Pass; empty where an encoder is not set, not there, or was not asked for.
using EncoderFingerprints = std::array<std::string, 3>;

/// Those of the encoders that can be used and that `passes` name. Empty when stopped.
std::optional<EncoderFingerprints> usableFingerprints(const PassEncoders& encoders, const std::vector<Pass>& passes,
                                                      const JobContext& context);

/// What an array of the record would be made of now.
ArrayInputs inputsNow(const Record& record, ArrayKind kind, const ArrayExpectations& expected,
                      const EncoderFingerprints& fingerprints);

/// Every record that is not excluded, by id, with the judgement of each of its arrays: heads of files and catalog only.
/// Pictures whose size or time changed are read again, and what is new of them goes to the catalog. Empty when stopped.
std::optional<std::vector<SurveyedRecord>> surveyRecords(const Workspace& workspace, Catalog& catalog,
                                                         const ArrayExpectations& expected,
                                                         const EncoderFingerprints& fingerprints,
                                                         const JobContext& context);
/// The same of these records only.
std::optional<std::vector<SurveyedRecord>>
surveyRecords(std::vector<Record> records, const Workspace& workspace, Catalog& catalog,
              const ArrayExpectations& expected, const EncoderFingerprints& fingerprints, const JobContext& context);
/// What the catalog says of a record's arrays, without a look at any file: missing, whole or stale.
SurveyedRecord catalogView(Record record, const std::array<const Provenance*, 4>& provenances,
                           const ArrayExpectations& expected, const EncoderFingerprints& fingerprints);

} // namespace nanodit
