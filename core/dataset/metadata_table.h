#pragma once

#include "core/dataset/import_source.h"

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace nanodit {

/// Gives pictures what a metadata.jsonl or metadata.csv says of them: rows name a picture by "file_name" (or "image"),
/// relative to the table's folder, as the imagefolder of Hugging Face's datasets has it. Rows that cannot be read or
/// name no picture among `entries` are rejects of `listing`.
void attachMetadata(const std::filesystem::path& table, std::span<ImportEntry> entries, ImportListing& listing);

/// The rows of a CSV text, each as its fields (RFC 4180: quotes, doubled quotes, line breaks inside them).
std::vector<std::vector<std::string>> parseCsv(const std::string& text, char separator = ',');

} // namespace nanodit
