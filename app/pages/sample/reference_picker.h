#pragma once

#include "core/front/data.h"
#include "core/front/sampling.h"
#include "widgets/late_timer.h"

#include <QString>
#include <QWidget>

#include <variant>

class QComboBox;
class QToolButton;

namespace nanodit {

class Dialogs;
class DropZone;
class RecordNames;
class Session;

using Reference = std::variant<NoReference, RecordReference, PictureReference>;

/// Where the DINO condition, CLS alone, or what is mixed into the condition comes from: a record of the workspace, any
/// picture (dropped or chosen), or nothing.
class ReferencePicker : public QWidget {
    Q_OBJECT

public:
    enum class Use { Condition, Cls, Blend };
    ReferencePicker(Session& session, Dialogs& dialogs, Use use, QWidget* parent = nullptr);
    const Reference& reference() const { return reference_; }
    void setReference(const Reference& reference);
    /// Of the picture that is generated: what of the reference is used is the crop to it.
    void setSize(ImageSize size);
    /// Takes a record that was typed and not chosen from the list; false, after `refused`, where there is none of that
    /// name.
    bool takeTyped();
    /// The clipboard's picture, or the picture file that it names; a picture without a file gets one in the workspace,
    /// so that it can be generated with again. Says in `refused` when the clipboard holds neither.
    void paste();

Q_SIGNALS:
    void referenceChanged();
    void refused(const QString& why);

private:
    void listRecords();
    void showPicture();
    void showPart();
    ImageSize croppedTo() const;
    void chooseFile();
    void chooseRecord();

    Session& session_;
    Dialogs& dialogs_;
    Use use_;
    Reference reference_;
    ImageSize size_, original_; ///< Of what is generated, and of the picture that is shown; 0 x 0: not known.
    DropZone* zone_;
    RecordNames* names_;
    QComboBox* records_;
    QToolButton* clear_;
    LateTimer late_; ///< Until the picture before makes room for one that is not read yet.
    int shown_ = 0;  ///< Counts what was asked to be shown, so that late answers are dropped.
};

} // namespace nanodit
