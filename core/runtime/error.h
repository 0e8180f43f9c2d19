#pragma once

#include "core/runtime/remedy.h"

#include <exception>
#include <optional>
#include <stdexcept>
#include <string>

namespace nanodit {

/// What ends an operation. The message is one sentence for the user: what was found, where, and what was expected. What
/// to do, if the program itself can help, is a Remedy, which the command line and the window put into words. Exceptions
/// are caught in four places only: the window's job runner and its event loop, the command line's main and the window's
/// main.
class Error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
    Error(const std::string& message, Remedy remedy)
        : std::runtime_error(message)
        , remedy_(remedy)
    {
    }
    const std::optional<Remedy>& remedy() const { return remedy_; }

private:
    std::optional<Remedy> remedy_;
};

/// What to report of a failure that ends only a part of the work; for a foreign exception what sentenceOf
/// (core/runtime/failure.h) says.
Notice noticeOf(const std::exception& error);

/// A command line or request that cannot be used (exit code 2).
class UsageError : public Error {
public:
    using Error::Error;
};

/// A configuration that cannot be used: unknown key, value out of range (exit code 2).
class ConfigError : public UsageError {
public:
    using UsageError::UsageError;
};

/// An input file that is missing, truncated, of the wrong shape or type, or unreadable (exit code 2).
class DataError : public Error {
public:
    using Error::Error;
};

/// Something could not be written: disk full, folder read-only (exit code 1).
class StoreError : public Error {
public:
    using Error::Error;
};

} // namespace nanodit
