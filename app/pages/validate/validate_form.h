#pragma once

#include "app/pages/validate/validation_view.h"
#include "app/session.h"
#include "app/validation_subjects.h"
#include "widgets/inspector_column.h"

#include <array>

class QCheckBox;
class QComboBox;
class QDoubleSpinBox;
class QLabel;
class QSpinBox;

namespace nanodit {

class FittedComboBox;
class MilestoneList;
class SeedEdit;
class WeightsChoice;

/// Which model and which of its weights, what it is compared with, and what the suite is to do; below the model the
/// check list of its validation.
class ValidateForm : public InspectorColumn {
    Q_OBJECT

public:
    explicit ValidateForm(Session& session, QWidget* parent = nullptr);

    /// Keeps what is chosen where it is still there; else the newest validated model, or the newest.
    void setSubjects(const std::vector<ValidationSubject>& subjects);
    /// Null while there is none.
    const ValidationSubject* subject() const;
    /// The validated model to hold it against; null for none.
    const ValidationSubject* baseline() const;
    /// "RUN · step N", or a run: its newest validated step, or its newest.
    void chooseSubject(const QString& run);
    void chooseBaseline(const QString& run);

    ValidationSettings settings() const;
    std::string lpipsNet() const;
    void setSettings(const ValidationSettings& settings, const std::string& lpipsNet);
    /// Empty hides the list.
    void setMilestones(const std::vector<Milestone>& milestones);
    void setReadOnly(bool readOnly);
    /// Whether there is a task to do.
    bool valid() const;

Q_SIGNALS:
    void subjectsListed(); ///< Those of setSubjects; later than it where a list of them was open.
    void subjectChosen();
    void edited();

private:
    QWidget* makeSuite();
    void takeSubjects(const std::vector<ValidationSubject>& subjects);
    /// Of the chosen model. `anew`: it was not chosen before, and those of its weights are taken that were validated.
    void offerWeights(bool anew);
    void listBaselines();
    void choose(QComboBox* combo, const QString& run);
    /// The raw weights that `weights_` chooses in the place of those of a subject; null where it offers none.
    const ValidationSubject* rawBeside(std::size_t place) const;
    bool validated(std::size_t place) const; ///< Any of the weights that can be chosen there.
    int chosenPlace() const;                 ///< In `subjects_`; -1 without one.

    Session& session_;
    std::vector<ValidationSubject> subjects_;
    FittedComboBox *models_, *baselines_;
    WeightsChoice* weights_;
    QWidget* checkList_;
    MilestoneList* milestones_;
    QWidget* suite_;
    std::array<QCheckBox*, validationTaskNames.size()> tasks_{};
    QSpinBox *records_, *steps_;
    QDoubleSpinBox *textScale_, *dinoScale_, *shift_;
    SeedEdit* seed_;
    QComboBox *guidance_, *lpips_;
};

} // namespace nanodit
