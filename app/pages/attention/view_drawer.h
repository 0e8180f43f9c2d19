#pragma once

#include "core/front/attention.h"

#include <QWidget>

#include <optional>

class QScrollArea;
class QStackedWidget;
class QTabBar;

namespace nanodit {

struct AttentionChoice;
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

    void showScene(const AttentionScene& scene);
    void showChoice(const AttentionChoice& choice);
    void setOpacity(double opacity);
    /// Nothing is inspected: no answer is left.
    void clearAnswer();
    /// Something else is inspected: what was measured and generated before says so.
    void markStale();
    /// Another workspace: nothing of the old one stays, edits neither.
    void forget();

    CoursePanel* course() const { return course_; }
    EditPanel* edits() const { return edits_; }
    ComparePanel* compare() const { return compare_; }
    KnockOutPanel* knockOut() const { return knockOut_; }

Q_SIGNALS:
    void viewChanged();
    void partChosen(const nanodit::AttentionPart& part); ///< A block or head, in one of the views.

private:
    void showMultiples(const AttentionScene& scene, const AttentionAnswer& answer);

    QTabBar* tabs_;
    QStackedWidget* views_;
    QScrollArea* multiplesArea_; ///< Many blocks need more room than the drawer has.
    SmallMultiples* multiples_;
    CoursePanel* course_;
    DiagonalPanel* diagonal_;
    EditPanel* edits_;
    ComparePanel* compare_;
    KnockOutPanel* knockOut_;
    MechanismPanel* mechanism_;
};

} // namespace nanodit
