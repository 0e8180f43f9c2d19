#pragma once

#include "core/io/atomic_file.h"
#include "core/io/json_fault.h"
#include "core/io/own_file.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <system_error>

namespace nanodit {

/// Moves it to NAME.damaged, or to NAME.damaged-2 and so on where that name is taken. Gives the sentence to tell: that
/// it holds `what` ("the notes on a run"), its `fault`, and where it lies now, or why it could not be moved. It could
/// then not be written either, since that takes the same rights and the same kind of renaming.
std::string moveDamagedAside(const std::filesystem::path& file, const std::string& what, const std::string& fault);

/// `parse` makes the value of the file's JSON; a nlohmann::json::exception or a ConfigError of its is damage. Throws
/// DataError for a file that cannot be read at all, which stays where it is.
template<typename Value, typename Parse>
OwnFile<Value> readOwnFile(const std::filesystem::path& file, const std::string& what, Parse&& parse)
{
    OwnFile<Value> found;
    if (std::error_code none; !std::filesystem::exists(file, none))
        return found;
    const auto text = readTextFile(file);
    try {
        found.value = parse(nlohmann::json::parse(text));
    } catch (const nlohmann::json::exception& error) {
        found.damage = moveDamagedAside(file, what, jsonFault(error));
    } catch (const ConfigError& error) {
        found.damage = moveDamagedAside(file, what, error.what());
    }
    return found;
}

} // namespace nanodit
