#pragma once

#include <QByteArray>

class QHeaderView;

namespace nanodit {

/// What a table's header looks like, to be kept: order of the columns, sort order and widths. `byHand`: somebody has
/// set the widths.
QByteArray headerState(const QHeaderView& header, bool byHand);
/// Makes it look so again; whether widths were set by hand, and are to stay. Does nothing (and gives false) with what
/// is no such state, or is of a table with other columns.
bool restoreHeader(QHeaderView& header, const QByteArray& state);

} // namespace nanodit
