#include "app/pages/sample/other_pictures.h"

#include "app/pages/sample/reference_picker.h"

#include <QCheckBox>
#include <QDoubleSpinBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QVBoxLayout>

namespace nanodit {

OtherPictures::OtherPictures(Session& session, Dialogs& dialogs, QWidget* parent)
    : QWidget(parent)
{
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    addCls(session, dialogs);
    addBlend(session, dialogs);
    setAvailable(false);
}

void OtherPictures::addCls(Session& session, Dialogs& dialogs)
{
    otherCls_ = new QCheckBox(tr("CLS from another picture"), this);
    otherCls_->setObjectName(QStringLiteral("otherCls"));
    otherCls_->setToolTip(tr("Patches come from the reference, CLS from another picture.\nOff the training "
                             "distribution: in training both come from the same picture."));
    clsFrom_ = new ReferencePicker(session, dialogs, ReferencePicker::Use::Cls, this);
    add(otherCls_, clsFrom_, clsFrom_);
}

void OtherPictures::addBlend(Session& session, Dialogs& dialogs)
{
    blend_ = new QCheckBox(tr("Blend with another picture"), this);
    blend_->setObjectName(QStringLiteral("blend"));
    blend_->setToolTip(tr("CLS and patches of both are mixed, patch by patch.\n"
                          "Off the training distribution: no training picture is a mixture."));
    auto* const box = new QWidget(this);
    blendWith_ = new ReferencePicker(session, dialogs, ReferencePicker::Use::Blend, box);
    share_ = new QDoubleSpinBox(box);
    share_->setObjectName(QStringLiteral("blendShare"));
    share_->setRange(0, 100);
    share_->setDecimals(0);
    share_->setSingleStep(5);
    share_->setSuffix(tr(" %"));
    share_->setValue(100 * weight_);
    shownShare_ = share_->value();
    share_->setAccessibleName(tr("Share of the reference in the blend"));
    share_->setToolTip(tr("The other picture has the rest: 100 % is the reference alone"));
    auto* const row = new QHBoxLayout;
    row->setSpacing(4);
    row->addWidget(new QLabel(tr("Share of the reference"), box), 1);
    row->addWidget(share_);
    auto* const column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    column->addWidget(blendWith_);
    column->addLayout(row);
    add(blend_, blendWith_, box);
}

void OtherPictures::add(QCheckBox* check, ReferencePicker* picker, QWidget* shown)
{
    layout()->addWidget(check);
    layout()->addWidget(shown);
    shown->hide();
    connect(check, &QCheckBox::toggled, this, [picker, shown](bool on) {
        shown->setVisible(on);
        if (!on)
            picker->setReference(NoReference{});
    });
    connect(picker, &ReferencePicker::refused, this, &OtherPictures::refused);
}

void OtherPictures::setAvailable(bool available)
{
    for (auto* const check : {otherCls_, blend_}) {
        check->setEnabled(available);
        if (!available)
            check->setChecked(false);
    }
}

void OtherPictures::take(const SampleRequest& request)
{
    otherCls_->setChecked(otherCls_->isEnabled() && !std::holds_alternative<NoReference>(request.clsFrom));
    if (otherCls_->isChecked())
        clsFrom_->setReference(request.clsFrom);
    blend_->setChecked(blend_->isEnabled() && request.blend.has_value());
    if (!blend_->isChecked())
        return;
    std::visit([this](const auto& picture) { blendWith_->setReference(picture); }, request.blend->with);
    weight_ = request.blend->weight;
    share_->setValue(100 * weight_);
    shownShare_ = share_->value();
}

void OtherPictures::apply(SampleRequest& request) const
{
    if (otherCls_->isChecked())
        request.clsFrom = clsFrom_->reference();
    const auto& with = blendWith_->reference();
    if (!blend_->isChecked() || std::holds_alternative<NoReference>(with))
        return;
    const double share = share_->value();
    ReferenceBlend blend{.with = RecordReference{}, .weight = share == shownShare_ ? weight_ : share / 100};
    if (const auto* const record = std::get_if<RecordReference>(&with))
        blend.with = *record;
    else
        blend.with = std::get<PictureReference>(with);
    request.blend = blend;
}

bool OtherPictures::takeTyped()
{
    return (!otherCls_->isChecked() || clsFrom_->takeTyped()) && (!blend_->isChecked() || blendWith_->takeTyped());
}

void OtherPictures::setSize(ImageSize size)
{
    clsFrom_->setSize(size);
    blendWith_->setSize(size);
}

} // namespace nanodit
