#pragma once

#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <string>

namespace nanodit {

/// What is wrong with a JSON text or with what it holds, in words that go into a sentence about its file: "it lacks
/// \"step\"", "line 3, column 7 is not valid JSON", "it ends before it is complete", "a value is of the type number
/// where string was expected".
std::string jsonFault(const nlohmann::json::exception& error);

/// A text that this program wrote as JSON itself, as a value. Throws DataError: `what` (the subject of the sentence)
/// "is damaged".
template<typename Value>
Value valueOfJson(const std::string& text, const std::string& what)
{
    try {
        return nlohmann::json::parse(text).get<Value>();
    } catch (const nlohmann::json::exception& error) {
        throw DataError(what + " is damaged (" + jsonFault(error) + ")");
    }
}

} // namespace nanodit
