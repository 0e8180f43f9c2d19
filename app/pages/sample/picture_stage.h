#pragma once

#include "app/session.h"
#include "core/front/sampling.h"

#include <QCache>
#include <QImage>
#include <QStringList>
#include <QWidget>

#include <functional>
#include <vector>

class QProgressBar;
class QPushButton;
class QStackedWidget;

namespace nanodit {

class FittedLabel;
class GuidanceAnatomy;
class GuidancePlaneView;
class ImageCanvas;
class PictureComparison;
class PictureTiles;
class RegionEditor;

/// The middle of the Sample page: the picture, or what takes its place (a plane, a series, a comparison, the reference
/// with its region), the progress above it and a line on it below. Pictures of files are read in the background, and
/// those looked at last are kept.
class PictureStage : public QWidget {
    Q_OBJECT

public:
    enum class View { Picture, Plane, Series, Comparison, Region };
    explicit PictureStage(Session& session, QWidget* parent = nullptr);

    View view() const;
    void showView(View view);
    ImageCanvas* canvas() const { return canvas_; }
    GuidancePlaneView* plane() const { return plane_; }
    PictureTiles* tiles() const { return tiles_; }
    RegionEditor* region() const { return region_; }

    /// A picture without a file. `size`: in full, where the picture is reduced. The view stays.
    void showPicture(const QImage& picture, QSize size);
    /// A picture's file, `reduced` until it is read; in the picture's view.
    void showFile(const QString& file, const QImage& reduced, QSize size);
    struct Compared {
        QString file, label;
    };
    /// At least two, in the comparison's view once they are read.
    void compare(const std::vector<Compared>& pictures);
    const QImage& shown() const { return shown_; } ///< Null: nothing.
    void keepFull(const QString& file, const QImage& picture);
    void forget(const QString& file);
    void clear();

    void setCaption(const QString& text, const QString& help = {});
    void setProgress(const Progress& progress);
    /// `ready`: there is a model; `busy`: it generates.
    void setState(bool ready, bool busy);
    void setAnatomy(const std::vector<GuidanceStep>& guidance, bool visible);

Q_SIGNALS:
    void viewChanged();
    /// The pictures of the branches that guidance combines.
    void branchesWanted();
    void failed(const QString& what, const nanodit::Notice& why);

private:
    void withFullPictures(const QStringList& files, std::function<void(const std::vector<QImage>&)> then);

    Session& session_;
    QProgressBar* progress_;
    QStackedWidget* views_;
    ImageCanvas* canvas_;
    GuidancePlaneView* plane_;
    PictureTiles* tiles_;
    PictureComparison* comparison_;
    RegionEditor* region_;
    GuidanceAnatomy* anatomy_;
    QPushButton* branches_;
    QWidget* anatomyRow_;
    FittedLabel* caption_;
    QImage shown_;
    QString wanted_;                 ///< The file that is to be shown.
    int chosen_ = 0;                 ///< Views so far: a comparison that is ready after another one was chosen is late.
    QCache<QString, QImage> inFull_; ///< By file; costs are kilobytes.
};

} // namespace nanodit
