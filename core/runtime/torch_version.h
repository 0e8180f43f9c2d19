#pragma once

#include <string>

namespace nanodit {

/// "2.6.0": the LibTorch whose headers this program was compiled with.
std::string builtTorchVersion();

/// The LibTorch that the process loaded, as the library itself says; empty when it does not say.
std::string loadedTorchVersion();

/// What is wrong when a program built with one LibTorch loads another, and what to do; empty when both are of the same
/// minor version ("2.6.0" and "2.6.1"), within which its classes do not change, or when `loaded` is empty.
std::string torchMismatch(const std::string& built, const std::string& loaded);

/// Ends a program that loaded another LibTorch than it was built with, before that does harm. Throws UsageError.
void requireBuiltTorch();

} // namespace nanodit
