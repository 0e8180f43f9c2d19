#pragma once

#include "core/dataset/catalog.h"
#include "core/preprocess/derived_array.h"
#include "core/preprocess/pass_encoders.h"
#include "core/preprocess/workspace_state.h"

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <span>
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

/// Judges the arrays of records. By Look::Disk from heads of files and the catalog; pictures whose size or time changed
/// are read again, and what is new of them goes to the catalog. By Look::Catalog without a look at any file: missing,
/// whole or stale.
class Survey {
public:
    enum class Of { Included, All }; ///< All: also the records that are excluded.
    using Visit = std::function<void(std::span<SurveyedRecord>)>;

    /// The workspace and the catalog outlive this.
    Survey(const Workspace& workspace, Catalog& catalog, ArrayExpectations expected, EncoderFingerprints fingerprints,
           Look look = Look::Disk);

    /// Every record by id, a hundred or so at a time: what a visit keeps is all that stays in memory. `stage`: of the
    /// progress. False when stopped.
    bool visit(Of of, const JobContext& context, const Visit& work, Stage stage = Stage::CheckingRecords) const;
    /// These records, in their order. Empty when stopped.
    std::optional<std::vector<SurveyedRecord>> judge(std::span<const Record> records, const JobContext& context) const;

private:
    using Provenances = std::array<std::map<std::string, Provenance>, 4>; ///< By ArrayKind and record id.

    std::vector<SurveyedRecord> judgePart(std::vector<Record> records, const Provenances& known,
                                          const JobControl& control) const;
    void lookInCatalog(SurveyedRecord& entry, const Provenances& known) const;
    ImageChange lookOnDisk(SurveyedRecord& entry, const Provenances& known) const;

    const Workspace& workspace_;
    Catalog& catalog_;
    ArrayExpectations expected_;
    EncoderFingerprints fingerprints_;
    Look look_;
};

} // namespace nanodit
