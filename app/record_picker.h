#pragma once

#include "app/session.h"

#include <QDialog>

class QLabel;
class QLineEdit;
class QPushButton;

namespace nanodit {

class RecordTiles;
class ThumbnailGrid;

/// Chooses a record by its picture, with the search line of the Dataset page: the one way to do so in the whole
/// program. Stays open until one is chosen or it is closed.
class RecordPicker : public QDialog {
    Q_OBJECT

public:
    /// `current`: the record to begin with, or empty.
    RecordPicker(Session& session, const QString& current, QWidget* parent);
    /// What was typed is listed, and its thumbnails are there.
    bool settled() const;

Q_SIGNALS:
    void recordChosen(const QString& id);

private:
    void search();
    void choose(const QModelIndex& index);

    Session& session_;
    QString current_; ///< Selected last; also while a search hides it.
    QLineEdit* query_;
    QLabel* found_;
    ThumbnailGrid* grid_;
    RecordTiles* tiles_;
    QPushButton* take_;
    bool listing_ = false;       ///< The list is being filled: what is current in it nobody has selected.
    int asked_ = 0, listed_ = 0; ///< So that of several searches the last one counts.
};

} // namespace nanodit
