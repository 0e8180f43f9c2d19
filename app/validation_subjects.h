#pragma once

#include "core/front/training.h"

#include <QString>

#include <filesystem>
#include <vector>

namespace nanodit {

/// A model that can be validated, or was.
struct ValidationSubject {
    QString run;
    qint64 step = 0;
    std::filesystem::path checkpoint; ///< Empty when it is gone; its report may still be there.
    std::filesystem::path report;     ///< The folder of its report; empty while it was not validated.
    QString name() const;             ///< "mine · step 2000"
};
/// Checkpoints of the runs and what was validated of them: by run, the newest step first. Reads the runs' folders.
std::vector<ValidationSubject> validationSubjects(const std::vector<RunInfo>& runs);

} // namespace nanodit
