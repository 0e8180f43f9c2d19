#include "core/validate/plan.h"

#include "core/runtime/error.h"
#include "core/runtime/number_text.h"
#include "core/validate/indefinite_article.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace nanodit {

namespace {

/// Eight hues, which a picture's things have in turn, then what may be a background's or a shadow's as well.
constexpr std::array<std::string_view, 11> colourWords = {"red",    "orange", "yellow", "green", "cyan", "blue",
                                                          "purple", "pink",   "brown",  "black", "white"};
constexpr std::size_t hues = 8;

struct Word {
    std::size_t begin = 0, length = 0;
    std::string lower;
};

/// Runs of ASCII letters.
std::vector<Word> wordsOf(const std::string& text)
{
    std::vector<Word> words;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!std::isalpha(static_cast<unsigned char>(text[i])))
            continue;
        Word word{.begin = i, .length = 0, .lower = {}};
        for (; i < text.size() && std::isalpha(static_cast<unsigned char>(text[i])); ++i)
            word.lower += static_cast<char>(std::tolower(static_cast<unsigned char>(text[i])));
        word.length = word.lower.size();
        words.push_back(std::move(word));
    }
    return words;
}

/// Index of the next record of the same bucket, or i itself.
std::size_t partnerOf(std::size_t i, const std::vector<RecordInfo>& records)
{
    for (std::size_t step = 1; step < records.size(); ++step) {
        const auto other = (i + step) % records.size();
        if (records[other].bucket == records[i].bucket)
            return other;
    }
    return i;
}

bool contains(const std::vector<ValidationTask>& tasks, ValidationTask task)
{
    return std::find(tasks.begin(), tasks.end(), task) != tasks.end();
}

} // namespace

std::optional<WordChange> changeColourWord(const std::string& caption)
{
    const auto words = wordsOf(caption);
    const auto isNamed = [&words](std::string_view colour) {
        return std::ranges::find(words, colour, &Word::lower) != words.end();
    };
    const auto isOneOf = [](std::span<const std::string_view> colours) {
        return [colours](const Word& word) { return std::ranges::find(colours, word.lower) != colours.end(); };
    };
    const std::span all(colourWords);
    auto found = std::ranges::find_if(words, isOneOf(all.first(hues)));
    if (found == words.end())
        found = std::ranges::find_if(words, isOneOf(all));
    if (found == words.end())
        return std::nullopt;
    const auto index = static_cast<std::size_t>(std::ranges::find(colourWords, found->lower) - colourWords.begin());
    // The next hue, in turn; brown, black and white only where every hue is taken.
    std::vector<std::string_view> candidates;
    for (std::size_t step = 1; step <= hues; ++step)
        candidates.push_back(colourWords[(std::min(index, hues - 1) + step) % hues]);
    candidates.insert(candidates.end(), colourWords.begin() + hues, colourWords.end());
    const auto to = std::ranges::find_if(candidates, [&](std::string_view colour) { return !isNamed(colour); });
    if (to == candidates.end())
        return std::nullopt;
    WordChange change{.caption = caption, .from = found->lower, .to = std::string(*to)};
    for (auto word = words.rbegin(); word != words.rend(); ++word) { // from behind, so that the places stay right
        if (word->lower == change.from) {
            change.caption.replace(word->begin, word->length, change.to);
            setIndefiniteArticle(change.caption, word->begin);
        }
    }
    return change;
}

std::string PlannedPicture::file() const
{
    const bool withoutTheChange = task == ValidationTask::TextOverDino && !change;
    return std::string("pictures/") + validationTaskNames[static_cast<std::size_t>(task)] +
           (withoutTheChange ? "/unchanged/" : "/") + record.id + ".png";
}

SampleRequest PlannedPicture::request(const ValidationSettings& settings) const
{
    SampleRequest request;
    if (change)
        request.prompt = change->caption;
    else
        request.textRecord = record.id;
    if (task != ValidationTask::TextOnly)
        request.reference = RecordReference{other ? other->id : record.id};
    request.size = record.bucket;
    request.steps = settings.steps;
    request.shift = settings.shift;
    request.guidance = settings.guidance;
    request.textScale = settings.textScale;
    request.dinoScale = settings.dinoScale;
    if (task == ValidationTask::TextOverDino) {
        request.textScale = 2 * std::max(settings.textScale, settings.dinoScale);
        request.dinoScale = std::min(settings.textScale, settings.dinoScale) / 2;
    }
    if (region) { // as one edits a picture: nothing of DINO guides in the region
        request.erasedPatches = region->patches;
        request.dinoWeights.assign(static_cast<std::size_t>(region->grid.count()), 1.0);
        for (const auto patch : region->patches)
            request.dinoWeights[static_cast<std::size_t>(patch)] = 0.0;
    }
    request.seed = seed;
    return request;
}

