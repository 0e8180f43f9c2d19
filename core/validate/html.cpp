#include "core/validate/html.h"

#include "core/io/image.h"

#include <algorithm>
#include <array>
#include <span>

namespace nanodit::html {

namespace {

/// Series colours are Okabe and Ito's, lightened on dark ground; verdicts are told by mark and word as well.
constexpr auto style =
    R"(:root{color-scheme:light dark;--ink:#1c1f24;--soft:#5a636e;--line:#d5dae0;--ground:#fff;--card:#f3f5f8;--good:#0072b2;--bad:#b4540a;
--s0:#5a636e;--s1:#0072b2;--s2:#e69f00;--s3:#009e73;--s4:#cc79a7;--s5:#56b4e9}
@media(prefers-color-scheme:dark){:root{--ink:#e6e8eb;--soft:#9aa3ad;--line:#363b43;--ground:#1b1d21;--card:#23262b;--good:#6cb2f0;--bad:#f0a45c;
--s0:#9aa3ad;--s1:#4ba3dd;--s2:#f0b43c;--s3:#35c99b;--s4:#e09cc2;--s5:#86cbf2}}
*{box-sizing:border-box}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--ground);max-width:1120px;margin:2rem auto;padding:0 1.5rem}
h1{font-size:1.6rem;line-height:1.25;margin:0}h2{font-size:1.15rem;margin:2.4rem 0 .4rem}h3{font-size:1rem;margin:1.6rem 0 .4rem}
p{margin:.4rem 0}.soft,figcaption{color:var(--soft)}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;margin:.6rem 0}
th{text-align:left;color:var(--soft);font-weight:500;white-space:nowrap}
th,td{padding:.35rem .9rem .35rem 0;border-bottom:1px solid var(--line);vertical-align:top}
th:last-child,td:last-child{padding-right:0}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}.state{white-space:nowrap}
.good{color:var(--good)}.bad{color:var(--bad)}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(320px,1fr));gap:1rem;margin:1rem 0}
.wide{grid-template-columns:repeat(auto-fill,minmax(500px,1fr))}
@media(max-width:560px){.wide{grid-template-columns:1fr}}
figure{margin:0;background:var(--card);border-radius:8px;padding:.8rem}
.row{display:grid;grid-auto-flow:column;grid-auto-columns:minmax(0,1fr);gap:.6rem;align-items:start}
.row img{display:block;width:100%;border-radius:4px}.row span{display:block;font-size:12px;color:var(--soft);margin-bottom:.2rem;
overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.sheet .row{gap:0;text-align:center}.sheet img{display:block;width:100%;border-radius:4px}
figcaption{font-size:13px;margin-top:.6rem}figcaption b{color:var(--ink);font-weight:500}
svg text{fill:var(--soft);font:12px system-ui,sans-serif}svg .name{fill:var(--ink);font-size:13px}svg .axis{stroke:var(--line);fill:none}
)";

/// RFC 4648
std::string base64(std::span<const std::uint8_t> bytes)
{
    constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const auto left = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k)
            group = group << 8 | (k < left ? bytes[i + k] : 0u);
        for (std::size_t k = 0; k < 4; ++k)
            text += k <= left ? letters[group >> (18 - 6 * k) & 63] : '=';
    }
    return text;
}

/// As large as it is, or with `side` pixels at the longer side.
Image within(Image image, std::int64_t side)
{
    const auto longest = std::max(image.size.width, image.size.height);
    if (longest <= side)
        return image;
    const auto scaled = [&](std::int64_t length) { return std::max<std::int64_t>(1, length * side / longest); };
    return resizeForDisplay(image, {.width = scaled(image.size.width), .height = scaled(image.size.height)});
}

} // namespace

std::string escaped(const std::string& text)
{
    std::string result;
    for (const char c : text) {
        switch (c) {
        case '&':
            result += "&amp;";
            break;
        case '<':
            result += "&lt;";
            break;
        case '>':
            result += "&gt;";
            break;
        case '"':
            result += "&quot;";
            break;
        default:
            result += c;
        }
    }
    return result;
}

std::string pageBegin(const std::string& title)
{
    return "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" "
           "content=\"width=device-width\"><title>" +
           escaped(title) + "</title>\n<style>" + style + "</style>\n";
}

std::string imageTag(const std::filesystem::path& file, const std::string& what, std::int64_t side)
{
    const auto image = within(readImage(file), side);
    return "<img alt=\"" + escaped(what) + "\" width=\"" + std::to_string(image.size.width) + "\" height=\"" +
           std::to_string(image.size.height) + "\" style=\"height:auto\" src=\"data:image/png;base64," +
           base64(encodePng(image)) + "\">";
}

std::string taskHeading(ValidationTask task)
{
    constexpr std::array headings = {"Reconstruction",    "DINO swap",      "Text only",
                                     "Text manipulation", "Text over DINO", "Region edit"};
    return headings[static_cast<std::size_t>(task)];
}

std::string taskSentence(ValidationTask task)
{
    constexpr std::array sentences = {
        "Text, CLS and patches of one record.",
        "Text of one record, CLS and patches of another.",
        "Text of one record, null CLS and patches.",
        "As reconstruction, with one colour word of the caption replaced.",
        "As text manipulation, with twice the larger guidance scale for the text and half "
        "the smaller one for DINO.",
        "As reconstruction, with the colour or shape of one thing replaced in the "
        "caption, the patches where that thing is erased, and no DINO guidance there."};
    return sentences[static_cast<std::size_t>(task)];
}

std::string referenceTitle(ValidationTask task)
{
    constexpr std::array titles = {"original", "source of CLS and patches", "described by the text",
                                   "original", "without the change",        "without the edit"};
    return titles[static_cast<std::size_t>(task)];
}

} // namespace nanodit::html
