#pragma once

#include "widgets/colours.h"

#include <QString>
#include <QWidget>

#include <vector>

namespace nanodit {

/// A row of coloured strokes with their names; as many as there is room for, and all of them in the tool tip.
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

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return {40, sizeHint().height()}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    std::vector<Entry> entries_;
};

} // namespace nanodit
