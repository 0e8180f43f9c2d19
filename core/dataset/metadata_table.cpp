#include "core/dataset/metadata_table.h"

#include "core/dataset/record.h"
#include "core/dataset/side_files.h"
#include "core/io/atomic_file.h"
#include "core/io/comparable_name.h"
#include "core/io/foreign_text.h"
#include "core/io/utf8.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <sstream>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

/// Pictures by where they lie, and what a table says of them.
class Attachment {
public:
    Attachment(const fs::path& table, std::span<ImportEntry> entries, ImportListing& listing)
        : table_(table)
        , listing_(listing)
    {
        for (auto& entry : entries) {
            byPath_.emplace(entry.image.native(), &entry);
            if (const auto [other, isNew] = byMeaning_.emplace(comparableName(entry.image.native()), &entry); !isNew)
                other->second = nullptr;
        }
    }

    void row(json fields, std::int64_t line)
    {
        const auto where = whereIs(line);
        if (!fields.is_object()) {
            listing_.rejects.push_back({where, "it holds a JSON " + std::string(fields.type_name()) +
                                                   " where an object was expected, like {\"file_name\": \"a.png\"}"});
            return;
        }
        nameFields(fields);
        try {
            auto name = takeText(fields, "file_name", where);
            if (name.empty())
                name = takeText(fields, "image", where);
            std::ranges::replace(name, '\\', '/');
            if (name.empty())
                throw DataError(where + " names no picture: it needs a \"file_name\"");
            attach(pictureNamed(name, where), dumpForeignJson(fields), name, line);
        } catch (const DataError& error) {
            listing_.rejects.push_back({where, error.what()});
        }
    }
    void refuse(std::int64_t line, const std::string& why) { listing_.rejects.push_back({whereIs(line), why}); }

private:
    std::string whereIs(std::int64_t line) const { return table_.string() + " line " + std::to_string(line); }

    /// The picture of this name, or the one whose name means the same elsewhere (comparable_name.h).
    ImportEntry& pictureNamed(const std::string& name, const std::string& where) const
    {
        const auto path = (table_.parent_path() / name).lexically_normal().native();
        if (const auto found = byPath_.find(path); found != byPath_.end())
            return *found->second;
        const auto found = byMeaning_.find(comparableName(path));
        if (found == byMeaning_.end() || found->second == nullptr)
            throw DataError(where + " names " + printableText(name) + ", which is not a picture in this folder");
        return *found->second;
    }

    /// One row speaks for a picture: the first of its table, and that of the table which lies nearest to it.
    void attach(ImportEntry& picture, std::string row, const std::string& name, std::int64_t line)
    {
        if (picture.metadata.empty()) {
            picture.metadata = std::move(row);
            lines_[&picture] = line;
            return;
        }
        if (picture.metadata == row)
            return;
        const auto first = lines_.find(&picture);
        throw DataError(whereIs(line) + " names " + printableText(name) + " again, of which " +
                        (first != lines_.end() ? "line " + std::to_string(first->second) : "another table") +
                        " says something else, which counts; a record has one caption: for several, write a "
                        "records.jsonl with a line and an id for each");
    }

    const fs::path& table_;
    ImportListing& listing_;
    std::unordered_map<std::string, ImportEntry*> byPath_;
    std::unordered_map<std::string, ImportEntry*> byMeaning_;    ///< Null where several names mean the same.
    std::unordered_map<const ImportEntry*, std::int64_t> lines_; ///< Of pictures that this table spoke of.
};

constexpr std::size_t longestList = 200;

/// What stands between the columns' names: spreadsheets of countries with a decimal comma write semicolons.
char separatorOf(const std::string& text)
{
    const auto head = text.substr(0, text.find_first_of("\r\n", text.find_first_not_of("\r\n")));
    char best = ',';
    for (const char candidate : {';', '\t'}) {
        if (std::ranges::count(head, candidate) > std::ranges::count(head, best))
            best = candidate;
    }
    return best;
}

/// "sep=;", with which spreadsheets tell each other what stands between columns.
char takeSeparatorLine(std::string& text)
{
    constexpr std::size_t length = 5; // with the separator
    if (!text.starts_with("sep=") || text.size() <= length || (text[length] != '\r' && text[length] != '\n'))
        return separatorOf(text);
    const char separator = text[length - 1];
    text.replace(0, length, ""); // the line's end stays, so that lines are counted as they are
    return separator;
}

/// Fills `columns` with the names of a table's columns. Why the table cannot be used, or empty.
std::string readColumns(const CsvRow& header, std::vector<std::string>& columns)
{
    std::string list;
    for (const auto& typed : header.fields) {
        auto name = knownField(typed);
        if (name.empty())
            name = tidyCaption(typed);
        if (!name.empty() && std::ranges::find(columns, name) != columns.end())
            return "it has two columns \"" + printableText(name) + "\": rename or remove one of them";
        list += (list.empty() ? "\"" : ", \"") + name + "\"";
        columns.push_back(std::move(name));
    }
    if (std::ranges::find(columns, "file_name") == columns.end() &&
        std::ranges::find(columns, "image") == columns.end())
        return "its columns are " + printableText(list.substr(0, longestList)) +
               ", and none is \"file_name\", which says what picture a row is of";
    return {};
}

