#include "core/train/warm_start.h"

#include "core/io/tensor.h"
#include "core/runtime/error.h"
#include "core/runtime/number_text.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <iterator>
#include <map>
#include <regex>
#include <string_view>
#include <tuple>
#include <utility>

namespace nanodit {

namespace {

/// Names of DiT, SiT, REPA and LightningDiT, and ours for the same thing.
constexpr std::array<std::pair<const char*, const char*>, 2> familyNames = {
    {{"x_embedder.proj.", "patch_embed."}, {".attn.", ".self_attn."}}};

std::map<std::string, at::IntArrayRef> shapesOf(const Parameters& parameters)
{
    std::map<std::string, at::IntArrayRef> shapes;
    for (const auto& [name, value] : parameters)
        shapes.emplace(name, value.sizes());
    return shapes;
}

/// The model's own name for a tensor: the same, or that which stands for it in the family; "" when it has none.
std::string ownName(const std::string& name, const std::map<std::string, at::IntArrayRef>& shapes)
{
    if (shapes.contains(name))
        return name;
    for (const auto& [theirs, ours] : familyNames) {
        auto own = name;
        if (const auto at = own.find(theirs); at != std::string::npos) {
            own.replace(at, std::string_view(theirs).size(), ours);
            if (shapes.contains(own))
                return own;
        }
    }
    return {};
}

/// Numbers of the model that are found with each prefix before its names.
struct PrefixFit {
    std::int64_t elements = 0, tensors = 0;
};
std::map<std::string, PrefixFit> fitByPrefix(const TensorMap& named,
                                             const std::map<std::string, at::IntArrayRef>& shapes)
{
    std::map<std::string, PrefixFit> fits;
    for (const auto& [name, tensor] : named) {
        for (std::size_t begin = 0; begin != std::string::npos;) {
            if (const auto own = ownName(name.substr(begin), shapes); !own.empty()) {
                auto& fit = fits[name.substr(0, begin)];
                ++fit.tensors;
                if (shapes.at(own) == tensor.sizes())
                    fit.elements += tensor.numel();
            }
            const auto dot = name.find('.', begin);
            begin = dot == std::string::npos ? dot : dot + 1;
        }
    }
    return fits;
}

/// One way to read the file.
struct Candidate {
    const WeightSet* set = nullptr;
    TensorMap named; ///< By the rules, still with the prefix.
    std::string prefix;
    PrefixFit fit;
};

bool namesAverage(const std::string& text)
{
    return text.find("ema") != std::string::npos || text.find("average") != std::string::npos;
}

TensorMap renamedTensors(const WeightSet& set, const std::vector<std::string>& rules, const std::string& source)
{
    TensorMap named;
    for (const auto& [name, tensor] : set.tensors) {
        const auto newName = renamed(name, rules);
        if (!named.emplace(newName, tensor).second)
            throw DataError("two tensors of " + source + " are renamed to " + newName + ": correct warm_start.rename");
    }
    return named;
}

/// The set and prefix with which most is found; of equal ones the current weights, then the earlier set, then the
/// shorter prefix.
Candidate bestOf(const StoredWeights& weights, const std::map<std::string, at::IntArrayRef>& shapes,
                 const std::vector<std::string>& rules, const std::string& source)
{
    Candidate best;
    const auto rank = [](const Candidate& candidate) {
        return std::tuple(-candidate.fit.elements, -candidate.fit.tensors, namesAverage(candidate.prefix),
                          candidate.prefix.size());
    };
    for (const auto& set : weights.sets) {
        Candidate candidate{.set = &set, .named = renamedTensors(set, rules, source), .prefix = {}, .fit = {}};
        const auto fits = fitByPrefix(candidate.named, shapes);
        for (const auto& [prefix, fit] : fits) {
            candidate.prefix = prefix;
            candidate.fit = fit;
            if (best.set == nullptr || rank(candidate) < rank(best))
                best = candidate;
        }
        if (best.set == nullptr)
            best = candidate;
    }
    return best;
}

[[noreturn]] void refuse(const Candidate& best, const StoredWeights& weights, const std::string& source)
{
    const auto isFloating = [](const auto& named) { return named.second.is_floating_point(); };
    if (!best.named.empty() && std::ranges::none_of(best.named, isFloating))
        throw DataError(source + " holds no floating-point numbers, but " + dtypeName(best.named.begin()->second) +
                        " in " + best.named.begin()->first +
                        ": quantised weights are not read; take the float16, bfloat16 or float32 ones");
    std::string names;
    constexpr std::ptrdiff_t most = 4;
    for (auto tensor = best.named.begin(); tensor != best.named.end(); ++tensor) {
        if (std::distance(best.named.begin(), tensor) == most) {
            names += "...";
            break;
        }
        names += (names.empty() ? "" : ", ") + tensor->first + " " + shapeText(tensor->second.sizes());
    }
    throw DataError("none of the " + std::to_string(best.named.size()) + " tensors of " + source +
                    " fits the model (it holds " + names + ")" +
                    (weights.unreadable.empty()
                         ? ""
                         : "; " + std::to_string(weights.unreadable.size()) +
                               " are of types that are not read, such as " + weights.unreadable.front()) +
                    ": check the model's configuration, or rename them with warm_start.rename");
}

void copyFinite(const at::Tensor& target, const at::Tensor& stored, const std::string& name, const std::string& source)
{
    if (!at::isfinite(stored).all().item<bool>())
        throw DataError(source + " holds values that are infinite or NaN in " + name +
                        ": nothing can be trained from it; take an earlier checkpoint");
    auto writable = target;
    writable.copy_(stored);
}

std::string joined(const std::vector<std::string>& names)
{
    constexpr std::size_t most = 8;
    std::string text;
    for (std::size_t i = 0; i < names.size() && i < most; ++i)
        text += (i == 0 ? "" : ", ") + (names[i].empty() ? std::string("the top of the file") : names[i]);
    return names.size() > most ? text + " and " + std::to_string(names.size() - most) + " more" : text;
}

/// "2 tensors are of types or classes that are not read"
std::string countOfUnreadable(const std::vector<std::string>& tensors)
{
    return std::to_string(tensors.size()) + (tensors.size() == 1
                                                 ? " tensor is of a type or class that is not read"
                                                 : " tensors are of types or classes that are not read");
}

} // namespace

std::string renamed(const std::string& name, const std::vector<std::string>& rules)
{
    for (const auto& rule : rules) {
        const auto arrow = rule.find("=>");
        if (arrow == std::string::npos)
            throw ConfigError("the rename \"" + rule + "\" must have the form \"pattern=>replacement\"");
        try {
            const std::regex pattern(rule.substr(0, arrow));
            if (std::regex_search(name, pattern))
                return std::regex_replace(name, pattern, rule.substr(arrow + 2));
        } catch (const std::regex_error&) {
            throw ConfigError(
                "the rename \"" + rule +
                "\" has no regular expression before \"=>\": check its brackets, backslashes and repetitions");
        }
    }
    return name;
}

WarmStartReport warmStart(const Parameters& parameters, const StoredWeights& weights,
                          const std::vector<std::string>& rules, const std::string& source, const std::string& wanted)
{
    auto considered = weights;
    if (!wanted.empty()) {
        std::erase_if(considered.sets, [&](const WeightSet& set) { return set.place != wanted; });
        if (considered.sets.empty()) {
            std::vector<std::string> places;
            for (const auto& set : weights.sets)
                places.push_back(set.place);
            throw DataError(source + " holds no weights at \"" + wanted + "\" (warm_start.place), but at " +
                            joined(places));
        }
    }
    const auto shapes = shapesOf(parameters);
    const auto best = bestOf(considered, shapes, rules, source);
    WarmStartReport report;
    report.place = best.set->place;
    report.prefix = best.prefix;
    report.foreignObjects = weights.foreignObjects;
    report.unreadable = weights.unreadable;
    for (const auto& set : weights.sets) {
        if (set.place != report.place)
            report.otherPlaces.push_back(set.place);
    }

    TensorMap own; // by the model's names
    for (const auto& [name, tensor] : best.named) {
        const auto bare = name.starts_with(best.prefix) ? name.substr(best.prefix.size()) : name;
        const auto ours = name.starts_with(best.prefix) ? ownName(bare, shapes) : std::string();
        if (ours.empty() || !own.emplace(ours, tensor).second)
            report.skipped.push_back(bare);
    }
    const at::NoGradGuard noGradient;
    for (const auto& [name, value] : parameters) {
        report.elements += value.numel();
        const auto found = own.find(name);
        if (found == own.end()) {
            report.fresh.push_back(name);
        } else if (found->second.sizes() != value.sizes() || !found->second.is_floating_point()) {
            report.mismatched.push_back(
                {.name = name, .found = found->second.sizes().vec(), .expected = value.sizes().vec()});
        } else {
            copyFinite(value, found->second, name, source);
            report.loaded.push_back(name);
            report.elementsLoaded += value.numel();
        }
    }
    if (report.loaded.empty())
        refuse(best, weights, source);
    return report;
}

WarmStartReport warmStart(const Parameters& parameters, const TensorMap& tensors, const std::vector<std::string>& rules,
                          const std::string& source)
{
    return warmStart(parameters,
                     StoredWeights{.sets = {{.place = {}, .tensors = tensors}}, .foreignObjects = {}, .unreadable = {}},
                     rules, source);
}

std::string WarmStartReport::text() const
{
    std::string text = "warm start: " + std::to_string(loaded.size()) + " tensors loaded, " +
                       std::to_string(fresh.size()) + " new, " + std::to_string(skipped.size()) + " skipped, " +
                       std::to_string(mismatched.size()) + " of another shape: " + percentText(share()) +
                       " of the model's numbers come from the file";
    if (!place.empty())
        text += ", from \"" + place + "\" in it";
    if (!prefix.empty())
        text += ", whose names lose \"" + prefix + "\"";
    if (!otherPlaces.empty())
        text += "; it also holds weights at " + joined(otherPlaces) + " (warm_start.place takes them)";
    if (!foreignObjects.empty())
        text += "; left uninterpreted: " + joined(foreignObjects);
    if (!unreadable.empty())
        text += "; " + countOfUnreadable(unreadable) + ": " + joined(unreadable);
    for (const auto& name : fresh)
        text += "\n  new: " + name;
    for (const auto& name : skipped)
        text += "\n  skipped: " + name;
    for (const auto& [name, found, expected] : mismatched)
        text += "\n  of another shape: " + name + ", " + shapeText(found) + " in the file, " + shapeText(expected) +
                " in the model";
    return text;
}

std::string WarmStartReport::warning() const
{
    constexpr double mostOfIt = 0.5, nearlyAll = 0.9;
    // Tensors left over on both sides: the same ones may have two names.
    const bool namesDiffer = !skipped.empty() && !(fresh.empty() && mismatched.empty());
    if (share() >= (namesDiffer ? nearlyAll : mostOfIt))
        return {};
    const auto* const rest = share() < 0.05       ? "this is nearly a start from random weights"
                             : share() < mostOfIt ? "this is to a large part a start from random weights"
                                                  : "the rest starts from random weights";
    std::string text = "the warm start took only " + percentText(share()) + " of the model's numbers (" +
                       std::to_string(loaded.size()) + " of " +
                       std::to_string(loaded.size() + fresh.size() + mismatched.size()) +
                       " tensors) from the file: " + rest;
    if (!mismatched.empty())
        text += "; " + std::to_string(mismatched.size()) + (mismatched.size() == 1 ? " has" : " have") +
                " another shape, such as " + mismatched.front().name + ", " + shapeText(mismatched.front().found) +
                " in the file and " + shapeText(mismatched.front().expected) +
                " in the model (model.hidden_size, model.depth, model.num_heads)";
    if (!fresh.empty())
        text += "; " + std::to_string(fresh.size()) + (fresh.size() == 1 ? " is" : " are") +
                " not in the file under that name, such as " + fresh.front();
    if (!skipped.empty())
        text += ", while the file holds " + skipped.front() + " (warm_start.rename)";
    if (!unreadable.empty())
        text += "; " + countOfUnreadable(unreadable) + ", such as " + unreadable.front();
    return text;
}

} // namespace nanodit
