#pragma once

#include "widgets/choosable_cells.h"

#include <QStringList>

#include <array>
#include <set>
#include <vector>

namespace nanodit {

/// CLS and a caption's words, each tinted by its share of attention, under a bar text | CLS | patches with the shares
/// as numbers. A click on a word or on CLS tells which; with the keyboard, the arrows, Home (CLS) and End go through
/// them, and Enter or Space does what a click does. Under the mouse stands its share. Words can be marked at a corner.
/// What is struck out or marked is the strip's accessible description, word by word. Grows with the words: for a scroll
/// area. Empty until words were set.
class WordStrip : public ChoosableCells {
    Q_OBJECT

public:
    explicit WordStrip(QWidget* parent = nullptr);
    void setWords(const QStringList& words);
    void clear(); ///< No caption is known.
    /// By word (what is beyond the words is padding, or a null text); shares of text, CLS, patches.
    void setShares(std::vector<float> words, std::array<float, 3> shares);
    void clearShares();       ///< Nothing is tinted.
    void setChosen(int word); ///< -1: none; words().size(): CLS.
    /// Struck out: the model does not read them; words().size() for CLS. Until other words are set.
    void setErased(std::set<std::size_t> words);
    const std::set<std::size_t>& erased() const { return erased_; }
    /// By word, then CLS: why it is marked, told under the mouse; empty texts mark nothing. Marks go with new words.
    void setMarks(QStringList reasons);
    const QStringList& marks() const { return marks_; }
    const QStringList& words() const { return words_; }
    bool hasWords() const { return known_; } ///< They were set, if only none: CLS is there.
    QRectF wordRect(int word) const;         ///< That of CLS for words().size().
    const std::array<float, 3>& shares() const { return shares_; }

    int cellCount() const override { return known_ ? static_cast<int>(words_.size()) + 1 : 0; }
    QRectF cellBox(int cell) const override { return wordRect(cell); }
    QString cellName(int cell) const override { return wordText(cell); }
    QString cellValue(int cell) const override; ///< Its share, what it is marked with, and whether it is struck out.
    bool isCellChosen(int cell) const override { return cell == chosen_; }
    void chooseCell(int cell) override;

    QSize sizeHint() const override { return {280, 320}; }
    QSize minimumSizeHint() const override { return {160, static_cast<int>(height_)}; }

Q_SIGNALS:
    void wordChosen(int word);
    void clsChosen();

protected:
    void paintCells(QPainter& painter) override;
    int cellBeside(int cell, int key) const override;
    void mousePressEvent(QMouseEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    bool event(QEvent* event) override;

private:
    void layOut();
    void describe(); ///< To screen readers.
    QString tipOf(int word) const;
    QStringList saidOf(int word) const; ///< That it is struck out, and why it is marked.
    QString wordText(int word) const;   ///< "CLS" for words().size().
    double share(int word) const;
    int wordUnder(QPointF point) const; ///< -1: none.
    void paintBar(QPainter& painter) const;
    QString label(std::size_t segment, double share) const; ///< "text 24 %"

    QStringList words_, marks_;
    std::array<QRectF, 3> labels_; ///< Of the bar's segments.
    std::vector<QRectF> boxes_;    ///< By word, then CLS.
    std::vector<float> weights_;
    std::array<float, 3> shares_{};
    double height_ = 140; ///< Of all that is laid out.
    bool known_ = false;  ///< Words were set, if only none.
    bool shown_ = false;
    int chosen_ = -1;
    std::set<std::size_t> erased_;
};

} // namespace nanodit
