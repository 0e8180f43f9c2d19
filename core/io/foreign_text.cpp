#include "core/io/foreign_text.h"

#include "core/io/json_fault.h"
#include "core/io/utf8.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <system_error>

namespace nanodit {

namespace {

using namespace std::string_view_literals;

constexpr auto replacement = "\xEF\xBF\xBD"sv; // U+FFFD
constexpr int deepestNesting = 500;

void appendUtf8(std::string& text, std::uint32_t code)
{
    if (code < 0x80) {
        text += static_cast<char>(code);
    } else if (code < 0x800) {
        text += static_cast<char>(0xC0 | code >> 6);
        text += static_cast<char>(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        text += static_cast<char>(0xE0 | code >> 12);
        text += static_cast<char>(0x80 | (code >> 6 & 0x3F));
        text += static_cast<char>(0x80 | (code & 0x3F));
    } else {
        text += static_cast<char>(0xF0 | code >> 18);
        text += static_cast<char>(0x80 | (code >> 12 & 0x3F));
        text += static_cast<char>(0x80 | (code >> 6 & 0x3F));
        text += static_cast<char>(0x80 | (code & 0x3F));
    }
}

bool isHighSurrogate(std::uint32_t unit)
{
    return unit >= 0xD800 && unit < 0xDC00;
}
bool isLowSurrogate(std::uint32_t unit)
{
    return unit >= 0xDC00 && unit < 0xE000;
}

std::string utf8FromUtf16(std::string_view bytes, bool bigEndian)
{
    const auto unitAt = [&](std::size_t at) -> std::uint32_t {
        const auto first = static_cast<unsigned char>(bytes[at]), second = static_cast<unsigned char>(bytes[at + 1]);
        return bigEndian ? static_cast<std::uint32_t>(first << 8 | second)
                         : static_cast<std::uint32_t>(second << 8 | first);
    };
    std::string text;
    for (std::size_t at = 0; at + 2 <= bytes.size(); at += 2) {
        const auto unit = unitAt(at);
        if (isHighSurrogate(unit) && at + 4 <= bytes.size() && isLowSurrogate(unitAt(at + 2))) {
            appendUtf8(text, 0x10000 + ((unit - 0xD800) << 10) + (unitAt(at + 2) - 0xDC00));
            at += 2;
        } else if (isHighSurrogate(unit) || isLowSurrogate(unit)) {
            text += replacement;
        } else if (unit != 0) {
            appendUtf8(text, unit);
        }
    }
    return text;
}

/// Texts of Latin letters in UTF-16 have a zero in every other byte, all of them at the same places.
bool hasZeros(std::string_view bytes, std::size_t first)
{
    if (bytes.size() < 4 || bytes.size() % 2 != 0)
        return false;
    std::size_t zeros = 0, others = 0;
    for (std::size_t at = 0; at < bytes.size(); ++at)
        (at % 2 == first ? zeros : others) += bytes[at] == '\0';
    return others == 0 && 4 * zeros >= bytes.size(); // half of the units at least
}

/// Four hexadecimal digits; more than 16 bits where they are none.
std::uint32_t hexadecimal(std::string_view digits)
{
    std::uint32_t value = 0;
    if (digits.size() < 4)
        return ~0u;
    for (const char c : digits.substr(0, 4)) {
        const auto digit = "0123456789abcdef"sv.find(c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c);
        if (digit == std::string_view::npos)
            return ~0u;
        value = value << 4 | static_cast<std::uint32_t>(digit);
    }
    return value;
}

/// Copies a JSON text from inside a string up to its closing quote.
void copyString(std::string_view text, std::size_t& at, std::string& result)
{
    while (at < text.size() && text[at] != '"') {
        const char c = text[at];
        if (c != '\\') {
            if (static_cast<unsigned char>(c) < 0x20)
                result += c == '\0' ? ""sv : " "sv;
            else
                result += c;
            ++at;
            continue;
        }
        const auto escape = text.substr(at, 2);
        if (escape != "\\u") {
            result += escape;
            at += 2;
            continue;
        }
        const auto unit = hexadecimal(text.substr(std::min(at + 2, text.size())));
        const auto after = text.substr(std::min(at + 6, text.size()));
        if (isHighSurrogate(unit) && after.starts_with("\\u") && isLowSurrogate(hexadecimal(after.substr(2)))) {
            result += text.substr(at, 12);
            at += 12;
            continue;
        }
        if (isHighSurrogate(unit) || isLowSurrogate(unit))
            result += "\\uFFFD"sv;
        else if (unit != 0)
            result += text.substr(at, 6);
        at += 6;
    }
}

/// A number that no double holds, such as 1e999, which Python reads as infinity.
bool isInfinite(std::string_view number)
{
    double value = 0;
    const auto read = std::from_chars(number.data(), number.data() + number.size(), value);
    if (read.ec != std::errc::result_out_of_range)
        return false;
    const auto exponent = number.find_first_of("eE");
    const bool tiny = exponent != std::string_view::npos ? number.substr(exponent + 1).starts_with('-')
                                                         : number.starts_with("0.") || number.starts_with("-0.");
    return !tiny;
}

/// A whole number that 64 bits do not hold: Python keeps all of its digits, which a double would not.
bool isBeyond64Bits(std::string_view number)
{
    if (number.find_first_of(".eE") != std::string_view::npos)
        return false;
    std::int64_t negative = 0;
    std::uint64_t positive = 0;
    const auto* const end = number.data() + number.size();
    const auto read = number.starts_with('-') ? std::from_chars(number.data(), end, negative)
                                              : std::from_chars(number.data(), end, positive);
    return read.ec == std::errc::result_out_of_range;
}

/// The text with what strict parsers refuse or round replaced; the deepest nesting in it.
std::string strictJson(std::string_view text, int& deepest)
{
    constexpr std::array numbers = {"NaN"sv, "-Infinity"sv, "Infinity"sv, "-NaN"sv,
                                    "nan"sv, "-nan"sv,      "-inf"sv,     "inf"sv};
    std::string result;
    result.reserve(text.size());
    int depth = 0;
    for (std::size_t at = 0; at < text.size();) {
        const char c = text[at];
        if (c == '"') {
            result += c;
            copyString(text, ++at, result);
            if (at < text.size()) {
                result += '"';
                ++at;
            }
            continue;
        }
        const auto* const number =
            std::ranges::find_if(numbers, [&](std::string_view name) { return text.substr(at).starts_with(name); });
        if (number != numbers.end()) {
            result += "null";
            at += number->size();
            continue;
        }
        if (c == '-' || (c >= '0' && c <= '9')) {
            const auto digits = text.substr(at, text.substr(at).find_first_not_of("+-.0123456789eE"));
            if (isInfinite(digits))
                result += "null"sv;
            else if (isBeyond64Bits(digits))
                result.append("\"").append(digits).append("\"");
            else
                result += digits;
            at += digits.size();
            continue;
        }
        depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
        deepest = std::max(deepest, depth);
        result += c;
        ++at;
    }
    return result;
}

} // namespace

std::string withNewlines(std::string text)
{
    if (text.find('\n') == std::string::npos)
        std::ranges::replace(text, '\r', '\n');
    return text;
}

std::optional<std::string> utf8FromFile(std::string bytes)
{
    const std::string_view all = bytes;
    if (all.starts_with("\xFF\xFE"))
        bytes = utf8FromUtf16(all.substr(2), false);
    else if (all.starts_with("\xFE\xFF"))
        bytes = utf8FromUtf16(all.substr(2), true);
    else if (hasZeros(all, 1))
        bytes = utf8FromUtf16(all, false);
    else if (hasZeros(all, 0))
        bytes = utf8FromUtf16(all, true);
    if (bytes.starts_with("\xEF\xBB\xBF"))
        bytes.erase(0, 3);
    std::erase(bytes, '\0');
    if (bytes.find("\x1b$") != std::string::npos) // ISO 2022, which is ASCII by its bytes
        return std::nullopt;
    return isUtf8(bytes) ? std::optional(withNewlines(std::move(bytes))) : std::nullopt;
}

std::string printableText(std::string_view text)
{
    std::string result;
    while (!text.empty()) {
        const auto length = utf8CharacterBytes(text);
        const bool ends = text.front() == '\0'; // what() of an error would end there
        result += length == 0 || ends ? replacement : text.substr(0, length);
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return result;
}

std::string shortenedText(const std::string& text, std::size_t longest)
{
    return text.size() <= longest ? text : printableText(text.substr(0, longest)) + "...";
}

ForeignJson parseForeignJson(const std::string& text)
{
    if (text.find_first_not_of(" \t\r\n") == std::string::npos)
        return {.value = nullptr, .fault = "it is empty"};
    int deepest = 0;
    const auto strict = strictJson(text, deepest);
    if (deepest > deepestNesting)
        return {.value = nullptr, .fault = "it is nested " + std::to_string(deepest) + " deep"};
    try {
        return {.value = nlohmann::json::parse(strict), .fault = {}};
    } catch (const nlohmann::json::exception& error) {
        return {.value = nullptr, .fault = jsonFault(error)};
    }
}

std::string jsonComplaint(const std::string& fault, JsonText text)
{
    constexpr auto complaint = " is not valid JSON"sv, onlyLine = "line 1, "sv;
    if (!fault.ends_with(complaint))
        return "is not valid JSON (" + fault + ")";
    auto place = fault.substr(0, fault.size() - complaint.size());
    if (text == JsonText::Line && place.starts_with(onlyLine))
        place.erase(0, onlyLine.size());
    return "is not valid JSON at " + place;
}

std::string dumpForeignJson(const nlohmann::json& value, int indent)
{
    return value.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string dumpForeignJson(const nlohmann::ordered_json& value, int indent)
{
    return value.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

} // namespace nanodit
