#pragma once

#include "core/dataset/record_info.h"
#include "core/inspect/attention_session.h"
#include "core/inspect/caption_words.h"
#include "core/model/nanodit.h"
#include "core/sample/conditions.h"

namespace nanodit {

/// A record's conditions, or those that a sampling is given, edited, and the words that the text tokens make up.
struct SubjectConditions {
    Conditions conditions; ///< [1, ...]; placeholders where there are none.
    bool hasText = false, hasDino = false;
    std::string caption; ///< As it was encoded.
    std::vector<CaptionWord> words;
};

/// Reads records' stored arrays and applies edits to them. One thread at a time.
class SubjectReader {
public:
    /// `encoder` and `model` must outlive this. T: longest text.
    SubjectReader(Workspace workspace, ConditionEncoder& encoder, const NanoDiT& model, std::int64_t textTokens);

    /// What the conditions of a record, or without one of a sampling, are read from: changes with the files, too.
    /// Throws UsageError for an unknown record.
    std::string source(const std::string& record, const SampleRequest& sampling) const;
    /// Empty when `stop` said so, which is asked within the encoders' layers. Throw UsageError for an unknown record,
    /// word or patch; DataError for missing arrays.
    std::optional<SubjectConditions> read(const RecordInfo& record, const ConditionEdits& edits,
                                          const StopCheck& stop = {});
    std::optional<SubjectConditions> read(const SampleRequest& request, const ConditionEdits& edits,
                                          const StopCheck& stop = {});
    RecordInfo record(const std::string& id) const;
    /// The bucket image that the patches are of: a record's, or a sampling's reference; empty where there is none.
    Image referenceImage(const std::optional<RecordInfo>& record, const SampleRequest& request) const;

private:
    /// False when stopped.
    bool editText(SubjectConditions& subject, const SampleRequest& request, const ConditionEdits& edits,
                  const StopCheck& stop);
    void editDino(Conditions& conditions, const ConditionEdits& edits);
    DinoFeatures dinoOf(const std::string& record);
    const T5Tokenizer* tokenizer();

    Workspace workspace_;
    ConditionEncoder& encoder_;
    const NanoDiT& model_;
    std::int64_t textTokens_;
    std::optional<T5Tokenizer> tokenizer_;
};

} // namespace nanodit
