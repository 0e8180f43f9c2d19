#include "core/dataset/metadata_table.h"

#include "core/dataset/record.h"
#include "core/dataset/side_files.h"
#include "core/io/atomic_file.h"
#include "core/io/foreign_text.h"
#include "core/io/utf8.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <sstream>
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
        for (auto& entry : entries)
            byPath_.emplace(entry.image.native(), &entry);
    }

    void row(json fields, std::int64_t line)
    {
        const auto where = table_.string() + " line " + std::to_string(line);
        if (!fields.is_object()) {
            listing_.rejects.push_back({where, "it holds " + std::string(fields.type_name()) +
                                                   " instead of a JSON object like {\"file_name\": \"a.png\"}"});
            return;
        }
        try {
            auto name = takeText(fields, fields.contains("file_name") ? "file_name" : "image", where);
            std::ranges::replace(name, '\\', '/');
            if (name.empty())
                throw DataError(where + " names no picture: it needs a \"file_name\"");
            const auto found = byPath_.find((table_.parent_path() / name).lexically_normal().native());
            if (found == byPath_.end())
                throw DataError(where + " names " + printableText(name) + ", which is no picture in this folder");
            found->second->metadata = dumpForeignJson(fields);
        } catch (const DataError& error) {
            listing_.rejects.push_back({where, error.what()});
        }
    }
    void refuse(std::int64_t line, const std::string& why)
    {
        listing_.rejects.push_back({table_.string() + " line " + std::to_string(line), why});
    }

private:
    const fs::path& table_;
    ImportListing& listing_;
    std::unordered_map<std::string, ImportEntry*> byPath_;
};

constexpr std::size_t longestList = 200;

/// What stands between the columns' names: spreadsheets of countries with a decimal comma write semicolons.
char separatorOf(const std::string& text)
{
    const auto head = text.substr(0, text.find('\n'));
    char best = ',';
    for (const char candidate : {';', '\t'}) {
        if (std::ranges::count(head, candidate) > std::ranges::count(head, best))
            best = candidate;
    }
    return best;
}

/// A column's name as people type it: blanks around it and capitals do not matter where it is one that is known.
std::string columnNamed(const std::string& typed)
{
    auto name = tidyCaption(typed), lowered = name;
    std::ranges::transform(lowered, lowered.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    for (const auto* const known : {"file_name", "image", "caption", "text", "prompt", "split", "tags"}) {
        if (lowered == known)
            return lowered;
    }
    return name;
}

void attachCsv(const std::string& text, Attachment& attachment)
{
    auto rows = parseCsv(text, separatorOf(text));
    if (rows.empty())
        return;
    std::string columns;
    for (auto& name : rows[0]) {
        name = columnNamed(name);
        columns += (columns.empty() ? "\"" : ", \"") + name + "\"";
    }
    if (std::ranges::find(rows[0], "file_name") == rows[0].end() &&
        std::ranges::find(rows[0], "image") == rows[0].end())
        return attachment.refuse(1, "its columns are " + printableText(columns.substr(0, longestList)) +
                                        ", and none is \"file_name\", which says what picture a row is of");
    for (std::size_t i = 1; i < rows.size(); ++i) {
        json fields = json::object();
        for (std::size_t column = 0; column < std::min(rows[i].size(), rows[0].size()); ++column) {
            if (!rows[i][column].empty())
                fields[rows[0][column]] = rows[i][column];
        }
        if (!fields.empty())
            attachment.row(std::move(fields), static_cast<std::int64_t>(i) + 1);
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
            attachment.refuse(number, "it is no JSON (" + parsed.fault + ")");
    }
}

} // namespace

std::vector<std::vector<std::string>> parseCsv(const std::string& text, char separator)
{
    std::vector<std::vector<std::string>> rows;
    std::vector<std::string> row(1);
    bool quoted = false;
    const auto endRow = [&] {
        if (row.size() > 1 || !row[0].empty())
            rows.push_back(std::move(row));
        row.assign(1, {});
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted) {
            if (c != '"')
                row.back() += c;
            else if (i + 1 < text.size() && text[i + 1] == '"')
                row.back() += text[++i];
            else
                quoted = false;
        } else if (c == '"' && row.back().empty()) {
            quoted = true;
        } else if (c == separator) {
            row.emplace_back();
        } else if (c == '\n') {
            endRow();
        } else if (c != '\r') {
            row.back() += c;
        }
    }
    endRow();
    return rows;
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
    if (auto converted = utf8FromFile(text)) {
        text = *std::move(converted);
    } else if (isCsv) { // of lines, those that are not cost themselves alone
        listing.rejects.push_back({table.string(), "it is not UTF-8 text: save it as UTF-8"});
        return;
    }
    Attachment attachment(table, entries, listing);
    if (isCsv)
        attachCsv(text, attachment);
    else
        attachLines(text, attachment);
}

} // namespace nanodit
