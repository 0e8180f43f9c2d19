#pragma once

#include "core/front/attention.h"
#include "core/runtime/remedy.h"

#include <QImage>
#include <QMenu>

#include <functional>

namespace nanodit {

class Dialogs;

/// What the attention page shows now, as far as it can be saved.
struct AttentionExport {
    QString name; ///< "scene-000029_t0.70", of which file names are made.
    AttentionPart part;
    std::optional<AttentionQuestion> question; ///< With its answer.
    std::optional<AttentionAnswer> answer;
    std::optional<AttentionCourse> course;
    QString courseOf; ///< What that was measured on, which need not be what is shown.
    std::vector<AttentionFrame> film;
    QImage panes, view;    ///< Picture, caption and reference; the drawer's view.
    QImage beforeAndAfter; ///< Null before anything was painted.
};

/// Saves views as PNG, numbers as .npz, the film as GIF, MP4 or animated PNG.
class ExportMenu : public QMenu {
    Q_OBJECT

public:
    ExportMenu(Dialogs& dialogs, std::function<AttentionExport()> shown, QWidget* parent);

Q_SIGNALS:
    void saved(const QString& sentence);
    void failed(const QString& what, const nanodit::Notice& why);

private:
    void offer();
    void savePicture(const QImage& picture, const QString& suggestion);
    void saveNumbers(const std::function<NamedArrays()>& arrays, const QString& suggestion);
    void saveFilm(const AttentionExport& shown);
    template<typename Write>
    void save(const QString& title, const QString& suggestion, const QString& filter, Write write);

    Dialogs& dialogs_;
    std::function<AttentionExport()> shown_;
};

} // namespace nanodit
