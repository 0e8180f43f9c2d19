#pragma once

#include "core/config/workspace_config.h"
#include "core/front/training.h"

#include <QString>

#include <vector>

namespace nanodit {

/// A training configuration that comes with the program.
struct NamedConfiguration {
    QString name; ///< "demo"
    std::filesystem::path file;
};
std::vector<NamedConfiguration> shippedConfigurations();

/// The one that suits a workspace: "demo" where the demo's encoders are used, else "base".
QString suitableConfiguration(const Workspace& workspace);

/// "run", "run-2"...: the first name that no run has.
QString freeRunName(const std::vector<RunInfo>& runs, const QString& stem);

} // namespace nanodit
