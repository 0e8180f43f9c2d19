#pragma once

/// What the validation page shows, as values: made of reports here, drawn by the page. Knows no widgets.

#include "core/front/data.h"
#include "core/front/training.h"
#include "core/front/validation.h"

#include <QImage>
#include <QString>
#include <QStringList>

#include <filesystem>
#include <optional>
#include <vector>

namespace nanodit {

/// How a number stands to the baseline's.
struct ValueChange {
    enum class Verdict { None, Unclear, Better, Worse };
    Verdict verdict = Verdict::None;
    QString arrow; ///< Which way the number went: "▲", "▼"; told by shape, so that no colour is needed.
    QString text;  ///< "0.043 better", "no clear change"
};

/// A metric of a task as a card.
struct ValidationCard {
    std::string metric;
    QString title, value;
    QString spread; ///< "± 0.021": half of the 95 % interval's width; empty where there is no interval.
    QString count;  ///< "n = 24"
    QString help;   ///< What it is, which way is better, the whole interval.
    ValueChange change;
    bool perPicture = true; ///< Whether pictures can be sorted by it.
};
/// `differences`: of this report against the baseline; null for none.
std::vector<ValidationCard> validationCards(const ValidationReport& report, ValidationTask task,
                                            const std::vector<MetricDifference>* differences);

/// A painted picture beside what it is compared with.
struct ValidationRow {
    std::size_t index = 0; ///< In the report's pictures.
    QString record, caption;
    QString facts;                                      ///< "seed 3 · CLS and patches of b"
    QString value;                                      ///< "DINO-patch distance 0.213 · before 0.260"
    std::filesystem::path reference, painted, baseline; ///< `baseline` is empty where there is none.
    std::filesystem::path nearest; ///< The training picture that it is most like; empty where that is not known.

    /// What stands beside reference and painted picture, large: the baseline's, or else the nearest training picture.
    const std::filesystem::path& third() const { return baseline.empty() ? nearest : baseline; }
};
/// Worst first. `baseline` may be null; its pictures are those of the same task, record, reference and seed, and it is
/// called by its run where no other name is given.
std::vector<ValidationRow> validationRows(const ValidationReport& report, const ValidationReport* baseline,
                                          ValidationTask task, const std::string& metric,
                                          const QString& baselineName = {});
/// What the columns of a task's pictures are called: the reference, the painted one.
QString referenceTitle(ValidationTask task);

/// A line of the table of differences.
struct DifferenceRow {
    ValidationTask task = ValidationTask::Reconstruction;
    std::string metric;
    QStringList cells; ///< Test, metric, baseline, this, difference, 95 % interval, n.
    ValueChange change;
};
std::vector<DifferenceRow> differenceRows(const std::vector<MetricDifference>& differences);

QString taskHelp(ValidationTask task);

/// The largest difference that has a colour of its own, in levels of 0 to 255.
inline constexpr double largestShownDifference = 96;
/// Mean over R, G, B of the absolute difference as viridis up to largestShownDifference; null for other sizes.
QImage differencePicture(const QImage& a, const QImage& b);
/// The same, averaged over the cells of a grid, row by row. Empty for other sizes.
std::vector<float> differenceByCell(const QImage& a, const QImage& b, GridSize grid);

} // namespace nanodit
