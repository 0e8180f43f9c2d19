#include "app/pages/sample/picture_saving.h"

#include "app/background_queue.h"
#include "app/dialogs.h"
#include "app/failures.h"
#include "app/sampling.h"
#include "app/session.h"
#include "core/io/image.h"
#include "widgets/banner.h"
#include "widgets/text.h"

#include <QClipboard>
#include <QFileInfo>
#include <QGuiApplication>
#include <QImage>
#include <QWidget>

namespace nanodit {

PictureSaving::PictureSaving(Session& session, Sampling& sampling, Dialogs& dialogs, Banner* banner, QWidget* page)
    : QObject(page)
    , session_(session)
    , sampling_(sampling)
    , dialogs_(dialogs)
    , banner_(banner)
    , page_(page)
{
}

void PictureSaving::copy(const QImage& picture)
{
    if (picture.isNull())
        return;
    QGuiApplication::clipboard()->setImage(picture);
    banner_->showNotice(tr("The picture is on the clipboard"));
}

void PictureSaving::save(const QString& file)
{
    if (file.isEmpty())
        return;
    const auto target = dialogs_.chooseSaveFile(page_, tr("Save the picture with its settings"),
                                                QFileInfo(file).fileName(), tr("PNG (*.png)"));
    if (target.isEmpty())
        return;
    session_.background().ask(
        this,
        [from = std::filesystem::path(file.toStdString()), to = std::filesystem::path(target.toStdString())] {
            writePng(to, readImage(from), readPngText(from));
        },
        [this, target] { banner_->showNotice(tr("Saved to %1").arg(folderText(target))); },
        [this](const Notice& why) { showFailure(*banner_, tr("Could not save the picture"), why); });
}

void PictureSaving::saveSheet()
{
    const auto sheet = sampling_.planeSheet(); // as it is now: another may be begun before the file is chosen
    const auto target = dialogs_.chooseSaveFile(page_, tr("Save the plane as one picture"),
                                                QStringLiteral("guidance-plane.png"), tr("PNG (*.png)"));
    if (target.isEmpty())
        return;
    session_.background().ask(
        this, [sheet, to = std::filesystem::path(target.toStdString())] { writePng(to, sheet); },
        [this, target] { banner_->showNotice(tr("Saved to %1").arg(folderText(target))); },
        [this](const Notice& why) { showFailure(*banner_, tr("Could not save the plane"), why); });
}

} // namespace nanodit
