#pragma once

#include "core/front/validation.h"

#include <QString>

namespace nanodit {

/// "mine · step 2000"
QString subjectName(const ValidationSubject& subject);

} // namespace nanodit
