#include "app/pages/dataset/layer_panel.h"

#include "app/pages/dataset/feature_colours.h"
#include "app/pages/dataset/loupe.h"
#include "app/pages/dataset/picture_pane.h"
#include "widgets/factories.h"
#include "widgets/image_canvas.h"
#include "widgets/layer_list.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QCheckBox>
#include <QComboBox>
#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QTabBar>
#include <QToolButton>
#include <QVBoxLayout>

namespace nanodit {

LayerPanel::LayerPanel(Loupe* loupe, QWidget* parent)
    : QWidget(parent)
    , loupe_(loupe)
    , sides_(new QTabBar(this))
{
    auto* const head = new QHBoxLayout;
    auto* const fit = makeFlatButton(QStringLiteral("fit"), tr("Show the whole picture (F)"), this);
    connect(fit, &QToolButton::clicked, loupe_->canvas(), &ImageCanvas::fit);
    head->addWidget(makeSection(tr("Layers"), this), 1);
    head->addWidget(fit);
    sides_->addTab(tr("Left"));
    sides_->addTab(tr("Right"));
    sides_->setAccessibleName(tr("Side whose layers are listed"));
    sides_->setDrawBase(false);
    sides_->hide();
    auto* const right = loupe_->right()->layerList();
    auto* const left = loupe_->left()->layerList();
    right->hide();
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(12);
    column->addLayout(head);
    column->addWidget(loupe_->comparison());
    column->addWidget(sides_);
    column->addWidget(left);
    column->addWidget(right);
    column->addWidget(makeSection(tr("PCA colours"), this));
    column->addWidget(makeColours());
    connect(sides_, &QTabBar::currentChanged, this, [left, right](int side) {
        left->setVisible(side == 0);
        right->setVisible(side == 1);
    });
    loupe_->right()->installEventFilter(this);
    connect(loupe_->colours(), &FeatureColours::changed, this, &LayerPanel::showColours);
    connect(loupe_->colours(), &FeatureColours::fittingChanged, this, &LayerPanel::showColours);
    showColours();
}

QWidget* LayerPanel::makeColours()
{
    auto* const box = new QWidget(this);
    scope_ = new QComboBox(box);
    scope_->setObjectName(QStringLiteral("colourScope"));
    scope_->setAccessibleName(tr("Pictures the colours are fitted on"));
    scope_->setToolTip(tr("Pictures the colours are fitted on; of the whole set, an even sample of at most 64"));
    scope_->addItem(tr("Fitted on the whole set"), static_cast<int>(BasisScope::Set));
    scope_->addItem(tr("Fitted on the selection"), static_cast<int>(BasisScope::Selection));
    scope_->addItem(tr("Fitted on this picture alone"), static_cast<int>(BasisScope::Picture));
    foreground_ = new QCheckBox(tr("Foreground patches only"), box);
    foreground_->setChecked(true);
    foreground_->setToolTip(
        tr("Leaves out the background: the side of the first principal component of all patches that "
           "has more of the pictures' borders"));
    place_ = new QCheckBox(tr("Remove positional bias"), box);
    place_->setObjectName(QStringLiteral("withoutPlace"));
    place_->setToolTip(tr("Subtracts the mean over many pictures, a smooth function of position, from colours and "
                          "similarity, because DINOv3's features encode their position"));
    about_ = new QLabel(box);
    about_->setWordWrap(true);
    setRole(about_, "small");
    about_->setObjectName(QStringLiteral("aboutColours"));
    again_ = new QPushButton(tr("Fit again"), box);
    again_->setObjectName(QStringLiteral("fitColours"));
    again_->setToolTip(tr("Fit the colours again, for example after adding pictures"));
    auto* const column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    column->addWidget(scope_);
    column->addWidget(foreground_);
    column->addWidget(place_);
    column->addWidget(about_);
    column->addWidget(again_, 0, Qt::AlignLeft);
    const auto apply = [this] {
        loupe_->colours()->setOptions({.scope = static_cast<BasisScope>(scope_->currentData().toInt()),
                                       .foregroundOnly = foreground_->isChecked(),
                                       .withoutPlace = place_->isChecked()});
    };
    connect(scope_, &QComboBox::currentIndexChanged, this, apply);
    connect(foreground_, &QCheckBox::toggled, this, apply);
    connect(place_, &QCheckBox::toggled, this, apply);
    connect(again_, &QPushButton::clicked, this, [this] { loupe_->colours()->fitAgain(); });
    return box;
}

void LayerPanel::showColours()
{
    const auto& colours = *loupe_->colours();
    const auto& fit = colours.fit();
    again_->setEnabled(!colours.fitting());
    again_->setVisible(colours.options().scope != BasisScope::Picture || colours.options().withoutPlace);
    QString text;
    if (colours.options().scope == BasisScope::Picture)
        text = tr("Not comparable with other pictures.");
    else if (fit && colours.options().scope == BasisScope::Selection)
        text =
            tr("Fitted on %1 patches of %2: the same feature has the same colour in each picture, but not the same as "
               "in a fit on the whole set. Fit again after selecting others.")
                .arg(fit->basis.patches)
                .arg(countText(static_cast<std::int64_t>(fit->basis.pictures), tr("selected pictures")));
    else if (fit)
        text =
            tr("Fitted on %1 patches of %2 pictures and kept: the same feature has the same colour in every picture.")
                .arg(fit->basis.patches)
                .arg(fit->basis.pictures);
    else
        text = colours.fitting()  ? tr("Fitting…")
               : colours.gaveUp() ? tr("Not fitted yet; Fit again starts it.")
                                  : tr("Fitted when they are first shown.");
    if (fit && !fit->place.empty())
        text += QLatin1Char(' ') + tr("Position explains %1 % of the variance.").arg(100 * fit->place.share, 0, 'f', 1);
    about_->setText(text);
}

bool LayerPanel::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == loupe_->right() &&
        (event->type() == QEvent::ShowToParent || event->type() == QEvent::HideToParent)) {
        const bool comparing = event->type() == QEvent::ShowToParent;
        sides_->setVisible(comparing);
        if (!comparing)
            sides_->setCurrentIndex(0);
    }
    return QWidget::eventFilter(watched, event);
}

} // namespace nanodit
