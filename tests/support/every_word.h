#pragma once

#include "core/runtime/remedy.h"
#include "core/runtime/stage.h"

#include <cstddef>
#include <utility>
#include <vector>

namespace nanodit::test {

inline constexpr Pass everyPass[] = {Pass::T5, Pass::Vae, Pass::Dino};

template<std::size_t... Kind>
std::vector<Remedy> oneOfEach(std::index_sequence<Kind...> /*kinds*/)
{
    return {std::variant_alternative_t<Kind, Remedy>{}...};
}

/// Every kind of remedy, and every value of what a kind takes.
inline std::vector<Remedy> everyRemedy()
{
    auto all = oneOfEach(std::make_index_sequence<std::variant_size_v<Remedy>>{});
    for (const auto pass : everyPass) {
        all.emplace_back(remedy::RunPasses{.pass = pass});
        all.emplace_back(remedy::RunPasses{.pass = pass, .setsAside = true});
        all.emplace_back(remedy::RemakeArray{pass});
    }
    for (int encoder = 0; encoder < remedy::encoders; ++encoder)
        all.emplace_back(remedy::NameEncoder{static_cast<remedy::Encoder>(encoder)});
    all.emplace_back(remedy::PackShards{.replace = true});
    all.emplace_back(remedy::ChooseFolder{.orSameSettings = true});
    all.emplace_back(remedy::Validate{.replace = true});
    return all;
}

/// Every kind of stage, with a name.
inline std::vector<Stage> everyStage()
{
    std::vector<Stage> all;
    for (int kind = 0; kind < Stage::kinds; ++kind)
        all.emplace_back(static_cast<Stage::Kind>(kind), "name");
    return all;
}

inline std::vector<Unit> everyUnit()
{
    std::vector<Unit> all;
    for (int unit = 0; unit < unitCount; ++unit)
        all.push_back(static_cast<Unit>(unit));
    return all;
}

} // namespace nanodit::test
