#pragma once

/// What a plot can show of a run. Knows no widgets.

#include "widgets/colours.h"

#include <QString>

#include <string>
#include <vector>

namespace nanodit {

struct SubjectCurve {
    std::string key; ///< RunCurves::of
    QString name;    ///< In the legend.
    Hue hue = Hue::Grey;
};

struct PlotSubject {
    enum class Kind {
        Averaged, ///< Curves of what every step measured, smoothed.
        Plain,    ///< Curves as they are.
        Measured, ///< Curves of what few steps measured, with marks.
        Shares,   ///< Parts of a whole, stacked.
        Blocks    ///< A number of every block, as colours.
    };
    QString key; ///< Kept in the layout of a workspace's plots.
    QString title;
    Kind kind = Kind::Averaged;
    std::vector<SubjectCurve> curves; ///< At least one; of Blocks the one whose blocks are shown.
};

/// First those that compare several numbers, then every number of a step by itself. In this order a picker lists them.
const std::vector<PlotSubject>& plotSubjects();
/// Of a validation's mean, "validation/reconstruction/ssim", of raw weights "validation/raw/reconstruction/ssim".
PlotSubject validationSubject(const std::string& key);
/// By its key, also of a validation. The first subject for an unknown one, which another version may have kept.
PlotSubject plotSubject(const QString& key);

} // namespace nanodit
