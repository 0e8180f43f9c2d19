#pragma once

#include "app/looking.h"
#include "app/pages/attention/attention_choice.h"
#include "app/pages/attention/export_menu.h"
#include "app/pages/attention/view_drawer.h"

#include <QWidget>

#include <memory>
#include <optional>

class QAction;
class QLabel;
class QStackedWidget;

namespace nanodit {

class AttentionPanes;
class Dialogs;
class PageFrame;
class Session;
class StatePanel;
class SubjectForm;
class TimeBar;
class Training;

/// What a model attends to: the picture that is forming, the caption's words and the patches, each of which can be
/// asked; below them every block and head, the course over t, the diagonal, what the picture becomes when words, CLS or
/// patches are changed, another checkpoint, what the velocity loses without a token, and what comes of attention.
class AttentionPage : public QWidget {
    Q_OBJECT

public:
    using View = ViewDrawer::View; ///< Keys 1 to 7.

    /// `comparison` looks at the second checkpoint. A running training is followed.
    AttentionPage(Session& session, Looking& looking, Looking& comparison, const Training& training, Dialogs& dialogs,
                  QWidget* parent = nullptr);
    bool settled() const;
    /// A record, and a latent token of it to look from.
    void showRecord(const QString& id, std::optional<std::int64_t> latent = {});
    /// A PNG that was painted here: what its sampling attends to.
    void showPainted(const QString& file);
    void showView(View view);
    View view() const;

Q_SIGNALS:
    void trainWanted();

protected:
    void showEvent(QShowEvent* event) override;

private:
    QWidget* makeContent();
    void connectLooking();
    void connectParts();
    void makeCommands();

    AttentionSubject subject() const;
    LookedAt lookedAt() const;
    /// Whether that is inspected now; else it says that `what` was made of something else.
    bool isShown(const LookedAt& of, const QString& what);
    void look();
    void showScene(const AttentionScene& scene, const QString& model);
    void choose(const AttentionChoice& choice);
    AttentionQuestion chosenQuestion() const; ///< Of the scene, in every block.
    void ask();
    /// Everything that shows numbers, anew.
    void showAnswer();
    /// What was inspected is not what is asked for now: nothing of it stays.
    void forgetScene();
    void showMarks();
    void subjectBecameAnother();
    void film(bool overTraining);
    void showFrame(int frame);
    void leaveFilm();
    AttentionExport exported() const;

    Session& session_;
    Looking& looking_;
    PageFrame* frame_;
    QStackedWidget* states_;
    StatePanel* empty_;
    SubjectForm* form_;
    AttentionPanes* panes_;
    QLabel* readout_;
    TimeBar* time_;
    QAction *stop_, *export_;
    ExportMenu* exports_;
    ViewDrawer* drawer_;

    bool wanted_ = false; ///< A look is under way; what it shows is not there yet.
    std::optional<AttentionScene> scene_;
    AttentionChoice choice_;
    AttentionQuestion question_; ///< That `answer_` answers.
    std::optional<AttentionAnswer> answer_;
    std::optional<AttentionSummaries> summaries_;             ///< Of the scene.
    std::shared_ptr<const std::vector<AttentionFrame>> film_; ///< Empty: none is shown.
    bool filmOfTraining_ = false;
    bool stale_ = false; ///< Something else was chosen while the page was hidden.
};

} // namespace nanodit
