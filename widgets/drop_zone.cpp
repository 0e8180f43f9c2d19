#include "widgets/drop_zone.h"

#include "core/io/image.h"
#include "widgets/accessible_role.h"
#include "widgets/colours.h"
#include "widgets/icons.h"
#include "widgets/text.h"

#include <QDragEnterEvent>
#include <QKeyEvent>
#include <QMimeData>
#include <QPainter>
#include <QPainterPath>
#include <QUrl>

namespace nanodit {

QString droppedFile(const QMimeData* data)
{
    for (const auto& url : data->urls()) {
        if (url.isLocalFile())
            return url.toLocalFile();
    }
    return {};
}

DropZone::DropZone(QWidget* parent)
    : QFrame(parent)
{
    setAccessibleRole(this, QAccessible::Button);
    setAcceptDrops(true);
    setFocusPolicy(Qt::StrongFocus);
    setCursor(Qt::PointingHandCursor);
    setMinimumHeight(112);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void DropZone::setPrompt(const QString& prompt)
{
    prompt_ = prompt;
    setAccessibleName(prompt);
    update();
}

void DropZone::setPicture(const QImage& picture, const QString& caption)
{
    picture_ = picture;
    caption_ = caption;
    setPart({}, {});
}

void DropZone::setPart(const QRectF& part, const QString& words)
{
    part_ = part;
    const auto text = words.isEmpty() || caption_.isEmpty() ? caption_ + words : caption_ + QLatin1Char('\n') + words;
    setToolTip(toolTipOf(text));
    setAccessibleDescription(text);
    update();
}

void DropZone::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHints(QPainter::Antialiasing | QPainter::SmoothPixmapTransform);
    const auto& colours = themeColours();
    const QRectF frame = QRectF(rect()).adjusted(1, 1, -1, -1);
    painter.setBrush(over_ ? colours.raised : colours.window);
    QPen border(over_ || hasFocus() ? colours.accent : colours.line, over_ ? 2 : 1);
    if (picture_.isNull())
        border.setStyle(Qt::DashLine);
    painter.setPen(border);
    painter.drawRoundedRect(frame, 6, 6);
    if (picture_.isNull()) {
        const QRect symbol(width() / 2 - 12, height() / 2 - 32, 24, 24);
        icon(QStringLiteral("picture"), Hue::Grey).paint(&painter, symbol);
        painter.setPen(colours.secondary);
        painter.drawText(rect().adjusted(16, height() / 2, -16, -4), Qt::AlignHCenter | Qt::AlignTop | Qt::TextWordWrap,
                         prompt_);
        return;
    }
    const QRectF room = frame.adjusted(6, 6, -6, -6);
    QRectF target({}, QSizeF(picture_.size()).scaled(room.size(), Qt::KeepAspectRatio));
    target.moveCenter(room.center());
    QPainterPath corners;
    corners.addRoundedRect(target, 4, 4);
    painter.setClipPath(corners);
    painter.drawImage(target, picture_);
    if (part_.isEmpty())
        return;
    const QRectF used(target.left() + part_.left() * target.width(), target.top() + part_.top() * target.height(),
                      part_.width() * target.width(), part_.height() * target.height());
    QPainterPath rest, inside;
    rest.addRect(target);
    inside.addRect(used);
    painter.fillPath(rest.subtracted(inside), QColor(0, 0, 0, 120)); // as the Dataset page shows the bucket's crop
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(darkColours().hue(Hue::Blue), 1.5));
    painter.drawRect(used.adjusted(0.75, 0.75, -0.75, -0.75));
}

void DropZone::dragEnterEvent(QDragEnterEvent* event)
{
    const auto file = droppedFile(event->mimeData());
    if (!isImageFile(file.toStdString())) // a folder is for the window; by its name, for its disk may not answer
        return;
    event->acceptProposedAction();
    over_ = true;
    update();
}

void DropZone::dragLeaveEvent(QDragLeaveEvent*)
{
    over_ = false;
    update();
}

void DropZone::dropEvent(QDropEvent* event)
{
    over_ = false;
    update();
    event->acceptProposedAction();
    Q_EMIT fileDropped(droppedFile(event->mimeData()));
}

void DropZone::mouseReleaseEvent(QMouseEvent* event)
{
    if (event->button() == Qt::LeftButton && rect().contains(event->pos()))
        Q_EMIT clicked();
}

void DropZone::keyPressEvent(QKeyEvent* event)
{
    if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter || event->key() == Qt::Key_Space)
        Q_EMIT clicked();
    else
        QFrame::keyPressEvent(event);
}

} // namespace nanodit
