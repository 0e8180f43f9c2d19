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
class KnockOutPanel;
class Looking;
class MechanismPanel;
class Session;
class SmallMultiples;

/// The views below the attention page's panes, one at a time: every block and head, the course over t, the diagonal,
/// changes of what the model sees, another checkpoint, what the model does without a token, what comes of attention.
class ViewDrawer : public QWidget {
    Q_OBJECT

public:
    /// In the order of the tabs.
    enum class View { Multiples, Course, Diagonal, Edits, Compare, KnockOut, Mechanism };

    /// `comparison` looks at the other checkpoint.
    ViewDrawer(Session& session, Looking& comparison, QWidget* parent);
    View view() const;
    void setView(View view);
    bool showsSummaries() const; ///< The view is of all latent tokens together.
    QImage picture() const;      ///< Of the view that is shown.

    /// Small multiples, diagonal and mechanism of an answer in every block. `summaries`: of the same moment, or null.
    void showAnswer(const AttentionScene& scene, const AttentionAnswer& answer, const AttentionSummaries* summaries,
                    const AttentionPart& part);

    SmallMultiples* multiples() const { return multiples_; }
    CoursePanel* course() const { return course_; }
    DiagonalPanel* diagonal() const { return diagonal_; }
    EditPanel* edits() const { return edits_; }
    ComparePanel* compare() const { return compare_; }
    KnockOutPanel* knockOut() const { return knockOut_; }
    MechanismPanel* mechanism() const { return mechanism_; }

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
    KnockOutPanel* knockOut_;
    MechanismPanel* mechanism_;
};

} // namespace nanodit