void attachCsv(std::string text, Attachment& attachment)
{
    const char separator = takeSeparatorLine(text);
    const auto table = parseCsv(text, separator);
    for (const auto line : table.unclosed)
        attachment.refuse(line, "it has a quotation mark that begins a text and none that ends it: put one at its end, "
                                "and two for each inside it");
    if (table.rows.empty())
        return;
    std::vector<std::string> columns;
    if (const auto fault = readColumns(table.rows[0], columns); !fault.empty())
        return attachment.refuse(table.rows[0].line, fault);
    if (table.rows.size() == 1 && table.unclosed.empty())
        return attachment.refuse(table.rows[0].line,
                                 "it names the columns, and no row follows: fetch the table again, or remove it");
    for (const auto& row : std::span(table.rows).subspan(1)) {
        const auto surplus = std::span(row.fields).subspan(std::min(row.fields.size(), columns.size()));
        if (std::ranges::any_of(surplus, [](const std::string& field) { return !field.empty(); })) {
            attachment.refuse(row.line, "it has " + std::to_string(row.fields.size()) + " values for " +
                                            std::to_string(columns.size()) +
                                            " columns: put texts that contain the separator in quotes");
            continue;
        }
        json fields = json::object();
        for (std::size_t column = 0; column < std::min(row.fields.size(), columns.size()); ++column) {
            if (!row.fields[column].empty())
                fields[columns[column]] = row.fields[column];
        }
        if (!fields.empty())
            attachment.row(std::move(fields), row.line);
    }
}

void attachLines(const std::string& text, Attachment& attachment)
{
    std::istringstream lines(text);
    std::string line;
    for (std::int64_t number = 1; std::getline(lines, line); ++number) {
        if (line.find_first_not_of(" \t\r") == std::string::npos)
            continue;
        if (!isUtf8(line)) {
            attachment.refuse(number, "it is not UTF-8 text: save it as UTF-8");
            continue;
        }
        auto parsed = parseForeignJson(line);
        if (parsed.fault.empty())
            attachment.row(std::move(parsed.value), number);
        else
            attachment.refuse(number, "it " + jsonComplaint(parsed.fault, JsonText::Line));
    }
}

} // namespace

CsvTable parseCsv(const std::string& text, char separator)
{
    constexpr std::size_t mostUnclosed = 100; // each is looked for to the text's end
    CsvTable table;
    CsvRow row{.fields = {""}, .line = 1};
    std::int64_t line = 1;
    bool quoted = false, afterQuote = false;
    std::size_t quoteAt = 0;
    std::int64_t quoteLine = 0;
    const auto endRow = [&] {
        if (row.fields.size() > 1 || !row.fields[0].empty())
            table.rows.push_back(std::move(row));
        row = {.fields = {""}, .line = line};
        afterQuote = false;
    };
    const auto endsLine = [&](std::size_t i) { // also a lone carriage return, as macOS once wrote
        return text[i] == '\n' || (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n'));
    };
    for (std::size_t i = 0; i <= text.size(); ++i) {
        const bool atEnd = i == text.size();
        const char c = atEnd ? '\0' : text[i];
        // A text of several lines that is followed by more than a separator was meant to end before.
        const bool tornApart =
            afterQuote && quoteLine < line && !atEnd && c != separator && c != ' ' && c != '\r' && c != '\n';
        if (tornApart || (atEnd && quoted)) {
            table.unclosed.push_back(quoteLine);
            if (table.unclosed.size() == mostUnclosed)
                break;
            quoted = false;
            line = quoteLine;
            for (i = quoteAt; i < text.size() && !endsLine(i); ++i)
                continue;
            row = {.fields = {""}, .line = ++line};
            afterQuote = false;
            continue;
        }
        if (atEnd)
            break;
        line += endsLine(i);
        if (quoted) {
            if (c != '"')
                row.fields.back() += c;
            else if (i + 1 < text.size() && text[i + 1] == '"')
                row.fields.back() += text[++i];
            else
                quoted = false;
            afterQuote = !quoted;
        } else if (c == '"' && row.fields.back().empty()) {
            quoted = true;
            quoteAt = i;
            quoteLine = line;
        } else if (c == separator) {
            row.fields.emplace_back();
            afterQuote = false;
        } else if (endsLine(i)) {
            endRow();
        } else if (c != '\r') {
            row.fields.back() += c;
        }
    }
    if (table.unclosed.size() < mostUnclosed)
        endRow();
    return table;
}

void attachMetadata(const fs::path& table, std::span<ImportEntry> entries, ImportListing& listing)
{
    const bool isCsv = table.extension().native().size() == 4;
    std::string text;
    try {
        text = readTextFile(table);
    } catch (const DataError& error) {
        listing.rejects.push_back({table.string(), error.what()});
        return;
    }
    if (const auto fault = standInFault(table, text, "a table of metadata"); !fault.empty()) {
        listing.rejects.push_back({table.string(), fault});
        return;
    }
    if (auto converted = utf8FromFile(text)) {
        text = *std::move(converted);
    } else if (isCsv) { // of lines, those that are not cost themselves alone
        listing.rejects.push_back({table.string(), "it is not UTF-8 text: save it as UTF-8"});
        return;
    } else {
        text = withNewlines(std::move(text));
    }
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string::npos) {
        listing.rejects.push_back({table.string(), "it is empty: fetch it again, or remove it"});
        return;
    }
    Attachment attachment(table, entries, listing);
    const auto firstLine = std::string_view(text).substr(first, text.find('\n', first) - first);
    if (const auto fault = isCsv ? std::string() : spreadJsonFault(firstLine); !fault.empty()) {
        attachment.refuse(1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(first), '\n'),
                          "it " + fault);
        return;
    }
    if (isCsv)
        attachCsv(std::move(text), attachment);
    else
        attachLines(text, attachment);
}

} // namespace nanodit
