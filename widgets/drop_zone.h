#pragma once

#include <QFrame>
#include <QImage>

namespace nanodit {

/// Takes a picture file by drag and drop or by a click, and shows what it holds.
class DropZone : public QFrame {
    Q_OBJECT

public:
    explicit DropZone(QWidget* parent = nullptr);
    void setPrompt(const QString& prompt); ///< Said while it is empty.
    void setPicture(const QImage& picture, const QString& caption);
    void clear() { setPicture({}, {}); }

    QSize sizeHint() const override { return {240, 120}; }

Q_SIGNALS:
    void fileDropped(const QString& path);
    void clicked();

protected:
    void paintEvent(QPaintEvent* event) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dragLeaveEvent(QDragLeaveEvent* event) override;
    void dropEvent(QDropEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    QImage picture_;
    QString prompt_, caption_;
    bool over_ = false;
};

/// The first local file of a drag, or empty.
QString droppedFile(const class QMimeData* data);

} // namespace nanodit
