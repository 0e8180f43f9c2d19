#pragma once

#include "widgets/colours.h"

#include <QWidget>

#include <vector>

namespace nanodit {

/// A row of coloured strokes with their names and, while the mouse is over the plot, their values there.
class CurveLegend : public QWidget {
    Q_OBJECT

public:
    struct Entry {
        QString name;
        Hue hue;
        bool band = false; ///< A shaded range instead of a stroke.
        QString value;
    };
    explicit CurveLegend(QWidget* parent = nullptr);
    void setEntries(std::vector<Entry> entries);
    /// Value per entry; missing ones are blank.
    void setValues(const QStringList& values);

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return {40, sizeHint().height()}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    std::vector<Entry> entries_;
};

} // namespace nanodit
