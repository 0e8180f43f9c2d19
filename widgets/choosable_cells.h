#pragma once

#include <QRectF>
#include <QWidget>

class QPainter;

namespace nanodit {

/// A painted view of cells (words, small maps, a matrix) of which one is chosen. While it has the focus, the arrows,
/// Home and End go from cell to cell, with a ring around the one where they are, and Enter or Space chooses it. For
/// screen readers it is a list of cells with a name, a value and a press each.
class ChoosableCells : public QWidget {
    Q_OBJECT

public:
    explicit ChoosableCells(QWidget* parent = nullptr);

    virtual int cellCount() const = 0; ///< 0 while it shows nothing.
    virtual QRectF cellBox(int cell) const = 0;
    virtual QString cellName(int cell) const = 0;
    virtual QString cellValue(int cell) const = 0; ///< In words; empty while there is none.
    virtual bool isCellChosen(int cell) const = 0;
    /// False where it is for reading alone: then Enter and Space are left to the page.
    virtual bool canChoose() const { return true; }
    virtual void chooseCell(int cell) = 0; ///< As a click on it does.

    int currentCell() const; ///< Where the keys are; -1 while it shows nothing.
    void setCurrentCell(int cell);

protected:
    virtual void paintCells(QPainter& painter) = 0;
    /// Where `key` (an arrow, Home or End) leads to; the cell itself where that is nowhere.
    virtual int cellBeside(int cell, int key) const = 0;
    /// The same in a grid of cells, row by row; Home and End are of the row.
    static int besideInGrid(int cell, int key, int columns, int count);

    void paintEvent(QPaintEvent* event) final;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    bool event(QEvent* event) override;

private:
    void tellCurrent(); ///< Screen readers.

    int current_ = 0;
};

} // namespace nanodit
