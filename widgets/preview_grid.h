#pragma once

#include <QAbstractScrollArea>
#include <QImage>

#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace nanodit {

/// A picture of a grid.
struct PreviewCell {
    QString record;
    qint64 group = 0; ///< Rows of one record are apart by it and in its order.
    QString label;    ///< Drawn over the row's first picture; empty: nothing.
    qint64 column = 0;
    QString caption;
    QImage picture, reference;
};

/// Pictures that appear while a model trains: a row per record, its reference first, then a column per step, newest at
/// the right. With headers of its own, columns are something else than steps. A double click enlarges a picture; with
/// the keyboard the arrows, Home and End go from one to another, and Enter enlarges.
class PreviewGrid : public QAbstractScrollArea {
    Q_OBJECT

public:
    /// The longest side of a picture that is kept: twice the drawn one, for dense screens.
    static constexpr int keptSide = 192;
    explicit PreviewGrid(QWidget* parent = nullptr);
    /// Larger pictures than `keptSide` are kept smaller, so that a long training does not fill the memory.
    void add(const PreviewCell& cell);
    void add(qint64 step, const QString& record, const QString& caption, const QImage& picture,
             const QImage& reference);
    /// What stands over a column, and in what is said of its pictures; otherwise "step 500".
    void setHeaders(std::function<QString(qint64 column)> headers) { headers_ = std::move(headers); }
    void clear();
    bool isEmpty() const { return rows_.empty(); }
    int columns() const { return static_cast<int>(columns_.size()); }
    qint64 bytes() const; ///< Of all pictures.
    /// From the picture that was chosen last to one beside it (past a row's gaps) or in another row; whether there is
    /// one.
    bool moveCurrent(int columns, int rows);
    /// Asks for the picture that was chosen last.
    void enlargeCurrent();

Q_SIGNALS:
    /// `column`: a step; -1 for the reference.
    void pictureChosen(const QString& record, qint64 column, const QString& caption, qint64 group);

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;
    bool viewportEvent(QEvent* event) override;

private:
    struct Row {
        QString record;
        qint64 group = 0;
        QString label, caption;
        QImage reference;
        std::map<qint64, QImage> pictures; ///< By column.
    };
    struct Cell {
        const Row* row = nullptr;
        qint64 column = -1;
        QString caption;
    };
    /// Where a picture is, whatever rows come before its own.
    struct Place {
        QString record;
        qint64 group = 0;
        qint64 column = -1;
    };
    QString header(qint64 column) const;
    QRect cellRect(int row, int column) const;
    Cell cellOf(const Row& row, qint64 column) const;
    Cell cellAt(QPoint point) const;
    static std::vector<qint64> columnsOf(const Row& row); ///< The reference's, -1, first.
    int placeOf(qint64 column) const { return column < 0 ? 0 : columns_.at(column); }
    int currentRow() const; ///< -1 without one.
    void setCurrent(const Row& row, qint64 column);
    void takeUpCurrent(); ///< The newest picture of the first row, where none was chosen.
    void showCurrent();
    void layOut();

    std::vector<Row> rows_;
    std::map<qint64, int> columns_; ///< Place of a column, from 1; 0 holds the references.
    std::function<QString(qint64)> headers_;
    std::optional<Place> current_; ///< Chosen last, by click or key.
};

} // namespace nanodit
