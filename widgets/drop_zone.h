#pragma once

#include <QFrame>
#include <QImage>
#include <QRectF>

class QMimeData;

namespace nanodit {

/// Takes a picture file by drag and drop or by a click, and shows what it holds, and which part of that is used.
class DropZone : public QFrame {
    Q_OBJECT

public:
    explicit DropZone(QWidget* parent = nullptr);
    void setPrompt(const QString& prompt); ///< Said while it is empty.
    /// All of it is used until setPart() says otherwise.
    void setPicture(const QImage& picture, const QString& caption);
    /// The part of the picture that is used, in shares of its sides: outlined, and the rest dimmed. Empty: all of it.
    /// `words` say so after the caption, in the tool tip and to screen readers.
    void setPart(const QRectF& part, const QString& words);
    bool hasPicture() const { return !picture_.isNull(); }
    const QRectF& part() const { return part_; }
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
    QRectF part_;
    QString prompt_, caption_;
    bool over_ = false;
};

/// The first local file of a drag, or empty.
QString droppedFile(const QMimeData* data);

} // namespace nanodit
