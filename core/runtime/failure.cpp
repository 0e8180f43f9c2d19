#include "core/runtime/failure.h"

#include "core/runtime/error.h"

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <ios>
#include <new>
#include <string_view>
#include <system_error>

namespace nanodit {

namespace {

bool hasAny(std::string_view text, std::initializer_list<std::string_view> parts)
{
    return std::ranges::any_of(parts, [text](auto part) { return text.find(part) != std::string_view::npos; });
}

/// LibTorch puts the place in its sources and a stack trace below its message.
std::string withoutTrace(std::string text)
{
    for (const auto* const mark :
         {"\nException raised from ", " (most recent call first):", "\nC++ CapturedTraceback:", "\nframe #0:"})
        text.erase(std::min(text.size(), text.find(mark)));
    text.erase(text.find_last_not_of(" \t\r\n") + 1);
    return text;
}

std::string pathsOf(const std::filesystem::filesystem_error& error)
{
    auto paths = error.path1().string();
    if (!error.path2().empty())
        paths += " or " + error.path2().string();
    return paths.empty() ? "a file or folder" : paths;
}

} // namespace

Failure failureOf(const std::exception& error)
{
    if (dynamic_cast<const Error*>(&error) != nullptr)
        return {.message = error.what(), .detail = {}};
    if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr)
        return {.message =
                    "there was not enough memory: close other programs, or use a smaller batch, picture or model",
                .detail = {}};
    const auto* const files = dynamic_cast<const std::filesystem::filesystem_error*>(&error);
    if (files != nullptr && files->path1().empty() && files->code() == std::errc::invalid_argument)
        return {.message = "a name of a file or folder is empty: give one that is not", .detail = {}};
    if (files != nullptr)
        return {.message = pathsOf(*files) + " could not be used: check the path, the permissions and the free space",
                .detail = files->code().message()};
    const auto detail = withoutTrace(error.what());
    if (hasAny(detail, {"out of memory", "can't allocate memory", "not enough memory"}))
        return {.message =
                    "the device did not have enough memory: use a smaller batch, picture or model, or another device",
                .detail = detail};
    if (hasAny(detail, {"CUDA error", "CUDA driver", "cuDNN", "CUBLAS", "NCCL"}))
        return {.message = "the GPU reported an error: try again, and on the CPU if it comes back", .detail = detail};
    if (const auto* const system = dynamic_cast<const std::system_error*>(&error))
        return {.message = "the operating system refused an operation", .detail = system->code().message()};
    return {.message =
                "an unexpected error stopped the work; this is a bug in the program, so please report the detail",
            .detail = detail};
}

std::string sentenceOf(const std::exception& error)
{
    const auto failure = failureOf(error);
    return failure.message + (failure.detail.empty() ? std::string() : " (" + failure.detail + ")");
}

Notice noticeOf(const std::exception& error)
{
    const auto* const ours = dynamic_cast<const Error*>(&error);
    return {.text = sentenceOf(error), .remedy = ours != nullptr ? ours->remedy() : std::nullopt};
}

} // namespace nanodit
