#include "core/inspect/subject_conditions.h"

#include "core/dataset/catalog.h"
#include "core/io/presence.h"
#include "core/preprocess/workspace_state.h"
#include "core/runtime/error.h"

#include <algorithm>

namespace nanodit {

namespace {

SampleRequest storedConditionsOf(const RecordInfo& record)
{
    SampleRequest request;
    request.textRecord = record.id;
    request.reference = RecordReference{record.id};
    request.size = record.bucket;
    return request;
}

/// Names for tokens when the stored text does not belong to the caption, or there is no tokenizer.
std::vector<CaptionWord> numberedWords(std::int64_t tokens)
{
    std::vector<CaptionWord> words;
    for (std::int64_t i = 0; i < tokens; ++i)
        words.push_back({.text = "token " + std::to_string(i),
                         .firstToken = i,
                         .tokens = 1,
                         .end = false,
                         .inCaption = static_cast<std::size_t>(i)});
    return words;
}

std::int64_t tokensIn(const std::vector<CaptionWord>& words)
{
    return words.empty() ? 0 : words.back().firstToken + words.back().tokens;
}

/// Where the caption's words, numbered as before the replacement, are among those after it.
std::vector<std::pair<std::size_t, std::size_t>> placesAfter(const T5Tokenizer& tokenizer,
                                                             const std::vector<CaptionWord>& before,
                                                             const std::map<std::size_t, std::string>& replacements)
{
    std::vector<std::pair<std::size_t, std::size_t>> places; // first, count
    std::size_t next = 0;
    for (std::size_t i = 0; i < before.size(); ++i) {
        const auto found = replacements.find(i);
        std::size_t count = 1;
        if (found != replacements.end())
            count = captionWords(tokenizer, found->second, 0).size() - 1; // without the end mark
        places.emplace_back(next, count);
        next += count;
    }
    return places;
}

void expectInside(const PatchPaste& paste, GridSize source, GridSize own)
{
    const auto outside = [&paste](GridCell at, GridSize grid) {
        return at.row < 0 || at.col < 0 || at.row + paste.rows > grid.rows || at.col + paste.cols > grid.cols;
    };
    if (paste.rows < 1 || paste.cols < 1 || outside(paste.from, source) || outside(paste.to, own))
        throw UsageError("patches of \"" + paste.record + "\" cannot be pasted: " + std::to_string(paste.rows) + " x " +
                         std::to_string(paste.cols) + " patches do not fit at the places given; the grids have " +
                         std::to_string(source.rows) + " x " + std::to_string(source.cols) + " and " +
                         std::to_string(own.rows) + " x " + std::to_string(own.cols));
}

} // namespace

SubjectReader::SubjectReader(Workspace workspace, ConditionEncoder& encoder, const NanoDiT& model,
                             std::int64_t textTokens)
    : workspace_(std::move(workspace))
    , encoder_(encoder)
    , model_(model)
    , textTokens_(textTokens)
{
}

std::string SubjectReader::source(const std::string& record, const SampleRequest& sampling) const
{
    if (record.empty())
        return "sample " + encoder_.key(sampling);
    RecordInfo info; // its bucket is in the key
    info.id = record;
    return "record " + encoder_.key(storedConditionsOf(info));
}

RecordInfo SubjectReader::record(const std::string& id) const
{
    const auto record = Catalog::open(workspace_).find(id);
    if (!record)
        throw UsageError("the workspace has no record \"" + id + "\": look at its list of records, or import it first");
    RecordInfo info;
    info.id = record->id;
    info.image = record->image;
    info.caption = record->caption;
    info.bucket = record->bucket;
    return info;
}

const T5Tokenizer* SubjectReader::tokenizer()
{
    if (!tokenizer_ && !workspace_.config.t5Encoder.empty())
        tokenizer_ = T5Tokenizer::load(workspace_.path(workspace_.config.t5Encoder));
    return tokenizer_ ? &*tokenizer_ : nullptr;
}

Image SubjectReader::referenceImage(const std::optional<RecordInfo>& record, const SampleRequest& request) const
{
    if (record)
        return isPresent(record->image) ? loadBucketImage(*record) : Image{};
    if (const auto* const other = std::get_if<RecordReference>(&request.reference)) {
        const auto file = this->record(other->id).image; // cropped as its patches are
        return isPresent(file) ? makeBucketImage(readImage(file), request.size) : Image{};
    }
    if (const auto* const picture = std::get_if<PictureReference>(&request.reference))
        return makeBucketImage(readImage(picture->file), request.size);
    return {};
}

std::optional<SubjectConditions> SubjectReader::read(const RecordInfo& record, const ConditionEdits& edits,
                                                     const StopCheck& stop)
{
    return read(storedConditionsOf(record), edits, stop);
}

std::optional<SubjectConditions> SubjectReader::read(const SampleRequest& request, const ConditionEdits& edits,
                                                     const StopCheck& stop)
{
    const at::NoGradGuard noGradient;
    const auto encoded = encoder_.encode(request, stop);
    if (!encoded)
        return std::nullopt;
    SubjectConditions subject{.conditions = encoded->conditions,
                              .hasText = encoded->hasText,
                              .hasDino = encoded->hasDino,
                              .caption = request.textRecord ? record(*request.textRecord).caption : request.prompt,
                              .words = {}};
    if (subject.hasText && !editText(subject, request, edits, stop))
        return std::nullopt;
    if (!encoded->hasText && (!edits.erasedWords.empty() || !edits.replacedWords.empty()))
        throw UsageError("there are no words to erase or replace: nothing but a null text is given");
    if (subject.hasDino)
        editDino(subject.conditions, edits);
    else if (edits.eraseCls || !edits.clsFrom.empty() || !edits.erasedPatches.empty() || !edits.pastes.empty())
        throw UsageError("there are no CLS and patches to change: no reference is given");
    return subject;
}

bool SubjectReader::editText(SubjectConditions& subject, const SampleRequest& request, const ConditionEdits& edits,
                             const StopCheck& stop)
{
    const auto* const pieces = tokenizer();
    const auto before =
        pieces != nullptr ? captionWords(*pieces, subject.caption, textTokens_) : std::vector<CaptionWord>{};
    auto& text = subject.conditions.text;
    subject.words = tokensIn(before) == text.size(1) ? before : numberedWords(text.size(1));
    auto erased = edits.erasedWords;
    if (!edits.replacedWords.empty()) {
        if (pieces == nullptr)
            throw UsageError((workspace_.root / "workspace.yaml").string() +
                                 " names no text encoder (encoders.t5), without which no word can be replaced",
                             remedy::NameEncoder{remedy::Encoder::T5});
        SampleRequest replaced; // the text alone
        replaced.size = request.size;
        replaced.prompt = subject.caption = withWordsReplaced(before, edits.replacedWords);
        const auto encoded = encoder_.encode(replaced, stop);
        if (!encoded)
            return false;
        subject.hasText = encoded->hasText; // nothing is left of a caption whose words were all left out
        if (!subject.hasText)
            return true;
        text = encoded->conditions.text;
        subject.words = captionWords(*pieces, subject.caption, textTokens_);
        erased.clear();
        const auto places = placesAfter(*pieces, before, edits.replacedWords);
        for (std::size_t i = 0; i < places.size(); ++i) {
            for (std::size_t k = 0; k < places[i].second && places[i].first + k < subject.words.size(); ++k)
                subject.words[places[i].first + k].inCaption = i;
        }
        for (const auto word : edits.erasedWords) {
            for (std::size_t i = 0; word < places.size() && i < places[word].second; ++i)
                erased.insert(places[word].first + i);
        }
    }
    if (erased.empty())
        return true;
    subject.conditions.textMask = at::ones({1, text.size(1)}, at::kBool);
    for (const auto word : erased) {
        if (word >= subject.words.size())
            throw UsageError("the caption has no word " + std::to_string(word) + ": its words are 0 to " +
                             std::to_string(subject.words.size() - 1));
        const auto first = subject.words[word].firstToken;
        const auto inside = std::min(subject.words[word].tokens, text.size(1) - first);
        subject.conditions.textMask.narrow(1, first, inside).fill_(false);
    }
    return true;
}

DinoFeatures SubjectReader::dinoOf(const std::string& id)
{
    return *encoder_.dino(storedConditionsOf(record(id)));
}

void SubjectReader::editDino(Conditions& conditions, const ConditionEdits& edits)
{
    if (!edits.clsFrom.empty())
        conditions.cls = dinoOf(edits.clsFrom).cls.to(conditions.cls.device(), at::kFloat);
    if (edits.eraseCls) {
        for (const auto& [name, value] : model_.parameters()) {
            if (name == "null_dino")
                conditions.cls = value.detach().view({1, -1});
        }
    }
    const auto grid = conditions.patchGrid;
    if (!edits.pastes.empty())
        conditions.patches = conditions.patches.clone();
    for (const auto& paste : edits.pastes) {
        const auto source = dinoOf(paste.record);
        expectInside(paste, source.grid, grid);
        const auto region = [&paste](const at::Tensor& patches, GridSize of, GridCell at) {
            return patches.view({1, of.rows, of.cols, patches.size(-1)})
                .narrow(1, at.row, paste.rows)
                .narrow(2, at.col, paste.cols);
        };
        const auto given = source.patches.to(conditions.patches.device(), at::kFloat).contiguous();
        region(conditions.patches, grid, paste.to).copy_(region(given, source.grid, paste.from));
    }
    if (edits.erasedPatches.empty())
        return;
    const auto mask = maskWithout({edits.erasedPatches.begin(), edits.erasedPatches.end()}, grid);
    conditions.patchMask = conditions.patchMask.defined() ? conditions.patchMask.logical_and(mask) : mask;
}

} // namespace nanodit
