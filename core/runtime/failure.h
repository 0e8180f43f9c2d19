#pragma once

#include <exception>
#include <string>

namespace nanodit {

/// What ended an operation, for people.
struct Failure {
    std::string message; ///< One sentence of ours.
    std::string detail;  ///< What a library said, without its stack trace; empty where the sentence is all there is.
};

/// Of an Error its own sentence. Of any other exception a sentence of ours, with the exception's text as the detail:
/// what a library says is not written for the people who use this program.
Failure failureOf(const std::exception& error);

/// The same on one line: "SENTENCE" or "SENTENCE (DETAIL)".
std::string sentenceOf(const std::exception& error);

} // namespace nanodit
