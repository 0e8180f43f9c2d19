#include "app/pages/train/jump_panel.h"

#include "app/record_tiles.h"
#include "app/session.h"
#include "app/training.h"
#include "widgets/text.h"
#include "widgets/theme.h"
#include "widgets/thumbnail_grid.h"

#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLocale>
#include <QTreeWidget>
#include <QVBoxLayout>

#include <algorithm>
#include <cstdint>

namespace nanodit {

namespace {
constexpr int jumpListWidth = 148;
} // namespace

JumpPanel::JumpPanel(Session& session, Training& training, QWidget* parent)
    : QWidget(parent)
    , session_(session)
    , training_(training)
    , list_(new QTreeWidget(this))
    , what_(new QLabel(this))
    , grid_(new ThumbnailGrid(this))
    , tiles_(new RecordTiles(this))
{
    list_->setObjectName(QStringLiteral("jumpSteps"));
    list_->setAccessibleName(tr("Steps at which the loss jumped"));
    list_->setRootIsDecorated(false);
    list_->setUniformRowHeights(true);
    list_->setProperty("bare", true);
    list_->setFont(tabularFont(list_->font()));
    list_->setHeaderLabels({tr("Step")});
    list_->header()->setSectionResizeMode(QHeaderView::ResizeToContents);
    list_->setFixedWidth(jumpListWidth);
    what_->setObjectName(QStringLiteral("jumpText"));
    what_->setTextFormat(Qt::PlainText);
    what_->setWordWrap(true);
    grid_->setObjectName(QStringLiteral("jumpPictures"));
    grid_->setAccessibleName(tr("Pictures of the step"));
    grid_->setSelectionMode(QAbstractItemView::SingleSelection);
    grid_->setModel(tiles_);
    auto* const right = new QVBoxLayout;
    right->setSpacing(8);
    right->addWidget(what_);
    right->addWidget(grid_, 1);
    auto* const row = new QHBoxLayout(this);
    row->setContentsMargins(8, 4, 8, 4);
    row->setSpacing(16);
    row->addWidget(list_);
    row->addLayout(right, 1);
    const auto choose = [this](const QModelIndex& index) {
        if (const auto id = tiles_->id(index.row()); !id.isEmpty())
            Q_EMIT recordChosen(id);
    };
    connect(grid_, &QAbstractItemView::clicked, this, choose);
    connect(grid_, &QAbstractItemView::activated, this, choose); // by Enter
    connect(list_, &QTreeWidget::currentItemChanged, this, &JumpPanel::showChosen);
    connect(&training_.curves(), &RunCurves::marksChanged, this, &JumpPanel::listJumps);
    connect(&session_, &Session::recordsChanged, this, &JumpPanel::showChosen);
    listJumps();
}

bool JumpPanel::settled() const
{
    return tiles_->idle();
}

void JumpPanel::listJumps()
{
    const auto& jumps = training_.curves().jumps();
    if (jumps == jumps_)
        return;
    const auto* const before = chosen();
    const std::int64_t step = before != nullptr ? before->step : 0;
    jumps_ = jumps;
    list_->clear();
    for (const auto& jump : jumps_) {
        auto* const item = new QTreeWidgetItem(list_, {QLocale().toString(static_cast<qlonglong>(jump.step))});
        if (jump.step == step)
            list_->setCurrentItem(item);
    }
    if (list_->currentItem() == nullptr)
        list_->setCurrentItem(list_->topLevelItem(list_->topLevelItemCount() - 1)); // the newest
    showChosen();
    Q_EMIT jumpsChanged();
}

const LossJump* JumpPanel::chosen() const
{
    const auto row = static_cast<std::size_t>(list_->indexOfTopLevelItem(list_->currentItem())); // -1: none
    return row < jumps_.size() ? &jumps_[row] : nullptr;
}

void JumpPanel::showChosen()
{
    const auto* const jump = chosen();
    if (jump == nullptr) {
        what_->clear();
        tiles_->show(session_.recordsValue(), {});
        return;
    }
    const auto records = session_.recordsValue();
    std::vector<std::uint32_t> places;
    std::int64_t gone = 0;
    for (const auto& id : jump->samples) {
        const auto* const record = session_.record(QString::fromStdString(id));
        if (record == nullptr) {
            ++gone;
            continue;
        }
        const auto place = static_cast<std::uint32_t>(record - records->data());
        if (std::ranges::find(places, place) == places.end()) // a small set comes round within one step
            places.push_back(place);
    }
    const auto text = QString::fromStdString(jump->text);
    QStringList sentences = {text.left(1).toUpper() + text.mid(1) + QLatin1Char('.')};
    if (!places.empty())
        sentences << tr("These are its pictures; a click shows the record on the Dataset page.");
    if (gone > 0)
        sentences << tr("No longer in the data set: %1.").arg(countText(gone, tr("records")));
    what_->setText(sentences.join(QLatin1Char(' ')));
    tiles_->show(records, std::move(places));
}

} // namespace nanodit
