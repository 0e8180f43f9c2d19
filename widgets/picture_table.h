#pragma once

#include <QAbstractScrollArea>
#include <QCache>
#include <QImage>
#include <QSet>

#include <vector>

namespace nanodit {

/// Rows of pictures that belong together, with what is known of them at the left. Pictures are asked for when their row
/// is first seen, and the newest few hundred rows keep theirs. Arrows move the current row, Enter or a click opens it.
class PictureTable : public QAbstractScrollArea {
    Q_OBJECT

public:
    struct Row {
        QString key; ///< What its owner knows it by.
        QString title, facts, value;
    };
    explicit PictureTable(QWidget* parent = nullptr);
    /// Titles over the pictures. Another number of them forgets all pictures.
    void setColumns(const QStringList& titles);
    /// Keeps the pictures of keys that stay; the first row becomes the current one.
    void setRows(std::vector<Row> rows);
    const std::vector<Row>& rows() const { return rows_; }
    /// One a column; null where there is none.
    void setPictures(const QString& key, const std::vector<QImage>& pictures);
    void setEmptyText(const QString& text);

    int currentRow() const { return current_; }
    void setCurrentRow(int row);
    /// Where a row's picture is drawn, in the viewport.
    QRect cellRect(int row, int column) const;
    /// The first rows as one picture, with the titles; for files. Pictures that were not given are left blank.
    QImage sheet(int rows) const;
    /// How many rows a sheet of at most this height can have, in pixels, and their pictures be kept for.
    int rowsWithin(int height) const;
    /// Whether they were given; asked for, they are kept longer than others.
    bool hasPictures(const QString& key) const { return pictures_.object(key) != nullptr; }

Q_SIGNALS:
    void picturesWanted(const QString& key);
    void rowOpened(int row);
    void menuWanted(int row, QPoint globalPoint);

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
    bool viewportEvent(QEvent* event) override; ///< All of a text that has no room.

private:
    int side() const;
    int rowHeight() const;
    int rowAt(QPoint point) const;
    QString helpAt(QPoint point) const;
    void layOut();
    void tellCurrent(); ///< To a screen reader.
    void paintHeader(QPainter& painter) const;
    void paintRow(QPainter& painter, int row, int top) const;

    QStringList columns_;
    std::vector<Row> rows_;
    QCache<QString, std::vector<QImage>> pictures_{300};
    QSet<QString> asked_;
    QString emptyText_;
    int current_ = -1, pressed_ = -1;
};

} // namespace nanodit
