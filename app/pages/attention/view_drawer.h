#pragma once

#include "core/front/attention.h"

#include <QWidget>

#include <optional>

class QStackedWidget;
class QTabBar;

namespace nanodit {

class ComparePanel;
class CoursePanel;
class DiagonalPanel;
class EditPanel;
class Looking;
class Session;
class SmallMultiples;

/// The views below the attention page's panes, one at a time: every block and head, the course over t, the diagonal,
/// changes of what the model sees, another checkpoint.
class ViewDrawer : public QWidget {
    Q_OBJECT

public:
    /// In the order of the tabs.
    enum class View { Multiples, Course, Diagonal, Edits, Compare };

    /// `comparison` looks at the other checkpoint.
    ViewDrawer(Session& session, Looking& comparison, QWidget* parent);
    View view() const;
    void setView(View view);
    QImage picture() const; ///< Of the view that is shown.

    /// Small multiples and diagonal of an answer in every block. `summaries`: of the same moment, or null.
    void showAnswer(const AttentionScene& scene, const AttentionAnswer& answer, const AttentionSummaries* summaries,
                    const AttentionPart& part);

    SmallMultiples* multiples() const { return multiples_; }
    CoursePanel* course() const { return course_; }
    DiagonalPanel* diagonal() const { return diagonal_; }
    EditPanel* edits() const { return edits_; }
    ComparePanel* compare() const { return compare_; }

Q_SIGNALS:
    void viewChanged();

private:
    void showMultiples(const AttentionScene& scene, const AttentionAnswer& answer);

    QTabBar* tabs_;
    QStackedWidget* views_;
    SmallMultiples* multiples_;
    CoursePanel* course_;
    DiagonalPanel* diagonal_;
    EditPanel* edits_;
    ComparePanel* compare_;
};

} // namespace nanodit
