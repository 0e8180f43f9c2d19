#pragma once

#include <QListView>

namespace nanodit {

/// Thumbnails of records with bucket, first words of the caption, and the marks of the four arrays.
class ThumbnailGrid : public QListView {
    Q_OBJECT

public:
    explicit ThumbnailGrid(QWidget* parent = nullptr);
    /// Length of a thumbnail's longer side, logical pixels.
    static constexpr int pictureSide = 112;

Q_SIGNALS:
    void recordChosen(const QString& id);

protected:
    void currentChanged(const QModelIndex& current, const QModelIndex& previous) override;
    void resizeEvent(QResizeEvent* event) override;
};

} // namespace nanodit
