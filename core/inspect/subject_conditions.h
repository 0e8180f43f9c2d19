#pragma once

#include "core/inspect/attention_session.h"
#include "core/inspect/caption_words.h"
#include "core/model/nanodit.h"
#include "core/sample/conditions.h"

namespace nanodit {

/// A record's conditions, edited, and the words that its text tokens make up.
struct SubjectConditions {
    Conditions conditions; ///< [1, ...]
    std::string caption;   ///< As it was encoded.
    std::vector<CaptionWord> words;
};

/// Reads records' stored arrays and applies edits to them. One thread at a time.
class SubjectReader {
public:
    /// `encoder` and `model` must outlive this. T: longest text.
    SubjectReader(Workspace workspace, ConditionEncoder& encoder, const NanoDiT& model, std::int64_t textTokens);

    /// Throws UsageError for an unknown record, word or patch; DataError for missing arrays.
    SubjectConditions read(const RecordInfo& record, const ConditionEdits& edits);
    RecordInfo record(const std::string& id) const;

private:
    void editText(SubjectConditions& subject, const RecordInfo& record, const ConditionEdits& edits);
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
