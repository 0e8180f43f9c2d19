#pragma once

#include "app/background_queue.h"
#include "core/front/attention.h"
#include "core/runtime/remedy.h"

#include <QImage>
#include <QMenu>

#include <functional>
#include <memory>
#include <vector>

namespace nanodit {

class Dialogs;

/// What the attention page shows now, as far as it can be saved. Pictures are taken when they are asked for.
struct AttentionExport {
    QString name; ///< "scene-000029_t0.70", of which file names are made.
    AttentionPart part;
    std::optional<AttentionQuestion> question; ///< With its answer.
    std::optional<AttentionAnswer> answer;
    std::optional<AttentionCourse> course;
    QString courseOf; ///< What that was measured on, which need not be what is shown.
    std::shared_ptr<const std::vector<AttentionFrame>> film; ///< Empty: none is shown.
    std::function<QImage()> panes,
        view;              ///< Picture, caption and reference; the drawer's view. Empty: nothing is shown.
    QImage beforeAndAfter; ///< Null before anything was painted.
};

/// Saves views as PNG, numbers as .npz, the film as GIF, MP4 or animated PNG. Files are written on a thread; a menu
/// that goes waits for all of them.
class ExportMenu : public QMenu {
    Q_OBJECT

public:
    ExportMenu(Dialogs& dialogs, std::function<AttentionExport()> shown, QWidget* parent);
    bool idle() const { return queue_.pending() == 0; }

Q_SIGNALS:
    void saved(const QString& sentence);
    void failed(const QString& what, const nanodit::Notice& why);

private:
    void offer();
    void savePicture(const QImage& picture, const QString& suggestion);
    void saveNumbers(std::function<NamedArrays()> arrays, const QString& suggestion);
    void saveFilm(const AttentionExport& shown);
    /// `write` is called on the thread.
    void save(const QString& title, const QString& suggestion, const QString& filter,
              std::function<void(const std::filesystem::path& file)> write);

    Dialogs& dialogs_;
    std::function<AttentionExport()> shown_;
    BackgroundQueue queue_{BackgroundQueue::Order::OldestFirst, BackgroundQueue::AtEnd::Finish};
};

} // namespace nanodit
