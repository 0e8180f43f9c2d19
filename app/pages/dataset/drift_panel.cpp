#include "app/pages/dataset/drift_panel.h"

#include "app/job_runner.h"
#include "app/pages/dataset/work_head.h"
#include "app/wording.h"
#include "widgets/factories.h"
#include "widgets/fitted_columns.h"
#include "widgets/icons.h"
#include "widgets/text.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QTreeWidget>
#include <QVBoxLayout>

namespace nanodit {

namespace {

constexpr int scrollBarWidth = 12;

/// `help` are the headers' tool tips.
QTreeWidget* makeTable(const QStringList& columns, const QStringList& help, const QString& name, QWidget* parent)
{
    auto* const table = new QTreeWidget(parent);
    table->setAccessibleName(name);
    table->setHeaderLabels(columns);
    for (int column = 0; column < columns.size(); ++column) {
        table->headerItem()->setToolTip(column, help.value(column));
        if (column > 0)
            table->headerItem()->setTextAlignment(column, Qt::AlignRight | Qt::AlignVCenter);
    }
    table->setRootIsDecorated(false);
    table->setUniformRowHeights(true);
    table->setTextElideMode(Qt::ElideMiddle);
    table->setProperty("bare", true);
    return table;
}

QTreeWidgetItem* addRow(QTreeWidget& table, const QStringList& cells)
{
    auto* const item = new QTreeWidgetItem(&table, cells);
    for (int column = 1; column < cells.size(); ++column)
        item->setTextAlignment(column, Qt::AlignRight | Qt::AlignVCenter);
    return item;
}

} // namespace

DriftPanel::DriftPanel(QWidget* parent)
    : QWidget(parent)
    , head_(new WorkHead(this))
    , measure_(makeButton(tr("Measure drift"), {},
                          tr("Encode a sample of pictures at half resolution as well, and compare patch by patch"),
                          false, this))
    , buckets_(makeTable({tr("Bucket"), tr("Records"), tr("Patch cosine"), tr("Lowest"), tr("CLS cosine")},
                         {{},
                          tr("Records in the sample"),
                          tr("Mean over all patches of its records"),
                          tr("Mean over the record that drifts most"),
                          tr("Mean over its records")},
                         tr("Drift by bucket"), this))
    , records_(makeTable(
          {tr("Record, worst first"), tr("Patch cosine"), tr("Lowest"), tr("CLS cosine")},
          {tr("Largest drift first; click to show the record"), tr("Mean over its patches"), tr("Of its patches"), {}},
          tr("Drift by record"), this))
{
    measure_->setObjectName(QStringLiteral("measureDrift"));
    buckets_->setObjectName(QStringLiteral("driftBuckets"));
    records_->setObjectName(QStringLiteral("driftRecords"));
    buckets_->setSelectionMode(QAbstractItemView::NoSelection);
    bucketColumns_ = new FittedColumns(buckets_, {0});
    recordColumns_ = new FittedColumns(records_, {0});
    head_->sentence()->setObjectName(QStringLiteral("driftSentence"));
    head_->addAction(measure_);
    auto* const tables = new QHBoxLayout;
    tables->setSpacing(24);
    tables->addWidget(buckets_);
    tables->addWidget(records_, 1);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 4, 0, 4);
    column->setSpacing(4);
    column->addWidget(head_);
    column->addLayout(tables, 1);
    connect(measure_, &QPushButton::clicked, this, &DriftPanel::measureWanted);
    const auto choose = [this](const QTreeWidgetItem* item) { Q_EMIT recordChosen(item->text(0)); };
    connect(records_, &QTreeWidget::itemClicked, this, choose);
    connect(records_, &QTreeWidget::itemActivated, this, choose);
    clear();
}

void DriftPanel::setMeasurable(bool measurable)
{
    measure_->setEnabled(measurable);
}

void DriftPanel::clear()
{
    head_->say(WorkHead::Mark::None,
               tr("Nothing has been measured yet. DINO's features change with the resolution; click "
                  "Measure drift to see by how much "
                  "in every bucket."));
    for (auto* const table : {buckets_, records_}) {
        table->clear();
        table->hide();
    }
}

void DriftPanel::follow(JobRunner* runner)
{
    head_->follow(runner, tr("Encoding pictures at two resolutions…"));
    showsAPart_ = false;
    connect(runner, &JobRunner::finished, this, [this](JobEnd end) {
        if (end == JobEnd::Cancelled && !showsAPart_)
            head_->say(WorkHead::Mark::Stopped,
                       buckets_->isHidden() ? tr("Stopped before the first picture was measured.")
                                            : tr("Stopped; the results shown are from the previous measurement."));
    });
    connect(runner, &JobRunner::failed, this, [this](const Notice& why) {
        head_->say(WorkHead::Mark::Failed, tr("Could not measure drift: %1").arg(noticeText(why)));
    });
}

void DriftPanel::show(const DriftReport& report)
{
    clear();
    const auto left = static_cast<std::int64_t>(report.left.size());
    showsAPart_ = report.stopped();
    auto text = showsAPart_ ? tr("Stopped after %1 of %2 records; the results cover only these. ")
                                  .arg(report.lookedAt())
                                  .arg(report.asked)
                            : QString();
    text += tr("%1 at %2 × their bucket's resolution, compared with the bucket's own: a cosine of 1 is no drift")
                .arg(countText(static_cast<std::int64_t>(report.records.size()), tr("pictures")))
                .arg(report.scale);
    if (left > 0)
        text += tr("; %1 could not be read").arg(left);
    head_->say(left > 0 ? WorkHead::Mark::Problem : showsAPart_ ? WorkHead::Mark::Stopped : WorkHead::Mark::None, text);
    for (const auto& [bucket, drift] : report.buckets)
        addRow(*buckets_, {QString::fromStdString(bucketName(bucket)), groupedNumber(drift.records),
                           cosineText(drift.mean), cosineText(drift.lowest), cosineText(drift.cls)});
    for (const auto& record : report.records)
        addRow(*records_, {QString::fromStdString(record.id), cosineText(record.mean), cosineText(record.lowest),
                           cosineText(record.cls)});
    const auto nothing = QStringLiteral("–");
    for (const auto& unread : report.left) {
        auto* const item = addRow(*records_, {QString::fromStdString(unread.what), nothing, nothing, nothing});
        item->setIcon(0, icon(QStringLiteral("warning"), Hue::Vermillion));
        for (int column = 0; column < records_->columnCount(); ++column)
            item->setToolTip(column, toolTipOf(noticeText(unread.reason, unread.remedy)));
    }
    for (auto* const table : {buckets_, records_})
        table->show();
    for (auto* const columns : {bucketColumns_, recordColumns_})
        columns->measure();
    buckets_->setFixedWidth(bucketColumns_->neededWidth() + scrollBarWidth); // the rest goes to the records
}

} // namespace nanodit
