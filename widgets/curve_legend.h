#pragma once

#include "widgets/colours.h"

#include <QString>
#include <QWidget>

#include <vector>

namespace nanodit {

/// Coloured strokes with their names, in a row or in a few; as many as there is room for, and all of them in the tool
/// tip.
class CurveLegend : public QWidget {
    Q_OBJECT

public:
    struct Entry {
        QString name;
        Hue hue = Hue::Grey;
        Qt::PenStyle pen = Qt::SolidLine;
        bool filled = false; ///< An area instead of a stroke.
    };
    explicit CurveLegend(QWidget* parent = nullptr);
    void setEntries(std::vector<Entry> entries);
    const std::vector<Entry>& entries() const { return entries_; }
    /// Draws it into a picture.
    void paint(QPainter& painter, const QRect& room) const;

    /// As many rows as it takes in so many pixels, up to three; one is where it begins.
    void setRowsFor(int width);
    int rows() const { return rows_; }

    QSize sizeHint() const override; ///< In one row.
    QSize minimumSizeHint() const override { return {40, sizeHint().height()}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    int widthOf(const Entry& entry) const;
    void paintRows(QPainter& painter) const;

    std::vector<Entry> entries_;
    int rows_ = 1;
};

} // namespace nanodit
