#pragma once

#include "widgets/colours.h"

#include <QString>

#include <array>

class QPainter;
class QRectF;

namespace nanodit {

/// The state of one derived array, as a view shows it.
enum class MarkState { Missing, Whole, Stale, Wrong };
inline constexpr std::array<MarkState, 4> markStates = {MarkState::Whole, MarkState::Stale, MarkState::Missing,
                                                        MarkState::Wrong};

/// A mark that is told by shape as well as by colour: ring missing, disc whole, triangle stale, cross wrong.
void paintStateMark(QPainter& painter, const QRectF& box, MarkState state, const Colours& colours);
/// The four marks of a record in a row at the right end of `box`, each `side` wide.
void paintStateMarks(QPainter& painter, const QRectF& box, const std::array<MarkState, 4>& marks, int side,
                     const Colours& colours);
/// How wide they are together.
int stateMarksWidth(int side);
QString markStateName(MarkState state); ///< "missing"...
/// Names of a record's four marks, in their order.
inline constexpr std::array<const char*, 4> markNames = {"t5", "vae", "dino", "patches"};

} // namespace nanodit
