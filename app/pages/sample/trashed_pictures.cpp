#include "app/pages/sample/trashed_pictures.h"

#include "app/pages/sample/history_panel.h"
#include "app/sampling.h"
#include "widgets/banner.h"

#include <QFileInfo>

#include <algorithm>
#include <utility>

namespace nanodit {

TrashedPictures::TrashedPictures(Sampling& sampling, HistoryPanel* history, Banner* banner, QObject* parent)
    : QObject(parent)
    , sampling_(sampling)
    , history_(history)
    , banner_(banner)
{
    connect(&sampling_, &Sampling::discarded, this, &TrashedPictures::take);
    connect(&sampling_, &Sampling::broughtBack, this, &TrashedPictures::giveBack);
}

void TrashedPictures::take(const QString& file, const QString& inTrash)
{
    Q_EMIT leaving(file);
    if (auto removed = history_->remove(file)) // the one beside it is shown
        trashed_.push_back({.picture = std::move(removed->first), .place = inTrash, .row = removed->second});
    banner_->showNotice(tr("%1 was moved to the trash. Press Ctrl+Z to restore it.").arg(QFileInfo(file).fileName()));
    Q_EMIT left();
}

void TrashedPictures::bringBack()
{
    if (trashed_.empty())
        return;
    const auto back = trashed_.back(); // a copy: it leaves the list once it is back
    sampling_.bringBack(back.picture.file, back.place);
}

void TrashedPictures::giveBack(const QString& file)
{
    const auto place = std::ranges::find(trashed_, file, [](const auto& gone) { return gone.picture.file; });
    if (place == trashed_.end())
        return;
    const auto back = std::move(*place);
    trashed_.erase(place);
    history_->insert(back.row, back.picture);
    Q_EMIT returned(file);
    banner_->hide();
}

} // namespace nanodit
