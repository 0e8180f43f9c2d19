#include "app/cli/guidance_options.h"

#include "app/cli/shared_options.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <initializer_list>

namespace nanodit::cli {

namespace {

template<typename Enum, std::size_t N>
Enum valueOf(const std::array<const char*, N>& names, const std::string& name)
{
    return static_cast<Enum>(std::ranges::find(names, name) - names.begin()); // one of them: CLI11 checked it
}

template<std::size_t N>
CLI::Validator oneOf(const std::array<const char*, N>& names)
{
    return CLI::IsMember(std::vector<std::string>(names.begin(), names.end()));
}

} // namespace

void GuidanceOptions::addTo(CLI::App& command)
{
    command
        .add_option("--solver", solver,
                    "euler; heun: two evaluations per step, more accurate; dpm++2m: second order at one evaluation")
        ->check(oneOf(solverNames))
        ->capture_default_str();
    command
        .add_option("--rule", rule,
                    "How guidance is added: plain; cfg-zero, for models that are not fully trained; projected, for "
                    "high scales; internal, for models with an internal head")
        ->check(oneOf(guidanceRuleNames))
        ->capture_default_str();
    command
        .add_option("--parallel", projected.parallel,
                    "With --rule projected: share of guidance along the prediction that is kept")
        ->check(number(0, 1))
        ->capture_default_str();
    command
        .add_option("--momentum", projected.momentum,
                    "With --rule projected: how much of the previous steps is added to each term")
        ->check(number(-0.99, 0.99))
        ->capture_default_str();
    command
        .add_option("--threshold", projected.threshold,
                    "With --rule projected: longest term, as root mean square in latents; 0: no limit")
        ->check(number(0, 1000))
        ->capture_default_str();
    command
        .add_option("--internal-scale", internalScale,
                    "With --rule internal: how far to guide away from the internal head's prediction; 1: not at all")
        ->check(number(0, 50))
        ->capture_default_str();
    auto* const guide = command.add_option("--weak-guide", weakGuide.checkpoint,
                                           "A weaker model to guide away from: an earlier checkpoint of the run");
    command.add_option("--weak-scale", weakGuide.scale, "How far to guide away from it; 1: not at all")
        ->check(number(0, 50))
        ->capture_default_str()
        ->needs(guide);
    auto* const picture = command
                              .add_option("--start", startPicture,
                                          "Start from this picture with noise added, instead of from noise alone")
                              ->check(notEmpty("a picture's file"));
    command.add_option("--start-record", startRecord, "Start from the picture of this record")
        ->check(notEmpty("the id of a record"))
        ->excludes(picture);
    command
        .add_option("--start-time", startTime,
                    "Flow time to start at with --start: 1 keeps nothing of the picture, near 0 almost all")
        ->check(number(0.01, 1))
        ->capture_default_str();
}

void GuidanceOptions::apply(SampleRequest& request, const CLI::App& command) const
{
    request.solver = valueOf<Solver>(solverNames, solver);
    request.guidanceRule = valueOf<GuidanceRule>(guidanceRuleNames, rule);
    request.projected = projected;
    request.internalScale = internalScale;
    if (!weakGuide.checkpoint.empty())
        request.weakGuide = {.checkpoint = absolutePath(weakGuide.checkpoint), .scale = weakGuide.scale};
    if (!startRecord.empty())
        request.start = PictureStart{.picture = RecordReference{startRecord}, .time = startTime};
    else if (!startPicture.empty())
        request.start = PictureStart{.picture = PictureReference{absolutePath(startPicture)}, .time = startTime};
    const auto refuseUnless = [&command](bool there, std::initializer_list<const char*> options, const char* needed) {
        for (const auto* const option : options) {
            if (!there && command.count(option) > 0)
                throw UsageError(std::string(option) + " needs " + needed);
        }
    };
    refuseUnless(request.guidanceRule == GuidanceRule::Projected, {"--parallel", "--momentum", "--threshold"},
                 "--rule projected");
    refuseUnless(request.guidanceRule == GuidanceRule::Internal, {"--internal-scale"}, "--rule internal");
    refuseUnless(request.start.has_value(), {"--start-time"},
                 "a picture to start from: give --start or --start-record");
}

} // namespace nanodit::cli
