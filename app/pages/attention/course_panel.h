#pragma once

#include "core/front/attention.h"

#include <QWidget>

#include <array>

class QLabel;
class QPushButton;

namespace nanodit {

class MatrixView;

/// How a model divides its attention over the flow: shares of text, CLS and patches, alignment and entropy by block
/// (row) and time (column).
class CoursePanel : public QWidget {
    Q_OBJECT

public:
    explicit CoursePanel(QWidget* parent = nullptr);
    /// `of`: what it was measured on. `seen`: its evenAlignment is the alignment's yardstick.
    void showCourse(const AttentionCourse& course, const QString& of, double evenAlignment);
    /// The subject is another one now: what is shown stays, and says whose it is.
    void markStale();
    void clear();
    void setMeasuring(bool measuring);
    /// Where the page stands.
    void setPlace(const AttentionPart& part, double t);
    const std::optional<AttentionCourse>& course() const { return course_; }
    const QString& of() const { return of_; } ///< What the course was measured on.

Q_SIGNALS:
    void measureWanted();
    void placeChosen(std::int64_t block, double t);

private:
    void tell();

    enum Row { Text, Cls, Patches, Alignment, Entropy, Rows };
    std::array<MatrixView*, Rows> views_{};
    QPushButton* measure_;
    QLabel* about_;
    std::optional<AttentionCourse> course_;
    QString of_;
    bool stale_ = false, measuring_ = false;
};

/// The times at which a course is measured: from noise to nearly the picture.
std::vector<double> courseTimes();

} // namespace nanodit
