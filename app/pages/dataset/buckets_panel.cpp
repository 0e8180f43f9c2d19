#include "app/pages/dataset/buckets_panel.h"

#include "widgets/colours.h"
#include "widgets/icons.h"

#include <QHeaderView>
#include <QPainter>
#include <QStyledItemDelegate>

#include <algorithm>
#include <map>

namespace nanodit {

namespace {

constexpr int shareRole = Qt::UserRole;
constexpr int barColumn = 2;

/// A share as a bar in the text's own row.
class BarDelegate : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;
    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override
    {
        QStyledItemDelegate::paint(painter, option, index);
        const double share = index.data(shareRole).toDouble();
        QRectF bar = QRectF(option.rect).adjusted(4, 0, -4, 0);
        bar.setTop(option.rect.center().y() - 3);
        bar.setHeight(8);
        bar.setWidth(std::max(2.0, bar.width() * share));
        painter->fillRect(bar, themeColours().hue(Hue::Blue));
    }
};

QString percent(double share)
{
    return QStringLiteral("%1 %").arg(100 * share, 0, 'f', 1);
}

} // namespace

std::vector<BucketFacts> bucketFacts(const std::vector<RecordInfo>& records)
{
    std::map<ImageSize, BucketFacts> byBucket;
    for (const auto& record : records) {
        auto& facts = byBucket[record.bucket];
        facts.bucket = record.bucket;
        ++facts.records;
        facts.training += record.split == "train";
        if (record.original.width < 1 || record.original.height < 1)
            continue;
        const auto crop = bucketCrop(record.original, record.bucket);
        const double pixels = static_cast<double>(record.original.width) * static_cast<double>(record.original.height);
        facts.lost += 1 - (crop.right - crop.left) * (crop.bottom - crop.top) / pixels;
        facts.enlarged += crop.right - crop.left < static_cast<double>(record.bucket.width);
    }
    std::vector<BucketFacts> all;
    for (auto& [bucket, facts] : byBucket) {
        facts.lost /= static_cast<double>(facts.records);
        facts.enlarged /= static_cast<double>(facts.records);
        all.push_back(facts);
    }
    return all;
}

BucketsPanel::BucketsPanel(QWidget* parent)
    : QTreeWidget(parent)
{
    setObjectName(QStringLiteral("buckets"));
    setAccessibleName(tr("Buckets"));
    setHeaderLabels({tr("Bucket"), tr("Records"), tr("Share"), tr("Training"), tr("Lost to cropping"), tr("Enlarged"),
                     tr("Remark")});
    setRootIsDecorated(false);
    setUniformRowHeights(true);
    setProperty("bare", true);
    setItemDelegateForColumn(barColumn, new BarDelegate(this));
    const auto choose = [this](const QTreeWidgetItem* item) {
        if (item != nullptr)
            Q_EMIT bucketChosen(item->text(0));
    };
    connect(this, &QTreeWidget::itemClicked, this, choose);
    connect(this, &QTreeWidget::itemActivated, this, choose);
}

void BucketsPanel::show(const std::vector<RecordInfo>& records)
{
    clear();
    const auto all = bucketFacts(records);
    std::int64_t most = 1;
    for (const auto& facts : all)
        most = std::max(most, facts.records);
    for (const auto& facts : all) {
        auto* const item = new QTreeWidgetItem(this, {QString::fromStdString(bucketName(facts.bucket)),
                                                      QString::number(facts.records),
                                                      {},
                                                      QString::number(facts.training),
                                                      percent(facts.lost),
                                                      percent(facts.enlarged),
                                                      {}});
        item->setData(barColumn, shareRole, static_cast<double>(facts.records) / static_cast<double>(most));
        for (const int column : {1, 3, 4, 5})
            item->setTextAlignment(column, Qt::AlignRight | Qt::AlignVCenter);
        if (facts.training > 0 && facts.training < fewPictures) {
            item->setIcon(6, icon(QStringLiteral("warning"), Hue::Vermillion));
            item->setText(6, tr("repeats in batches of %1").arg(fewPictures));
        }
    }
    for (int column = 0; column < columnCount(); ++column)
        resizeColumnToContents(column);
    setColumnWidth(barColumn, 120);
    for (const int column : {1, 3, 4, 5})
        headerItem()->setTextAlignment(column, Qt::AlignRight | Qt::AlignVCenter);
}

} // namespace nanodit
