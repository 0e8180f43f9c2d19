#pragma once

#include <QString>

namespace nanodit {

struct ComputeState;

/// The program's version, what it computes with, its licence and where its files are, for a message.
QString aboutAsHtml(const ComputeState& compute);

} // namespace nanodit
