#pragma once

#include "core/front/attention.h"

#include <QString>

#include <set>
#include <vector>

namespace nanodit {

/// What was changed in a record's conditions, step by step, so that each can be undone.
class EditHistory {
public:
    const ConditionEdits& now() const { return steps_.back(); }
    bool canUndo() const { return steps_.size() > 1; }
    /// A step; nothing when it changes nothing.
    void change(ConditionEdits edits);
    void undo();
    void forget() { steps_ = {{}}; }

private:
    std::vector<ConditionEdits> steps_ = {{}};
};

/// The cells of a rectangle, which `cells` must be, as rows and columns.
struct CellBox {
    GridCell from;
    std::int64_t rows = 0, cols = 0;
};
CellBox boxAround(const std::set<std::int64_t>& cells, GridSize grid);

/// Another record's patches laid over a rectangle of one's own: those of `source` from the rectangle's corner on, as
/// far as both grids reach; without a source rectangle, those of the same place in the other picture.
PatchPaste pasteOver(const std::set<std::int64_t>& target, GridSize own, const std::string& record,
                     const std::set<std::int64_t>& source, GridSize other);
/// One's own cells that pastes cover.
std::set<std::int64_t> pastedCells(const std::vector<PatchPaste>& pastes, GridSize own);

/// "Erased: 2 words, 14 patches. Replaced: "purple" by "red". Pasted: 12 patches of scene-000119."
QString editsText(const ConditionEdits& edits, const std::vector<CaptionWord>& caption);

} // namespace nanodit
