#pragma once

#include "core/front/validation.h"

#include <QString>

namespace nanodit {

/// "mine · step 2000", "mine · step 2000 · raw weights"
QString subjectName(const ValidationSubject& subject);
QString taskTitle(ValidationTask task); ///< "DINO swap"

} // namespace nanodit
