#include "core/train/same_everywhere.h"

#include "core/config/json.h"
#include "core/io/foreign_text.h"
#include "core/runtime/error.h"
#include "core/train/collective.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>

namespace nanodit {

namespace {

/// By name, as they are written: "optimiser.lr".
using NamedValues = std::map<std::string, std::string>;

std::string trainedWith(const CheckpointState& here, const Compute& compute)
{
    auto config = here.config;
    auto json = writeJson([&config](FieldVisitor& v) { config.visit(v); });
    json["data set"] = here.circumstances.dataSet;
    json["text tokens of the workspace"] = here.textTokens;
    json["version of LibTorch"] = here.circumstances.libTorch;
    json["kind of device"] = compute.device.is_cpu() ? "CPU" : "GPU"; // of which each rank may have its own
    json["precision of products"] = nameOf(compute.precision);
    return dumpForeignJson(json, -1); // the name of the data set may be no UTF-8
}

NamedValues valuesIn(const std::string& text)
{
    NamedValues values;
    const auto flat = nlohmann::json::parse(text).flatten();
    for (const auto& [path, value] : flat.items()) {
        auto name = path.substr(1); // behind the first "/"
        std::ranges::replace(name, '/', '.');
        values[name] = value.dump();
    }
    return values;
}

std::string valueOf(const NamedValues& values, const std::string& name)
{
    const auto found = values.find(name);
    return found == values.end() ? "nothing" : found->second;
}

} // namespace

void expectSameEverywhere(Collective& ranks, const CheckpointState& here, const Compute& compute)
{
    if (ranks.alone())
        return;
    const auto all = ranks.gatherBytes(trainedWith(here, compute));
    const auto first = valuesIn(all[0]);
    for (std::size_t rank = 1; rank < all.size(); ++rank) {
        const auto other = valuesIn(all[rank]);
        auto either = first;
        either.insert(other.begin(), other.end());
        for (const auto& [name, value] : either) {
            const auto ours = valueOf(first, name), theirs = valueOf(other, name);
            if (ours != theirs)
                throw Error("rank " + std::to_string(rank) + " of " + std::to_string(all.size()) + " has the " + name +
                            " " + theirs + ", but rank 0 has " + ours +
                            ": start all processes of a training with the same configuration, the same data and the "
                            "same version of the program");
        }
    }
}

} // namespace nanodit
