#pragma once

#include "app/training.h"

#include <QWidget>

#include <map>
#include <utility>

class QComboBox;
class QStackedWidget;

namespace nanodit {

class PreviewGrid;

/// What a training paints: records over its steps, raw weights below their average; or, where a run paints them, what
/// the model makes of parts of the conditions, a row a step. Empty until there is a picture.
class PreviewPanel : public QWidget {
    Q_OBJECT

public:
    explicit PreviewPanel(QWidget* parent = nullptr);
    void add(const TrainPreview& preview);
    void clear();
    /// Asks for the picture beside the one that was chosen last; nothing at an edge.
    void chooseNeighbour(int columns, int rows);

Q_SIGNALS:
    /// `step`: -1 for the record's own picture.
    void pictureChosen(const QString& record, qint64 step, nanodit::PreviewKind kind, const QString& caption);

private:
    void addToStrip(const TrainPreview& preview);
    void showMode();

    QComboBox* mode_;
    QStackedWidget* views_;
    PreviewGrid *steps_, *strip_;
    /// By record and step: the first pictures of rows of the strip that have none yet.
    std::map<std::pair<QString, qint64>, TrainPreview> usual_;
};

} // namespace nanodit
