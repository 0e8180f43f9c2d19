#include "core/dataset/record_query.h"

#include "core/config/field.h"
#include "core/dataset/pass.h"
#include "core/dataset/record_info.h"
#include "core/geometry/bucket.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <span>

namespace nanodit {

namespace {

constexpr std::array<const char*, 5> qualities = {"excluded", "problem", "adopted", "tagged", "captioned"};

struct Word {
    std::string_view text; ///< As written, with its sign and quotes.
    std::string plain;     ///< Without quotes.
    bool quoted = false;   ///< Begins with a quote: text, whatever it holds.
};

/// Words are apart by blanks, except inside quotes: `tag:"night city"` is one.
std::vector<Word> wordsOf(std::string_view query)
{
    std::vector<Word> words;
    for (std::size_t i = 0; i < query.size();) {
        if (query[i] == ' ') {
            ++i;
            continue;
        }
        const auto first = i;
        Word word;
        word.quoted = query[i] == '"' || (query[i] == '-' && i + 1 < query.size() && query[i + 1] == '"');
        for (bool inside = false; i < query.size() && (inside || query[i] != ' '); ++i) {
            if (query[i] == '"')
                inside = !inside;
            else
                word.plain += query[i];
        }
        word.text = query.substr(first, i - first);
        words.push_back(std::move(word));
    }
    return words;
}

std::vector<std::string> split(std::string_view values)
{
    std::vector<std::string> parts;
    for (std::size_t first = 0; first <= values.size();) {
        const auto comma = std::min(values.find(',', first), values.size());
        if (comma > first)
            parts.emplace_back(values.substr(first, comma - first));
        first = comma + 1;
    }
    return parts;
}

void expectOneOf(std::string_view key, const std::vector<std::string>& values, std::span<const char* const> known)
{
    std::string names;
    for (const auto* const name : known)
        names += (names.empty() ? "" : ", ") + std::string(name);
    for (const auto& value : values) {
        if (std::ranges::find(known, value) == known.end())
            throw UsageError(std::string(key) + ":" + value + " finds nothing: " + std::string(key) + " may be " +
                             names);
    }
}

bool inState(const RecordInfo& record, const std::string& name)
{
    const auto state = static_cast<ArrayState>(std::ranges::find(stateNames, name) - stateNames.begin());
    const auto is = [state](ArrayState other) { return other == state; };
    return state == ArrayState::Whole ? std::ranges::all_of(record.arrays, is) : std::ranges::any_of(record.arrays, is);
}

bool staleBecause(const RecordInfo& record, ArrayInput input)
{
    for (const auto& changes : record.changes) {
        for (const auto& change : changes) {
            if (change.input == input)
                return true;
        }
    }
    return false;
}

bool hasQuality(const RecordInfo& record, const std::string& name)
{
    if (name == "excluded")
        return !record.excluded.empty();
    if (name == "problem")
        return !record.problem.empty();
    if (name == "adopted")
        return std::ranges::find(record.adopted, true) != record.adopted.end();
    return name == "tagged" ? !record.tags.empty() : !record.caption.empty();
}

} // namespace

std::string foldCase(std::string_view text)
{
    std::string folded(text);
    for (std::size_t i = 0; i < folded.size(); ++i) {
        const auto byte = static_cast<unsigned char>(folded[i]);
        if (byte >= 'A' && byte <= 'Z') {
            folded[i] = static_cast<char>(byte + 32);
            continue;
        }
        if (byte < 0xC3 || byte > 0xD0 || i + 1 >= folded.size())
            continue;
        const unsigned code = (byte & 0x1FU) << 6U | (static_cast<unsigned char>(folded[i + 1]) & 0x3FU);
        unsigned lower = code;
        if ((code >= 0xC0 && code <= 0xDE && code != 0xD7) || (code >= 0x391 && code <= 0x3A9) ||
            (code >= 0x410 && code <= 0x42F))
            lower = code + 32;
        else if (code >= 0x400 && code <= 0x40F)
            lower = code + 80;
        else if ((code >= 0x100 && code <= 0x137) || (code >= 0x14A && code <= 0x177)) // pairs: capital, small
            lower = code | 1U;
        else if ((code >= 0x139 && code <= 0x148) || (code >= 0x179 && code <= 0x17E))
            lower = code + (code & 1U);
        folded[i] = static_cast<char>(0xC0U | lower >> 6U);
        folded[++i] = static_cast<char>(0x80U | (lower & 0x3FU));
    }
    return folded;
}

struct RecordQuery::KeyName {
    std::string_view name;
    Key key;
    std::span<const char* const> values = {}; ///< Empty: any.
    std::size_t array = 0;                    ///< Of Key::Array, by ArrayKind.
};

std::span<const RecordQuery::KeyName> RecordQuery::keys()
{
    static const std::array<KeyName, 12> all = {{{"bucket", Key::Bucket},
                                                 {"split", Key::Split},
                                                 {"tag", Key::Tag},
                                                 {"state", Key::State, stateNames},
                                                 {arrayFolderNames[0], Key::Array, stateNames, 0},
                                                 {arrayFolderNames[1], Key::Array, stateNames, 1},
                                                 {arrayFolderNames[2], Key::Array, stateNames, 2},
                                                 {arrayFolderNames[3], Key::Array, stateNames, 3},
                                                 {"dino", Key::Array, stateNames, 2},
                                                 {"patches", Key::Array, stateNames, 3},
                                                 {"because", Key::Because, inputNames},
                                                 {"is", Key::Is, qualities}}};
    return all;
}

const RecordQuery::KeyName* RecordQuery::keyNamed(std::string_view name)
{
    const auto all = keys();
    const auto found = std::ranges::find(all, name, &KeyName::name);
    return found == all.end() ? nullptr : &*found;
}

RecordQuery::RecordQuery(std::string_view text)
{
    for (const auto& word : wordsOf(text)) {
        auto term = parsed(word.plain, word.quoted);
        if (!term.values.empty()) // "tag:" while it is being typed says nothing yet
            terms_.push_back(std::move(term));
    }
}

RecordQuery::Term RecordQuery::parsed(std::string_view word, bool quoted)
{
    Term term;
    term.negated = word.size() > 1 && word.front() == '-';
    if (term.negated)
        word.remove_prefix(1);
    const auto colon = quoted ? std::string_view::npos : word.find(':');
    if (colon != std::string_view::npos) {
        const auto key = word.substr(0, colon);
        term.values = split(word.substr(colon + 1));
        if (const auto* const known = keyNamed(key)) {
            for (auto& value : term.values) {
                if (known->key == Key::State || known->key == Key::Array) // as the window names them
                    value = value == "valid" ? "whole" : value == "invalid" ? "wrong" : value;
            }
            if (!known->values.empty())
                expectOneOf(key, term.values, known->values);
            term.key = known->key;
            term.array = known->array;
            return term;
        }
    }
    term.values = {foldCase(word)};
    return term;
}

bool RecordQuery::holds(const Term& term, const std::string& value, const RecordInfo& record, std::string& folded)
{
    switch (term.key) {
    case Key::Bucket:
        return bucketName(record.bucket) == value;
    case Key::Split:
        return record.split == value;
    case Key::Tag:
        return std::ranges::find(record.tags, value) != record.tags.end();
    case Key::State:
        return inState(record, value);
    case Key::Array:
        return stateNames[static_cast<std::size_t>(record.arrays[term.array])] == value;
    case Key::Because:
        return staleBecause(record, static_cast<ArrayInput>(std::ranges::find(inputNames, value) - inputNames.begin()));
    case Key::Is:
        return hasQuality(record, value);
    case Key::Text:
        break;
    }
    if (folded.empty())
        folded = foldCase(record.id) + '\n' + foldCase(record.caption);
    return folded.find(value) != std::string::npos;
}

bool RecordQuery::accepts(const RecordInfo& record) const
{
    std::string folded; // made when the first text asks for it
    return std::ranges::all_of(terms_, [&](const Term& term) {
        const bool found =
            std::ranges::any_of(term.values, [&](const auto& value) { return holds(term, value, record, folded); });
        return found != term.negated;
    });
}

std::string misspeltTerm(std::string_view query)
{
    static const auto names = [] {
        std::vector<std::string> all;
        for (const auto& key : RecordQuery::keys())
            all.emplace_back(key.name);
        return all;
    }();
    constexpr std::size_t shortest = 3; // of shorter ones everything short is near: "16:9"
    for (const auto& word : wordsOf(query)) {
        const std::string_view plain = word.plain;
        const auto from = plain.starts_with('-') ? std::size_t{1} : 0;
        const auto colon = plain.find(':');
        if (word.quoted || colon == std::string_view::npos || colon < from + shortest || colon + 1 == plain.size())
            continue;
        const auto key = std::string(plain.substr(from, colon - from));
        const auto near = nearestName(foldCase(key), names);
        if (!near.empty() && near != key)
            return "\"" + std::string(word.text) + "\" is searched for as text: did you mean \"" +
                   std::string(plain.substr(0, from)) + termText(near, plain.substr(colon + 1)) + "\"?";
    }
    return {};
}

std::string termText(std::string_view key, std::string_view value)
{
    const bool quotes = value.find(' ') != std::string_view::npos;
    return std::string(key) + (quotes ? ":\"" : ":") + std::string(value) + (quotes ? "\"" : "");
}

bool hasTerm(std::string_view query, std::string_view term)
{
    return std::ranges::any_of(wordsOf(query), [term](const Word& word) { return word.text == term; });
}

std::string withTerm(std::string_view query, std::string_view term, bool present)
{
    std::string text;
    const auto add = [&text](std::string_view word) { text.append(text.empty() ? "" : " ").append(word); };
    for (const auto& word : wordsOf(query)) {
        if (word.text != term)
            add(word.text);
    }
    if (present)
        add(term);
    return text;
}

RecordCounts countRecords(const std::vector<RecordInfo>& records)
{
    RecordCounts counts;
    counts.records = static_cast<std::int64_t>(records.size());
    for (const auto& record : records) {
        ++counts.buckets[record.bucket];
        ++counts.splits[record.split];
        for (const auto& tag : record.tags)
            ++counts.tags[tag];
        counts.excluded += hasQuality(record, "excluded");
        counts.problems += hasQuality(record, "problem");
        counts.adopted += hasQuality(record, "adopted");
        for (std::size_t state = 0; state < stateNames.size(); ++state)
            counts.states[static_cast<ArrayState>(state)] += inState(record, stateNames[state]);
        for (std::size_t input = 0; input < inputNames.size(); ++input) {
            if (staleBecause(record, static_cast<ArrayInput>(input)))
                ++counts.staleness[static_cast<ArrayInput>(input)];
        }
    }
    return counts;
}

} // namespace nanodit
