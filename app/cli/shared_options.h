#pragma once

#include "app/cli/number_checks.h"
#include "core/front/sampling.h"
#include "core/geometry/bucket.h"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <vector>

namespace nanodit::cli {

/// Adds spellings of an option that earlier versions had: they are still read, and the help does not list them.
template<typename T>
void addEarlierNames(CLI::App& command, CLI::Option* option, T& value, const CLI::Validator& check,
                     std::initializer_list<const char*> names)
{
    for (const auto* const name : names) {
        // CLI11 names no option of this group in what it says of wrong values.
        const CLI::Validator named(
            [check, name](std::string& text) {
                const auto fault = check(text);
                return fault.empty() ? fault : std::string(name) + ": " + fault;
            },
            "");
        command.add_option(name, value)->check(named)->excludes(option)->group("");
    }
}

/// -n,--count: how many records or pictures. `names` are earlier spellings.
template<typename T>
void addCount(CLI::App& command, T& value, const std::string& help, const CLI::Validator& check,
              std::initializer_list<const char*> names = {})
{
    auto* const option = command.add_option("-n,--count", value, help)->check(check);
    if (value > 0) // 0 stands for all of them
        option->capture_default_str();
    addEarlierNames(command, option, value, check, names);
}

/// How pictures are sampled, alike in every command that samples. "--steps" are a training's, so the sampler's have
/// another name.
void addSamplerSteps(CLI::App& command, std::int64_t& steps, std::initializer_list<const char*> earlierNames = {});
void addScales(CLI::App& command, double& text, double& dino);
void addGuidance(CLI::App& command, GuidanceMode& guidance);
void addShift(CLI::App& command, double& shift);
CLI::Option* addSeed(CLI::App& command, std::uint64_t& seed, const std::string& help);

/// --tags: all in one word, so that names may follow. `tags` are replaced; without a word they are one empty tag, to be
/// left out.
CLI::Option* addTags(CLI::App& command, std::vector<std::string>& tags);

/// What was given must not be taken for what was left out. `expected` follows "must be".
CLI::Validator notEmpty(const std::string& expected);

/// A path of the command line as a picture's settings keep it: they mean the same file wherever they are read.
std::filesystem::path absolutePath(const std::filesystem::path& path);

/// What --size says. Throws UsageError for what is no size.
ImageSize pictureSize(const std::string& text);

} // namespace nanodit::cli
