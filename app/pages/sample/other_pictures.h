#pragma once

#include "core/front/sampling.h"

#include <QWidget>

class QCheckBox;
class QDoubleSpinBox;

namespace nanodit {

class Dialogs;
class ReferencePicker;
class Session;

/// Pictures beside the reference, each off the training distribution: one whose CLS is taken instead, and one that is
/// mixed into it.
class OtherPictures : public QWidget {
    Q_OBJECT

public:
    OtherPictures(Session& session, Dialogs& dialogs, QWidget* parent = nullptr);
    /// Nothing can stand beside no reference.
    void setAvailable(bool available);
    void take(const SampleRequest& request);
    void apply(SampleRequest& request) const;
    /// Takes records that were typed and not chosen; false, after `refused`, where there is none of that name.
    bool takeTyped();
    /// Of the picture that is generated.
    void setSize(ImageSize size);

Q_SIGNALS:
    void refused(const QString& why);

private:
    void addCls(Session& session, Dialogs& dialogs);
    void addBlend(Session& session, Dialogs& dialogs);
    void add(QCheckBox* check, ReferencePicker* picker, QWidget* shown);

    QCheckBox *otherCls_, *blend_;
    ReferencePicker *clsFrom_, *blendWith_;   ///< Shown, and of the request, while their box is checked.
    QDoubleSpinBox* share_;                   ///< Of the reference in the mixture, in percent.
    double weight_ = ReferenceBlend{}.weight; ///< What was restored, where that is still shown: not as it is rounded.
    double shownShare_ = 0;                   ///< How the field shows it.
};

} // namespace nanodit
