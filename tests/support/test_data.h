#pragma once

#include "core/runtime/error.h"

#include <filesystem>
#include <optional>
#include <string>
#include <variant>

namespace nanodit::test {

/// A file or folder below tests/data.
std::filesystem::path dataPath(const std::string& relative);

/// A folder of its own below the system's temporary folder, removed with this object.
class TemporaryFolder {
public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

private:
    std::filesystem::path path_;
};

void writeText(const std::filesystem::path& file, const std::string& text);

/// The message of the exception that `action` throws, or "" when it throws none.
template<typename Action>
std::string errorOf(Action&& action)
{
    try {
        action();
    } catch (const std::exception& error) {
        return error.what();
    }
    return {};
}

/// What would help against the error that `action` throws; empty where nothing would, and when it throws none.
template<typename Action>
std::optional<Remedy> remedyOf(Action&& action)
{
    try {
        action();
    } catch (const Error& error) {
        return error.remedy();
    }
    return {};
}

/// The remedy as this kind; null when it is another or none.
template<typename Kind>
const Kind* remedyAs(const std::optional<Remedy>& remedy)
{
    return remedy ? std::get_if<Kind>(&*remedy) : nullptr;
}

} // namespace nanodit::test
