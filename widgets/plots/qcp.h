#pragma once

/// QCustomPlot's header needs the keywords that QT_NO_KEYWORDS switches off everywhere else (LibTorch has members named
/// slots). Include this, never <qcustomplot.h>, and only in .cpp files of this folder.

#define signals Q_SIGNALS
#define slots Q_SLOTS
#define emit Q_EMIT
#define foreach Q_FOREACH
#define forever Q_FOREVER

#include <qcustomplot.h>

#undef signals
#undef slots
#undef emit
#undef foreach
#undef forever
