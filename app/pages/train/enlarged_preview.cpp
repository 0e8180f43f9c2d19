#include "app/pages/train/enlarged_preview.h"

#include "app/background_queue.h"
#include "app/pages/train/preview_panel.h"
#include "app/pages/train/preview_window.h"
#include "core/front/data.h"
#include "core/io/image.h"
#include "widgets/picture.h"

namespace nanodit {

EnlargedPreview::EnlargedPreview(Session& session, PreviewPanel* panel)
    : QObject(panel)
    , session_(session)
    , panel_(panel)
{
}

void EnlargedPreview::open(const QString& run, const QString& record, qint64 step, PreviewKind kind,
                           const QString& caption)
{
    const auto* const known = session_.record(record);
    if (step < 0 && known == nullptr)
        return;
    const int number = ++asked_;
    session_.background().ask(
        this,
        [file = previewFile(session_.workspace().runsFolder() / run.toStdString(), step, record.toStdString(), kind),
         info = known != nullptr ? *known : RecordInfo(),
         step] { return qImageFromImage(step < 0 ? loadBucketImage(info) : readImage(file)); },
        [this, number, caption, beside = isOpen()](const QImage& picture) {
            if (number == asked_ && (!beside || isOpen())) // else its window was closed meanwhile
                show(picture, caption);
        },
        [this, number](const Notice& why) {
            if (number == asked_)
                Q_EMIT failed(tr("Could not read the picture"), why);
        });
}

void EnlargedPreview::close()
{
    ++asked_;
    if (window_)
        window_->close();
}

bool EnlargedPreview::isOpen() const
{
    return window_ && window_->isVisible();
}

void EnlargedPreview::show(const QImage& picture, const QString& caption)
{
    if (!isOpen()) {
        window_ = new PreviewWindow(panel_);
        connect(window_, &PreviewWindow::neighbourWanted, panel_, &PreviewPanel::chooseNeighbour);
    }
    window_->showPicture(picture, caption);
    window_->open();
}

} // namespace nanodit
