#pragma once

#include "widgets/state_marks.h"

#include <QListView>

#include <array>

namespace nanodit {

/// A record as a tile shows it.
struct ThumbnailItem {
    QString id;
    QString caption;
    QString badge;                    ///< The bucket, "1216x832".
    QString problem;                  ///< A sentence, or empty.
    bool excluded = false;            ///< Drawn faintly.
    std::array<MarkState, 4> marks{}; ///< t5, vae, dino, patches.
};

/// Thumbnails of records with bucket, first words of the caption, and the marks of the four arrays. Every tile has the
/// same size, and only those that are seen ask the model for anything.
class ThumbnailGrid : public QListView {
    Q_OBJECT

public:
    /// What the model answers in its first column: a ThumbnailItem; a QImage, null while it is being made.
    enum Role { ItemRole = Qt::UserRole, PictureRole };
    explicit ThumbnailGrid(QWidget* parent = nullptr);
    /// Length of a thumbnail's longer side, logical pixels.
    static constexpr int pictureSide = 112;

protected:
    void resizeEvent(QResizeEvent* event) override;
    /// The whole view: adding up the tiles of a hundred thousand selected records would take half a second.
    QRegion visualRegionForSelection(const QItemSelection& selection) const override;
};

/// Draws a picture as large as fits into the middle of `room`, with rounded corners; a plain box while it is null.
void paintThumbnail(QPainter& painter, const QRectF& room, const QImage& picture, double opacity = 1);

} // namespace nanodit

Q_DECLARE_METATYPE(nanodit::ThumbnailItem)
