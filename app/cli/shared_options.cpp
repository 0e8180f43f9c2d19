#include "app/cli/shared_options.h"

#include "core/runtime/error.h"

namespace nanodit::cli {

void addSamplerSteps(CLI::App& command, std::int64_t& steps, std::initializer_list<const char*> earlierNames)
{
    const auto check = wholeNumber(1, 1000);
    auto* const option = command.add_option("--sampler-steps", steps, "Steps of the sampler for each picture")
                             ->check(check)
                             ->capture_default_str();
    addEarlierNames(command, option, steps, check, earlierNames);
}

void addScales(CLI::App& command, double& text, double& dino)
{
    command.add_option("--text-scale", text, "Guidance scale for text")->check(number(0, 50))->capture_default_str();
    command.add_option("--dino-scale", dino, "Guidance scale for DINO")->check(number(0, 50))->capture_default_str();
}

void addGuidance(CLI::App& command, GuidanceMode& guidance)
{
    command
        .add_option_function<std::string>(
            "--guidance",
            [&guidance](const std::string& name) {
                guidance = name == "chained" ? GuidanceMode::Chained : GuidanceMode::Additive;
            },
            "additive or chained")
        ->check(CLI::IsMember({"additive", "chained"}))
        ->default_str("additive");
}

void addShift(CLI::App& command, double& shift)
{
    command
        .add_option("--shift", shift, "Shift of the sampler's times; above 1, more of its steps are close to the noise")
        ->check(number(0.05, 20))
        ->capture_default_str();
}

CLI::Option* addSeed(CLI::App& command, std::uint64_t& seed, const std::string& help)
{
    return command.add_option("--seed", seed, help)->check(seedNumber())->capture_default_str();
}

CLI::Option* addTags(CLI::App& command, std::vector<std::string>& tags)
{
    return command.add_option("--tags", tags, "Comma-separated tags; replaces existing ones")
        ->delimiter(',')
        ->expected(0, 1)
        ->allow_extra_args(false)
        ->take_all(); // the delimiter makes several of one
}

CLI::Validator notEmpty(const std::string& expected)
{
    return {[expected](const std::string& text) {
                return text.empty() ? "must be " + expected + ", but is empty" : std::string();
            },
            std::string()};
}

std::filesystem::path absolutePath(const std::filesystem::path& path)
{
    return std::filesystem::absolute(path).lexically_normal();
}

ImageSize pictureSize(const std::string& text)
{
    if (const auto size = sizeFromName(text))
        return *size;
    throw UsageError("--size must be WIDTHxHEIGHT in pixels, for example 1216x832, but is \"" + text + "\"");
}

} // namespace nanodit::cli
