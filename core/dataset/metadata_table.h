#pragma once

#include "core/dataset/import_source.h"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace nanodit {

/// Gives pictures what a metadata.jsonl or metadata.csv says of them: rows name a picture by "file_name" (or "image"),
/// relative to the table's folder, as the imagefolder of Hugging Face's datasets has it. Rows that cannot be read, that
/// name no picture among `entries`, or one of which a row before or a table nearer to it speaks, are rejects of
/// `listing`.
void attachMetadata(const std::filesystem::path& table, std::span<ImportEntry> entries, ImportListing& listing);

/// A row of a CSV text, and the line at which it begins.
struct CsvRow {
    std::vector<std::string> fields;
    std::int64_t line = 1;
};
struct CsvTable {
    std::vector<CsvRow> rows;           ///< Empty ones are left out.
    std::vector<std::int64_t> unclosed; ///< Lines that are left out: a quoted text begins there that ends nowhere.
};
/// Reads a CSV text (RFC 4180: quotes, doubled quotes, line breaks inside them; lines may end in any way).
CsvTable parseCsv(const std::string& text, char separator = ',');

} // namespace nanodit
