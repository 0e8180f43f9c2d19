#pragma once

#include "app/pages/attention/attention_choice.h"
#include "app/pages/attention/edit_history.h"
#include "core/front/data.h"
#include "widgets/attention_map.h"

#include <QImage>
#include <QWidget>

class QButtonGroup;
class QCheckBox;
class QComboBox;
class QLabel;
class QLayout;
class QLineEdit;
class QPushButton;
class QSpinBox;

namespace nanodit {

class RecordNames;
class Session;

/// Changes what a model sees: erases words, CLS and patches, replaces words, pastes patches of another record; and what
/// the picture becomes, before and after from the same seed.
class EditPanel : public QWidget {
    Q_OBJECT

public:
    explicit EditPanel(Session& session, QWidget* parent = nullptr);

    const ConditionEdits& edits() const { return history_.now(); }
    void showScene(const AttentionScene& scene);
    void showChoice(const AttentionChoice& choice);
    void showPictures(const QImage& before, const QImage& after);
    /// Something else is inspected: the pictures stay, and say so.
    void markOutdated();
    void setPainting(bool painting);
    /// Another record: nothing is edited.
    void forget();
    void eraseChosen();
    void undo();
    /// What the tool that is set does to these patches.
    void paintOver(const std::set<std::int64_t>& patches);
    AttentionMap::Tool tool() const;
    int brushRadius() const;
    QImage beforeAndAfter() const; ///< Side by side; null before anything was painted.
    void listRecords();

Q_SIGNALS:
    void editsChanged();
    void toolChanged();
    void paintWanted();

private:
    QWidget* makeControls();
    QLayout* makeTools(QWidget* box);
    QLayout* makeWordRow(QWidget* box);
    QLayout* makeSourceRow(QWidget* box);
    QLayout* makeActions(QWidget* box);
    QLabel* makePicture(const char* object);
    void nameThePictures(bool outdated);
    void change(ConditionEdits edits);
    void replaceWord();
    void showSource();
    void takeCls(bool taken);
    QString source() const; ///< The record to paste from; empty: none.
    void tell();
    std::optional<std::size_t> chosenWord() const; ///< As the caption counts.

    Session& session_;
    EditHistory history_;
    std::optional<AttentionScene> scene_;
    std::vector<CaptionWord> caption_; ///< Before words were replaced.
    AttentionChoice choice_;
    QButtonGroup* tools_;
    QSpinBox* brush_;
    QComboBox* source_;
    RecordNames* names_;
    AttentionMap* sourceMap_;
    QCheckBox* sourceCls_;
    QLineEdit* word_;
    QPushButton *erase_, *replace_, *undo_, *reset_, *paint_;
    QLabel *about_, *before_, *after_, *beforeText_, *afterText_;
    QImage beforeImage_, afterImage_;
    int asked_ = 0; ///< Counts the source pictures that were asked for, so that late ones are dropped.
    bool painting_ = false;
};

} // namespace nanodit
