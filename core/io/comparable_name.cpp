#include "core/io/comparable_name.h"

#include "core/io/lower_case.h"
#include "core/io/utf8.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace nanodit {

namespace {

/// Letters, and what each becomes with a mark, at the same places.
struct MarkedLetters {
    std::string_view mark, letters, marked;
};

/// Unicode's canonical decompositions of Latin, modern Greek, Cyrillic, Arabic and Japanese letters; Korean ones follow
/// a rule.
// clang-format off
constexpr std::array<MarkedLetters, 32> markedLetters = {{
    {"\u0300", "AEIOUaeiouÜüNnЕИеиĒēŌōWwÂâĂăÊêÔôƠơƯưYy",
     "ÀÈÌÒÙàèìòùǛǜǸǹЀЍѐѝḔḕṐṑẀẁẦầẰằỀềỒồỜờỪừỲỳ"},
    {"\u0301", "AEIOUYaeiouyCcLlNnRrSsZzÜüGgÅåÆæØøΑΕΗΙΟΥΩϊαε",
     "ÁÉÍÓÚÝáéíóúýĆćĹĺŃńŔŕŚśŹźǗǘǴǵǺǻǼǽǾǿΆΈΉΊΌΎΏΐάέ"},
    {"\u0301", "ηιϋουωϒГКгкÇçĒēÏïKkMmÕõŌōPpŨũWwÂâĂăÊêÔôƠơƯư",
     "ήίΰόύώϓЃЌѓќḈḉḖḗḮḯḰḱḾḿṌṍṒṓṔṕṸṹẂẃẤấẮắẾếỐốỚớỨứ"},
    {"\u0302", "AEIOUaeiouCcGgHhJjSsWwYyZzẠạẸẹỌọ",
     "ÂÊÎÔÛâêîôûĈĉĜĝĤĥĴĵŜŝŴŵŶŷẐẑẬậỆệỘộ"},
    {"\u0303", "ANOanoIiUuVvÂâĂăEeÊêÔôƠơƯưYy",
     "ÃÑÕãñõĨĩŨũṼṽẪẫẴẵẼẽỄễỖỗỠỡỮữỸỹ"},
    {"\u0304", "AaEeIiOoUuÜüÄäȦȧÆæǪǫÖöÕõȮȯYyИиУуGgḶḷṚṛ",
     "ĀāĒēĪīŌōŪūǕǖǞǟǠǡǢǣǬǭȪȫȬȭȰȱȲȳӢӣӮӯḠḡḸḹṜṝ"},
    {"\u0306", "AaEeGgIiOoUuУИиуЖжАаЕеȨȩẠạ",
     "ĂăĔĕĞğĬĭŎŏŬŭЎЙйўӁӂӐӑӖӗḜḝẶặ"},
    {"\u0307", "CcEeGgIZzAaOoBbDdFfHhMmNnPpRrSsŚśŠšṢṣTtWwXxYyſ",
     "ĊċĖėĠġİŻżȦȧȮȯḂḃḊḋḞḟḢḣṀṁṄṅṖṗṘṙṠṡṤṥṦṧṨṩṪṫẆẇẊẋẎẏẛ"},
    {"\u0308", "AEIOUaeiouyYΙΥιυϒЕІеіАаӘәЖж",
     "ÄËÏÖÜäëïöüÿŸΪΫϊϋϔЁЇёїӒӓӚӛӜӝ"},
    {"\u0308", "ЗзИиОоӨөЭэУуЧчЫыHhÕõŪūWwXxt",
     "ӞӟӤӥӦӧӪӫӬӭӰӱӴӵӸӹḦḧṎṏṺṻẄẅẌẍẗ"},
    {"\u0309", "AaÂâĂăEeÊêIiOoÔôƠơUuƯưYy",
     "ẢảẨẩẲẳẺẻỂểỈỉỎỏỔổỞởỦủỬửỶỷ"},
    {"\u030a", "AaUuwy",
     "ÅåŮůẘẙ"},
    {"\u030b", "OoUuУу",
     "ŐőŰűӲӳ"},
    {"\u030c", "CcDdEeLlNnRrSsTtZzAaIiOoUuÜüGgKkƷʒjHh",
     "ČčĎďĚěĽľŇňŘřŠšŤťŽžǍǎǏǐǑǒǓǔǙǚǦǧǨǩǮǯǰȞȟ"},
    {"\u030f", "AaEeIiOoRrUuѴѵ",
     "ȀȁȄȅȈȉȌȍȐȑȔȕѶѷ"},
    {"\u0311", "AaEeIiOoRrUu",
     "ȂȃȆȇȊȋȎȏȒȓȖȗ"},
    {"\u031b", "OoUu",
     "ƠơƯư"},
    {"\u0323", "BbDdHhKkLlMmNnRrSsTtVvWwZzAaEeIiOoƠơUuƯưYy",
     "ḄḅḌḍḤḥḲḳḶḷṂṃṆṇṚṛṢṣṬṭṾṿẈẉẒẓẠạẸẹỊịỌọỢợỤụỰựỴỵ"},
    {"\u0324", "Uu",
     "Ṳṳ"},
    {"\u0325", "Aa",
     "Ḁḁ"},
    {"\u0326", "SsTt",
     "ȘșȚț"},
    {"\u0327", "CcGgKkLlNnRrSsTtEeDdHh",
     "ÇçĢģĶķĻļŅņŖŗŞşŢţȨȩḐḑḨḩ"},
    {"\u0328", "AaEeIiUuOo",
     "ĄąĘęĮįŲųǪǫ"},
    {"\u032d", "DdEeLlNnTtUu",
     "ḒḓḘḙḼḽṊṋṰṱṶṷ"},
    {"\u032e", "Hh",
     "Ḫḫ"},
    {"\u0330", "EeIiUu",
     "ḚḛḬḭṴṵ"},
    {"\u0331", "BbDdKkLlNnRrTtZzh",
     "ḆḇḎḏḴḵḺḻṈṉṞṟṮṯẔẕẖ"},
    {"\u0653", "ا",
     "آ"},
    {"\u0654", "اويەہے",
     "أؤئۀۂۓ"},
    {"\u0655", "ا",
     "إ"},
    {"\u3099", "かきくけこさしすせそたちつてとはひふへほうゝカキクケコサシスセソタチツテトハヒフヘホウワヰヱヲヽ",
     "がぎぐげござじずぜぞだぢづでどばびぶべぼゔゞガギグゲゴザジズゼゾダヂヅデドバビブベボヴヷヸヹヺヾ"},
    {"\u309a", "はひふへほハヒフヘホ",
     "ぱぴぷぺぽパピプペポ"}}};
// clang-format on

/// Letter and mark by the letter that has it.
using Decompositions = std::unordered_map<std::string_view, std::pair<std::string_view, std::string_view>>;

/// The first character of a text, which is taken off it; a byte where it begins with none.
std::string_view takeCharacter(std::string_view& text)
{
    const auto character = text.substr(0, std::max<std::size_t>(utf8CharacterBytes(text), 1));
    text.remove_prefix(character.size());
    return character;
}

Decompositions allDecompositions()
{
    Decompositions all;
    for (auto row : markedLetters) {
        while (!row.marked.empty()) {
            const auto letter = takeCharacter(row.letters);
            all.emplace(takeCharacter(row.marked), std::pair(letter, row.mark));
        }
    }
    return all;
}

/// Unicode standard, section 3.12: a Hangul syllable is a lead, a vowel and perhaps a tail. False for other characters.
bool appendSyllable(std::string& text, std::string_view character)
{
    constexpr unsigned first = 0xAC00, last = 0xD7A3, leads = 0x1100, vowels = 0x1161, tails = 0x11A7;
    constexpr unsigned vowelCount = 21, tailCount = 28;
    constexpr std::size_t bytes = 3; // of all of these in UTF-8
    if (character.size() != bytes)
        return false;
    const auto byte = [character](std::size_t i) { return static_cast<unsigned char>(character[i]); };
    const unsigned code = (byte(0) & 0x0Fu) << 12 | (byte(1) & 0x3Fu) << 6 | (byte(2) & 0x3Fu);
    if (code < first || code > last)
        return false;
    const unsigned place = code - first;
    for (const unsigned part : {leads + place / (vowelCount * tailCount), vowels + place / tailCount % vowelCount,
                                tails + place % tailCount}) {
        if (part == tails) // none
            continue;
        text += static_cast<char>(0xE0u | part >> 12);
        text += static_cast<char>(0x80u | (part >> 6 & 0x3Fu));
        text += static_cast<char>(0x80u | (part & 0x3Fu));
    }
    return true;
}

void appendApart(std::string& text, std::string_view character, const Decompositions& decompositions)
{
    if (const auto found = decompositions.find(character); found != decompositions.end()) {
        appendApart(text, found->second.first, decompositions);
        text += found->second.second;
    } else if (!appendSyllable(text, character)) {
        text += character;
    }
}

} // namespace

std::string comparableName(std::string_view name)
{
    static const auto decompositions = allDecompositions();
    std::string result;
    result.reserve(name.size());
    while (!name.empty()) {
        const auto character = takeCharacter(name);
        if (character.size() == 1)
            result += character;
        else
            appendApart(result, character, decompositions);
    }
    return lowerCased(std::move(result));
}

} // namespace nanodit
