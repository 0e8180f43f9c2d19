#include "core/dataset/certificate.h"

#include "core/io/json_fault.h"
#include "core/runtime/error.h"
#include "core/runtime/number_text.h"

#include <nlohmann/json.hpp>

#include <array>

namespace nanodit {

using nlohmann::json;

namespace {

constexpr std::array verdicts = {AlignmentVerdict::True, AlignmentVerdict::Misaligned, AlignmentVerdict::Partly,
                                 AlignmentVerdict::Unlike};

/// Two decimals, or more where these would hide that it is not 1.
std::string cosineText(double cosine)
{
    std::string text;
    for (const int decimals : {2, 3, 4}) {
        text = decimalText(cosine, decimals);
        if (text.front() != '1' || cosine >= 0.99995)
            break;
    }
    return text;
}

} // namespace

std::string verdictName(AlignmentVerdict verdict)
{
    switch (verdict) {
    case AlignmentVerdict::True:
        return "true";
    case AlignmentVerdict::Misaligned:
        return "misaligned";
    case AlignmentVerdict::Partly:
        return "partly";
    case AlignmentVerdict::Unlike:
        return "unlike";
    }
    return {};
}

std::string AlignmentCertificate::sentence() const
{
    const auto count = std::to_string(patches) + " patches";
    if (!fitsGrid()) {
        const auto grids = "do not fit the grid of " + std::to_string(grid.rows) + " x " + std::to_string(grid.cols);
        if (alternatives.empty())
            return "unlike the picture: its " + count + " " + grids;
        const auto& best = alternatives.front();
        return verdictName(verdict) + ": " + best.name + ", cosine " + cosineText(best.cosine) + "; its " + count +
               " " + grids;
    }
    const auto best = alternatives.empty()
                          ? std::string()
                          : alternatives.front().name + ", cosine " + cosineText(alternatives.front().cosine);
    switch (verdict) {
    case AlignmentVerdict::True:
        return best.empty() ? "true" : "true; best alternative: " + best;
    case AlignmentVerdict::Misaligned:
        return "misaligned: " + best + "; in its correct place " + cosineText(cosine);
    case AlignmentVerdict::Partly:
        return "partly true: " + std::to_string(deviating) + " of " + count + " are something else, the worst in row " +
               std::to_string(lowestCell.row) + ", column " + std::to_string(lowestCell.col) + ", cosine " +
               cosineText(lowestCosine);
    case AlignmentVerdict::Unlike:
        return "unlike the picture: cosine " + cosineText(cosine) +
               (best.empty() ? "" : "; best alternative: " + best) + "; another picture or another encoder made it";
    }
    return {};
}

json AlignmentCertificate::toJson() const
{
    auto others = json::array();
    for (const auto& alternative : alternatives)
        others.push_back({{"name", alternative.name}, {"cosine", alternative.cosine}, {"cells", alternative.cells}});
    return {{"verdict", verdictName(verdict)},
            {"grid", {grid.rows, grid.cols}},
            {"patches", patches},
            {"cosine", cosine},
            {"lowest_cosine", lowestCosine},
            {"lowest_cell", {lowestCell.row, lowestCell.col}},
            {"largest_difference", largestDifference},
            {"deviating", deviating},
            {"alternatives", others}};
}

AlignmentCertificate AlignmentCertificate::fromJson(const json& from)
{
    try {
        AlignmentCertificate certificate;
        bool known = false;
        for (const auto verdict : verdicts) {
            if (from.at("verdict") == verdictName(verdict)) {
                certificate.verdict = verdict;
                known = true;
            }
        }
        if (!known)
            throw DataError("an alignment certificate has the verdict " + from.at("verdict").dump() +
                                ", which this program does not know",
                            remedy::CertifyAlignment{});
        certificate.grid = {.rows = from.at("grid").at(0), .cols = from.at("grid").at(1)};
        certificate.patches = from.at("patches");
        certificate.cosine = from.at("cosine");
        certificate.lowestCosine = from.at("lowest_cosine");
        certificate.lowestCell = {.row = from.at("lowest_cell").at(0), .col = from.at("lowest_cell").at(1)};
        certificate.largestDifference = from.at("largest_difference");
        certificate.deviating = from.at("deviating");
        for (const auto& other : from.at("alternatives"))
            certificate.alternatives.push_back(
                {.name = other.at("name"), .cosine = other.at("cosine"), .cells = other.at("cells")});
        return certificate;
    } catch (const json::exception& error) {
        throw DataError(std::string("an alignment certificate is not as this program writes it (") + jsonFault(error) +
                            ")",
                        remedy::CertifyAlignment{});
    }
}

} // namespace nanodit
