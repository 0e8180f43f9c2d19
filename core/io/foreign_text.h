#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace nanodit {

// Texts and JSON that other programs wrote. Nothing here throws for what they hold.

/// The text with a newline for each carriage return where these alone end its lines, as macOS once wrote.
std::string withNewlines(std::string text);

/// A text file's bytes as UTF-8 without zero bytes, lines as withNewlines(): a byte order mark goes, UTF-16 is
/// converted, with a mark or, where every other byte is zero, without one. Empty optional for code pages and other
/// bytes that are not UTF-8.
std::optional<std::string> utf8FromFile(std::string bytes);

/// The text with every zero byte and every byte that is not UTF-8 replaced by U+FFFD: for names that go into messages,
/// JSON and the catalog.
std::string printableText(std::string_view text);

/// The text, or of more than `longest` bytes its beginning as printableText() and "...": for values in messages.
std::string shortenedText(const std::string& text, std::size_t longest);

struct ForeignJson {
    nlohmann::json value;
    std::string fault; ///< Why it is no JSON, in words for a sentence; empty when it is.
};

/// A JSON text as Python and JavaScript write it: NaN and infinities become null, lone surrogates U+FFFD, and control
/// characters inside texts are taken; zero characters inside texts go. Nested at most 500 deep.
ForeignJson parseForeignJson(const std::string& text);

/// What follows the name of a text that parseForeignJson found a fault in: "is not valid JSON at line 2, column 7";
/// of a text that is one line of a file, without its number: "is not valid JSON at column 7".
enum class JsonText { File, Line };
std::string jsonComplaint(const std::string& fault, JsonText text);

/// JSON whatever bytes its texts hold, such as those of paths: on one line, or with this many blanks for each level.
std::string dumpForeignJson(const nlohmann::json& value, int indent = -1);
std::string dumpForeignJson(const nlohmann::ordered_json& value, int indent);

} // namespace nanodit
