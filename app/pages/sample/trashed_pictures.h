#pragma once

#include "app/sampled_picture.h"

#include <QObject>
#include <QString>

#include <vector>

namespace nanodit {

class Banner;
class HistoryPanel;
class Sampling;

/// The pictures that were moved to the trash since the workspace was opened: they leave the history, and come back to
/// their places in it.
class TrashedPictures : public QObject {
    Q_OBJECT

public:
    /// All of these must outlive this.
    TrashedPictures(Sampling& sampling, HistoryPanel* history, Banner* banner, QObject* parent);

    /// The one that was moved there last; nothing is done when there is none.
    void bringBack();
    void forget() { trashed_.clear(); }

Q_SIGNALS:
    /// It is in the trash, and still in the history.
    void leaving(const QString& file);
    /// The history is without it.
    void left();
    void returned(const QString& file);

private:
    struct Trashed {
        SampledPicture picture;
        QString place; ///< Its file in the trash.
        int row;       ///< In the history.
    };
    void take(const QString& file, const QString& inTrash);
    void giveBack(const QString& file);

    Sampling& sampling_;
    HistoryPanel* history_;
    Banner* banner_;
    std::vector<Trashed> trashed_; ///< The last one last.
};

} // namespace nanodit
