#pragma once

#include "core/front/runs.h"

#include <QWidget>

#include <vector>

class QLabel;
class QTreeWidget;

namespace nanodit {

class RecordTiles;
class Session;
class ThumbnailGrid;
class Training;

/// The steps of the shown run at which the loss jumped, and the pictures that each was made with.
class JumpPanel : public QWidget {
    Q_OBJECT

public:
    JumpPanel(Session& session, Training& training, QWidget* parent = nullptr);
    bool hasJumps() const { return !jumps_.empty(); }
    /// No thumbnail is being made.
    bool settled() const;

Q_SIGNALS:
    void jumpsChanged();
    void recordChosen(const QString& id);

private:
    void listJumps();
    const LossJump* chosen() const; ///< Null when none is.
    void showChosen();

    Session& session_;
    Training& training_;
    QTreeWidget* list_;
    QLabel* what_;
    ThumbnailGrid* grid_;
    RecordTiles* tiles_;
    std::vector<LossJump> jumps_; ///< By row of the list.
};

} // namespace nanodit
