#include "app/pages/dataset/buckets_panel.h"

#include "widgets/colours.h"
#include "widgets/fitted_columns.h"
#include "widgets/icons.h"
#include "widgets/text.h"

#include <QHeaderView>
#include <QPainter>
#include <QStyledItemDelegate>

#include <algorithm>

namespace nanodit {

namespace {

constexpr int shareRole = Qt::UserRole;
enum BucketsColumn {
    BucketsBucket,
    BucketsRecords,
    BucketsShare,
    BucketsTraining,
    BucketsExcluded,
    BucketsLost,
    BucketsLostBar,
    BucketsMostLost,
    BucketsEnlarged,
    BucketsRemark
};
constexpr std::array numbers = {BucketsRecords, BucketsTraining, BucketsExcluded,
                                BucketsLost,    BucketsMostLost, BucketsEnlarged};
constexpr int barWidth = 64;

/// A share as a bar in the text's own row.
class BarDelegate : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;
    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override
    {
        return {barWidth, QStyledItemDelegate::sizeHint(option, index).height()};
    }
    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override
    {
        QStyledItemDelegate::paint(painter, option, index);
        const double share = index.data(shareRole).toDouble();
        QRectF bar = QRectF(option.rect).adjusted(4, 0, -4, 0);
        bar.setTop(option.rect.center().y() - 3);
        bar.setHeight(8);
        bar.setWidth(std::max(2.0, bar.width() * share));
        if (share > 0)
            painter->fillRect(bar, themeColours().hue(index.column() == BucketsShare ? Hue::Blue : Hue::Vermillion));
    }
};

} // namespace

BucketsPanel::BucketsPanel(QWidget* parent)
    : QTreeWidget(parent)
{
    setObjectName(QStringLiteral("buckets"));
    setAccessibleName(tr("Buckets"));
    setHeaderLabels({tr("Bucket"),
                     tr("Records"),
                     {},
                     tr("Training"),
                     tr("Excluded"),
                     tr("Cropped away"),
                     {},
                     tr("Most lost"),
                     tr("Enlarged"),
                     tr("Remark")});
    headerItem()->setToolTip(BucketsLost, tr("Mean share of the originals' pixels that cropping removes"));
    headerItem()->setToolTip(BucketsMostLost, tr("The record that loses most; click to show it"));
    headerItem()->setToolTip(BucketsEnlarged, tr("Share of the pictures that are smaller than the bucket"));
    setRootIsDecorated(false);
    setUniformRowHeights(true);
    setProperty("bare", true);
    columns_ = new FittedColumns(this, {BucketsRemark});
    for (const int column : {BucketsShare, BucketsLostBar})
        setItemDelegateForColumn(column, new BarDelegate(this));
    setSelectionBehavior(SelectItems); // the keys reach the cell of the record, too
    const auto choose = [this](const QTreeWidgetItem* item, int column) {
        if (const auto loser = item->data(BucketsMostLost, Qt::UserRole).toString();
            column == BucketsMostLost && !loser.isEmpty())
            Q_EMIT recordChosen(loser);
        else
            Q_EMIT bucketChosen(item->text(BucketsBucket));
    };
    connect(this, &QTreeWidget::itemClicked, this, choose);
    connect(this, &QTreeWidget::itemActivated, this, choose);
}

void BucketsPanel::show(const std::vector<BucketFacts>& buckets)
{
    clear();
    std::int64_t most = 1;
    for (const auto& facts : buckets)
        most = std::max(most, facts.records);
    bool anyExcluded = false, anyRemark = false;
    for (const auto& facts : buckets) {
        auto* const item = new QTreeWidgetItem(this);
        item->setText(BucketsBucket, QString::fromStdString(bucketName(facts.bucket)));
        item->setText(BucketsRecords, groupedNumber(facts.records));
        item->setData(BucketsShare, shareRole, static_cast<double>(facts.records) / static_cast<double>(most));
        item->setText(BucketsTraining, groupedNumber(facts.training));
        item->setText(BucketsExcluded, groupedNumber(facts.excluded));
        anyExcluded = anyExcluded || facts.excluded > 0;
        item->setText(BucketsLost, shareText(facts.lost));
        item->setData(BucketsLostBar, shareRole, facts.lost);
        item->setText(BucketsMostLost, facts.loser.empty() ? QStringLiteral("–") : shareText(facts.mostLost));
        item->setData(BucketsMostLost, Qt::UserRole, QString::fromStdString(facts.loser));
        item->setToolTip(BucketsMostLost, toolTipOf(QString::fromStdString(facts.loser)));
        item->setText(BucketsEnlarged, shareText(facts.enlarged));
        for (const int column : numbers)
            item->setTextAlignment(column, Qt::AlignRight | Qt::AlignVCenter);
        if (facts.training > 0 && facts.training < fewPictures) {
            item->setIcon(BucketsRemark, icon(QStringLiteral("warning"), Hue::Vermillion));
            item->setText(BucketsRemark, tr("fills no batch of %1").arg(fewPictures));
            anyRemark = true;
            item->setToolTip(
                BucketsRemark,
                tr("Too few training pictures for a batch of %1; they are repeated in it").arg(fewPictures));
        }
    }
    setColumnHidden(BucketsExcluded, !anyExcluded);
    setColumnHidden(BucketsRemark, !anyRemark);
    for (const int column : numbers)
        headerItem()->setTextAlignment(column, Qt::AlignRight | Qt::AlignVCenter);
    columns_->measure();
}

void BucketsPanel::paintEvent(QPaintEvent* event)
{
    QTreeWidget::paintEvent(event);
    if (topLevelItemCount() > 0)
        return;
    QPainter painter(viewport());
    painter.setPen(themeColours().secondary);
    painter.drawText(viewport()->rect(), Qt::AlignCenter | Qt::TextWordWrap,
                     tr("No pictures yet. Import a folder to see how its pictures fall into buckets."));
}

} // namespace nanodit
