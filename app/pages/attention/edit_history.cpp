#include "app/pages/attention/edit_history.h"

#include <QCoreApplication>
#include <QStringList>

#include <algorithm>
#include <cmath>

namespace nanodit {

namespace {

struct EditText {
    Q_DECLARE_TR_FUNCTIONS(attention)
};

QString counted(std::size_t count, const char* one, const char* many)
{
    return count == 1 ? EditText::tr(one) : EditText::tr(many).arg(count);
}

} // namespace

void EditHistory::change(ConditionEdits edits)
{
    if (!(edits == now()))
        steps_.push_back(std::move(edits));
}

void EditHistory::undo()
{
    if (canUndo())
        steps_.pop_back();
}

CellBox boxAround(const std::set<std::int64_t>& cells, GridSize grid)
{
    CellBox box{.from = {grid.rows, grid.cols}};
    GridCell last{-1, -1};
    for (const auto cell : cells) {
        const GridCell at{cell / grid.cols, cell % grid.cols};
        box.from = {std::min(box.from.row, at.row), std::min(box.from.col, at.col)};
        last = {std::max(last.row, at.row), std::max(last.col, at.col)};
    }
    box.rows = last.row - box.from.row + 1;
    box.cols = last.col - box.from.col + 1;
    return box;
}

PatchPaste pasteOver(const std::set<std::int64_t>& target, GridSize own, const std::string& record,
                     const std::set<std::int64_t>& source, GridSize other)
{
    const auto to = boxAround(target, own);
    PatchPaste paste{.record = record, .from = {}, .to = to.from, .rows = to.rows, .cols = to.cols};
    if (!source.empty()) {
        const auto from = boxAround(source, other);
        paste.from = from.from;
        paste.rows = std::min(from.rows, own.rows - to.from.row);
        paste.cols = std::min(from.cols, own.cols - to.from.col);
        return paste;
    }
    // The same place in the other picture, whose grid may have another shape.
    const auto along = [](std::int64_t at, std::int64_t count, std::int64_t side, std::int64_t otherSide) {
        const auto same =
            std::llround(static_cast<double>(at) * static_cast<double>(otherSide) / static_cast<double>(side));
        return std::clamp<std::int64_t>(same, 0, std::max<std::int64_t>(0, otherSide - count));
    };
    paste.rows = std::min(paste.rows, other.rows);
    paste.cols = std::min(paste.cols, other.cols);
    paste.from = {along(to.from.row, paste.rows, own.rows, other.rows),
                  along(to.from.col, paste.cols, own.cols, other.cols)};
    return paste;
}

std::set<std::int64_t> pastedCells(const std::vector<PatchPaste>& pastes, GridSize own)
{
    std::set<std::int64_t> cells;
    for (const auto& paste : pastes) {
        for (std::int64_t row = 0; row < paste.rows; ++row) {
            for (std::int64_t col = 0; col < paste.cols; ++col)
                cells.insert((paste.to.row + row) * own.cols + paste.to.col + col);
        }
    }
    return cells;
}

QString editsText(const ConditionEdits& edits, const std::vector<CaptionWord>& caption)
{
    const auto word = [&caption](std::size_t index) {
        return index < caption.size() ? QString::fromStdString(caption[index].text) : QString::number(index);
    };
    QStringList sentences, erased, replaced, pasted;
    for (const auto index : edits.erasedWords)
        erased << EditText::tr("\"%1\"").arg(word(index));
    if (edits.eraseCls)
        erased << EditText::tr("CLS");
    if (!edits.erasedPatches.empty())
        erased << counted(edits.erasedPatches.size(), "1 patch", "%1 patches");
    for (const auto& [index, text] : edits.replacedWords)
        replaced << (text.empty() ? EditText::tr("\"%1\" left out").arg(word(index))
                                  : EditText::tr("\"%1\" by \"%2\"").arg(word(index), QString::fromStdString(text)));
    for (const auto& paste : edits.pastes)
        pasted << EditText::tr("%1 of %2")
                      .arg(counted(static_cast<std::size_t>(paste.rows * paste.cols), "1 patch", "%1 patches"),
                           QString::fromStdString(paste.record));
    const auto add = [&sentences](const char* what, const QStringList& parts) {
        if (!parts.isEmpty())
            sentences << EditText::tr(what).arg(parts.join(QStringLiteral(", ")));
    };
    add("Erased: %1.", erased);
    add("Replaced: %1.", replaced);
    add("Pasted: %1.", pasted);
    if (!edits.clsFrom.empty())
        sentences << EditText::tr("CLS of %1.").arg(QString::fromStdString(edits.clsFrom));
    return sentences.join(QLatin1Char(' '));
}

} // namespace nanodit
