#include "app/pages/train/preview_window.h"

#include "widgets/image_canvas.h"
#include "widgets/layers.h"

#include <QKeyEvent>
#include <QLabel>
#include <QVBoxLayout>

#include <memory>

namespace nanodit {

namespace {
constexpr int enlargedSide = 640;
} // namespace

PreviewWindow::PreviewWindow(QWidget* parent)
    : QDialog(parent)
    , canvas_(new ImageCanvas(this))
    , caption_(new QLabel(this))
{
    setAttribute(Qt::WA_DeleteOnClose);
    canvas_->setAccessibleName(tr("Enlarged picture"));
    caption_->setTextFormat(Qt::PlainText); // people wrote it
    caption_->setWordWrap(true);
    caption_->setMargin(8);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(canvas_, 1);
    column->addWidget(caption_);
    resize(enlargedSide, enlargedSide);
}

void PreviewWindow::showPicture(const QImage& picture, const QString& caption)
{
    const QRectF extent(QPointF(0, 0), QSizeF(picture.size()));
    setWindowTitle(caption.section(QLatin1Char('\n'), 0, 0));
    canvas_->setLayers({std::make_shared<PictureLayer>(QString(), QString(), picture, extent)}, extent);
    caption_->setText(caption.section(QLatin1Char('\n'), 1));
    canvas_->setAccessibleDescription(caption);
}

void PreviewWindow::keyPressEvent(QKeyEvent* event)
{
    switch (event->key()) {
    case Qt::Key_Left:
        Q_EMIT neighbourWanted(-1, 0);
        break;
    case Qt::Key_Right:
        Q_EMIT neighbourWanted(1, 0);
        break;
    case Qt::Key_Up:
        Q_EMIT neighbourWanted(0, -1);
        break;
    case Qt::Key_Down:
        Q_EMIT neighbourWanted(0, 1);
        break;
    default:
        QDialog::keyPressEvent(event);
    }
}

} // namespace nanodit
