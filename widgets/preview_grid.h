#pragma once

#include <QAbstractScrollArea>
#include <QImage>

#include <map>
#include <vector>

namespace nanodit {

/// Pictures that appear while a model trains: a row per record, its reference first, then a column per step, newest at
/// the right.
class PreviewGrid : public QAbstractScrollArea {
    Q_OBJECT

public:
    /// The longest side of a picture that is kept: twice the drawn one, for dense screens.
    static constexpr int keptSide = 192;
    explicit PreviewGrid(QWidget* parent = nullptr);
    /// Larger pictures than `keptSide` are kept smaller, so that a long training does not fill the memory.
    void add(qint64 step, const QString& record, const QString& caption, const QImage& picture,
             const QImage& reference);
    void clear();
    bool isEmpty() const { return rows_.empty(); }
    int columns() const { return static_cast<int>(steps_.size()); }
    qint64 bytes() const; ///< Of all pictures.

Q_SIGNALS:
    /// `step`: -1 for the reference.
    void pictureChosen(const QString& record, qint64 step, const QString& caption);

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    bool viewportEvent(QEvent* event) override;

private:
    struct Row {
        QString record, caption;
        QImage reference;
        std::map<qint64, QImage> pictures; ///< By step.
    };
    struct Cell {
        const Row* row = nullptr;
        qint64 step = -1;
        QString caption;
    };
    QRect cellRect(int row, int column) const;
    Cell cellAt(QPoint point) const;
    void layOut();

    std::vector<Row> rows_;
    std::map<qint64, int> steps_; ///< Column of a step, from 1; 0 holds the references.
};

} // namespace nanodit
