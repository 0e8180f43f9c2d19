#include "app/pages/sample/region_editor.h"

#include "app/background_queue.h"
#include "widgets/factories.h"
#include "widgets/fitted_label.h"
#include "widgets/mask_canvas.h"
#include "widgets/picture.h"
#include "widgets/theme.h"

#include <QCheckBox>
#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QSignalBlocker>
#include <QToolButton>
#include <QVBoxLayout>

namespace nanodit {

RegionEditor::RegionEditor(Session& session, QWidget* parent)
    : QWidget(parent)
    , session_(session)
    , canvas_(new MaskCanvas(this))
    , scaled_(new QCheckBox(tr("Limit DINO guidance to the region"), this))
    , readout_(new FittedLabel(this))
{
    canvas_->setObjectName(QStringLiteral("regionCanvas"));
    scaled_->setObjectName(QStringLiteral("regionScaled"));
    scaled_->setToolTip(tr("The whole DINO term, CLS included, is multiplied by 1 inside the region and by 0 outside "
                           "it, changing smoothly from one patch to the next.\nWithout it, patches outside leave the "
                           "context, and CLS still guides the whole picture."));
    readout_->setObjectName(QStringLiteral("regionReadout"));
    readout_->setContentsMargins(16, 4, 16, 6);
    readout_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
    setRole(readout_, "small");
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(makeBar());
    column->addWidget(canvas_, 1);
    column->addWidget(readout_);
    connect(canvas_, &MaskCanvas::regionChanged, this, &RegionEditor::tell);
    connect(scaled_, &QCheckBox::toggled, this, &RegionEditor::tell);
}

QWidget* RegionEditor::makeBar()
{
    auto* const bar = new QWidget(this);
    tools_ = new QWidget(bar);
    auto* const erase = new QCheckBox(tr("Erase"), tools_);
    erase->setObjectName(QStringLiteral("regionErase"));
    erase->setToolTip(tr("Remove patches from the region; the right mouse button always removes"));
    connect(erase, &QCheckBox::toggled, this, [this](bool on) { canvas_->setErasing(on); });
    auto* const brush = new QComboBox(tools_);
    brush->setObjectName(QStringLiteral("regionBrush"));
    brush->setAccessibleName(tr("Size of the brush"));
    for (const int side : {1, 3, 5})
        brush->addItem(tr("%1 × %1 patches").arg(side), side);
    connect(brush, &QComboBox::currentIndexChanged, this,
            [this, brush] { canvas_->setBrush(brush->currentData().toInt()); });
    auto* const all = makeButton(tr("All"), {}, tr("The reference guides everywhere"), false, tools_);
    auto* const none = makeButton(tr("None"), {}, tr("Start with an empty region"), false, tools_);
    none->setObjectName(QStringLiteral("regionNone"));
    auto* const invert = makeButton(tr("Invert"), {}, tr("Swap the region and the rest"), false, tools_);
    connect(all, &QPushButton::clicked, this, [this] { canvas_->fill(true); });
    connect(none, &QPushButton::clicked, this, [this] { canvas_->fill(false); });
    connect(invert, &QPushButton::clicked, this, [this] { canvas_->invert(); });
    auto* const close = makeFlatButton(QStringLiteral("clear"), tr("Back to the picture"), bar);
    close->setObjectName(QStringLiteral("closeRegion"));
    connect(close, &QToolButton::clicked, this, &RegionEditor::closed);
    auto* const tools = new QHBoxLayout(tools_);
    tools->setContentsMargins(0, 0, 0, 0);
    tools->setSpacing(8);
    for (QWidget* const tool : std::initializer_list<QWidget*>{brush, erase, all, none, invert, scaled_})
        tools->addWidget(tool);
    tools->addStretch(1);
    auto* const row = new QHBoxLayout(bar);
    row->setContentsMargins(16, 8, 8, 8);
    row->setSpacing(8);
    row->addWidget(tools_, 1);
    row->addWidget(close);
    return bar;
}

void RegionEditor::begin(const SampleRequest& request)
{
    if (!session_.dinoEncoder() || std::holds_alternative<NoReference>(request.reference))
        return;
    const int number = ++asked_;
    tools_->setEnabled(false); // what is painted is of the reference that is read
    canvas_->setEnabled(false);
    readout_->setText(tr("Reading the reference…"));
    patches_ = dinoGrid(request.size, session_.dinoEncoder()->patchSize);
    const QSignalBlocker quiet(scaled_);
    scaled_->setChecked(!request.dinoWeights.empty());
    std::optional<RecordInfo> known;
    std::filesystem::path file;
    if (const auto* const record = std::get_if<RecordReference>(&request.reference)) {
        if (const auto* const found = session_.record(QString::fromStdString(record->id)))
            known = *found;
    } else {
        file = std::get<PictureReference>(request.reference).file;
    }
    session_.background().ask(
        this,
        [known, file, size = request.size] { // as core/sample/conditions.cpp takes it
            return qImageFromImage(known && known->bucket == size
                                       ? loadBucketImage(*known)
                                       : makeBucketImage(readImage(known ? known->image : file), size));
        },
        [this, number, size = request.size, erased = request.erasedPatches](const QImage& picture) {
            if (number != asked_)
                return;
            canvas_->begin(picture, size, patches_, erased);
            tools_->setEnabled(true);
            canvas_->setEnabled(true);
            canvas_->setFocus();
            readout_->setText(tr("Left button: the reference guides here. Right button: text decides."));
        },
        [this, number](const Notice& why) {
            if (number != asked_)
                return;
            readout_->setText(tr("The reference cannot be read"));
            Q_EMIT failed(tr("Could not read the reference"), why);
        });
}

void RegionEditor::tell()
{
    const auto outside = canvas_->outside();
    readout_->setText(outside.empty() ? tr("The reference guides everywhere")
                                      : tr("%1 of %2 patches guide; text decides elsewhere")
                                            .arg(patches_.count() - static_cast<std::int64_t>(outside.size()))
                                            .arg(patches_.count()));
    Q_EMIT regionChanged(outside, scaled_->isChecked());
}

} // namespace nanodit
