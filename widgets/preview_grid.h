#pragma once

#include <QAbstractScrollArea>
#include <QImage>

#include <functional>
#include <map>
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
/// the right. With headers of its own, columns are something else than steps.
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

Q_SIGNALS:
    /// `column`: a step; -1 for the reference.
    void pictureChosen(const QString& record, qint64 column, const QString& caption, qint64 group);

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
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
    QString header(qint64 column) const;
    QRect cellRect(int row, int column) const;
    Cell cellAt(QPoint point) const;
    void layOut();

    std::vector<Row> rows_;
    std::map<qint64, int> columns_; ///< Place of a column, from 1; 0 holds the references.
    std::function<QString(qint64)> headers_;
};

} // namespace nanodit