ValidationPlan planValidation(const std::vector<RecordInfo>& all, const ValidationSettings& settings,
                              const RegionChanges& regionChanges)
{
    ValidationPlan plan;
    for (const auto& record : all) {
        if (record.split == "val" && record.excluded.empty() &&
            static_cast<std::int64_t>(plan.records.size()) < settings.records)
            plan.records.push_back(record);
    }
    if (plan.records.empty())
        throw DataError("there is nothing to validate on: no record is in the split \"val\"", remedy::HoldOutRecords{});

    std::vector<std::optional<RegionChange>> edits(plan.records.size());
    if (regionChanges && contains(settings.tasks, ValidationTask::RegionEdit)) {
        for (std::size_t i = 0; i < edits.size(); ++i)
            edits[i] = regionChanges(plan.records[i], i);
    }
    const bool reconstruct = contains(settings.tasks, ValidationTask::Reconstruction);
    const bool compare = contains(settings.tasks, ValidationTask::TextManipulation) ||
                         std::any_of(edits.begin(), edits.end(), [](const auto& edit) { return edit.has_value(); });
    const auto add = [&](ValidationTask task, std::size_t i) -> PlannedPicture& {
        return plan.pictures.emplace_back(PlannedPicture{.task = task,
                                                         .record = plan.records[i],
                                                         .other = {},
                                                         .change = {},
                                                         .region = {},
                                                         .seed = settings.seed + static_cast<std::uint64_t>(i),
                                                         .reported = true,
                                                         .unchanged = {}});
    };
    const auto addChanged = [&](ValidationTask task, std::size_t i, const WordChange& change,
                                const std::string& unchanged) -> PlannedPicture& {
        auto& picture = add(task, i);
        picture.change = change;
        picture.unchanged = unchanged;
        return picture;
    };
    std::vector<std::string> reconstructions(plan.records.size());
    std::size_t alone = 0, unknown = 0;
    std::map<ValidationTask, std::size_t> colourless;
    for (std::size_t task = 0; task < validationTaskNames.size(); ++task) {
        const auto kind = static_cast<ValidationTask>(task);
        if (!contains(settings.tasks, kind) && !(kind == ValidationTask::Reconstruction && compare))
            continue;
        for (std::size_t i = 0; i < plan.records.size(); ++i) {
            switch (kind) {
            case ValidationTask::Reconstruction: {
                auto& picture = add(kind, i);
                picture.reported = reconstruct;
                reconstructions[i] = picture.file();
                break;
            }
            case ValidationTask::DinoSwap: {
                const auto partner = partnerOf(i, plan.records);
                if (partner == i)
                    ++alone;
                else
                    add(kind, i).other = plan.records[partner];
                break;
            }
            case ValidationTask::TextOnly:
                add(kind, i);
                break;
            case ValidationTask::TextManipulation:
            case ValidationTask::TextOverDino: {
                const auto change = changeColourWord(plan.records[i].caption);
                if (!change) {
                    ++colourless[kind];
                    break;
                }
                auto unchanged = reconstructions[i];
                if (kind == ValidationTask::TextOverDino) { // with other scales, so the reconstruction will not do
                    auto& picture = add(kind, i);
                    picture.reported = false;
                    unchanged = picture.file();
                }
                addChanged(kind, i, *change, unchanged);
                break;
            }
            case ValidationTask::RegionEdit:
                if (const auto& edit = edits[i])
                    addChanged(kind, i, edit->change, reconstructions[i]).region = edit->region;
                else
                    ++unknown;
                break;
            }
        }
    }
    if (alone > 0)
        plan.notes.push_back("DINO swap leaves out " + counted(alone, "record") +
                             " without another validation record of the same bucket.");
    for (const auto& [task, count] : colourless)
        plan.notes.push_back((task == ValidationTask::TextManipulation ? "Text manipulation leaves out "
                                                                       : "Text over DINO leaves out ") +
                             counted(count, "record") + " whose caption names no colour.");
    if (unknown > 0)
        plan.notes.push_back("Region edit leaves out " + counted(unknown, "record") + " whose layout is not known.");
    return plan;
}

} // namespace nanodit
