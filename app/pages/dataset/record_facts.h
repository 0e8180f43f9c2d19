#pragma once

#include "app/pages/dataset/record_summary.h"
#include "core/runtime/remedy.h"
#include "widgets/state_marks.h"

#include <QStringList>
#include <QWidget>

#include <array>
#include <optional>

class QGridLayout;
class QLabel;
class QLineEdit;
class QPushButton;
class QToolButton;

namespace nanodit {

class CaptionEditor;
class FittedComboBox;

/// What is known of the chosen record, or of several: caption, split, tags and exclusion, each to edit where it stands;
/// sizes; and the state of the four arrays with what made them stale. Edits are wishes, told by signals; they are shown
/// when the record comes back changed.
class RecordFacts : public QWidget {
    Q_OBJECT

public:
    explicit RecordFacts(QWidget* parent = nullptr);
    void show(const RecordSummary& records);
    void clear();
    /// What is being written counts now: the workspace is about to go.
    void finishEditing();
    /// The workspace has gone: what is still being written is dropped.
    void forget();
    /// What can be chosen for the split.
    void setSplits(const QStringList& splits);
    /// Opens the caption of the one record that is shown.
    void editCaption();
    void focusTags();

Q_SIGNALS:
    void captionEdited(const QString& id, const QString& caption);
    void captionLeft();                     ///< By a key that ended its editing.
    void splitEdited(const QString& split); ///< Empty: by the rule.
    void tagsEdited(const QStringList& added, const QStringList& removed);
    void exclusionEdited(const QString& reason); ///< Empty: include.
    void fileWanted();                           ///< Show the picture in the file manager.
    void remedyWanted(const nanodit::Remedy& remedy);

protected:
    void changeEvent(QEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void addFields(QGridLayout* grid);
    void addArrays(QGridLayout* grid);
    void listSplits();
    void showArrays(const RecordSummary& records);
    void showExclusion(const RecordSummary& records);
    void paintMarks();
    void commitTags();
    void commitReason();
    void showProblem(const Notice& problem);

    CaptionEditor* caption_;
    QLabel *problem_, *id_, *sizesName_, *sizes_;
    QPushButton* act_; ///< Does what helps against the problem.
    std::optional<Remedy> remedy_;
    QToolButton* file_;
    FittedComboBox* split_;
    QStringList splits_; ///< That can be chosen.
    QString shownSplit_; ///< Of the records that are shown; empty: several.
    QLineEdit *tags_, *reason_;
    QPushButton* exclude_;
    std::array<QLabel*, 4> marks_{}, states_{};
    std::array<MarkState, 4> shown_{};
    QStringList commonTags_;
    bool excluded_ = false;
};

} // namespace nanodit
