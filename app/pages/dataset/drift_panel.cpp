#include "app/pages/dataset/drift_panel.h"

#include "widgets/theme.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QTreeWidget>
#include <QVBoxLayout>

namespace nanodit {

namespace {

QTreeWidget* makeTable(const QStringList& columns, const QString& name, QWidget* parent)
{
    auto* const table = new QTreeWidget(parent);
    table->setAccessibleName(name);
    table->setHeaderLabels(columns);
    for (int column = 1; column < columns.size(); ++column)
        table->headerItem()->setTextAlignment(column, Qt::AlignRight | Qt::AlignVCenter);
    table->setRootIsDecorated(false);
    table->setUniformRowHeights(true);
    table->setProperty("bare", true);
    table->hide();
    return table;
}

void addRow(QTreeWidget& table, const QStringList& cells)
{
    auto* const item = new QTreeWidgetItem(&table, cells);
    for (int column = 1; column < cells.size(); ++column)
        item->setTextAlignment(column, Qt::AlignRight | Qt::AlignVCenter);
}

QString cosineText(double cosine)
{
    return QString::number(cosine, 'f', 3);
}

} // namespace

DriftPanel::DriftPanel(QWidget* parent)
    : QWidget(parent)
    , sentence_(new QLabel(this))
    , measure_(new QPushButton(tr("Measure drift"), this))
    , buckets_(makeTable({tr("Bucket"), tr("Records"), tr("Patch cosine"), tr("Lowest record"), tr("CLS cosine")},
                         tr("Drift by bucket"), this))
    , records_(makeTable({tr("Record, largest drift first"), tr("Patch cosine"), tr("Lowest patch"), tr("CLS cosine")},
                         tr("Drift by record"), this))
{
    measure_->setObjectName(QStringLiteral("measureDrift"));
    measure_->setToolTip(tr("Encode a sample of pictures at half their resolution too, and compare patch by patch"));
    records_->setObjectName(QStringLiteral("driftRecords"));
    buckets_->setSelectionMode(QAbstractItemView::NoSelection);
    sentence_->setObjectName(QStringLiteral("driftSentence"));
    sentence_->setWordWrap(true);
    setRole(sentence_, "section");
    auto* const head = new QHBoxLayout;
    head->setSpacing(8);
    head->addWidget(sentence_, 1);
    head->addWidget(measure_);
    auto* const tables = new QHBoxLayout;
    tables->setSpacing(16);
    tables->addWidget(buckets_, 1);
    tables->addWidget(records_, 1);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 4, 8, 4);
    column->setSpacing(8);
    column->addLayout(head);
    column->addLayout(tables, 1);
    connect(measure_, &QPushButton::clicked, this, &DriftPanel::measureWanted);
    connect(records_, &QTreeWidget::itemClicked, this,
            [this](const QTreeWidgetItem* item) { Q_EMIT recordChosen(item->text(0)); });
    clear();
}

void DriftPanel::setMeasurable(bool measurable)
{
    measure_->setEnabled(measurable);
}

void DriftPanel::clear()
{
    sentence_->setText(tr("DINO's features change with resolution. Measuring shows by how much, in every bucket."));
    for (auto* const table : {buckets_, records_}) {
        table->clear();
        table->hide();
    }
}

void DriftPanel::show(const DriftReport& report)
{
    clear();
    sentence_->setText(
        tr("%1 pictures at %2 of their bucket's resolution, compared with the bucket's own: 1 is no drift")
            .arg(report.records.size())
            .arg(report.scale));
    for (const auto& [bucket, drift] : report.buckets)
        addRow(*buckets_, {QString::fromStdString(bucketName(bucket)), QString::number(drift.records),
                           cosineText(drift.mean), cosineText(drift.lowest), cosineText(drift.cls)});
    for (const auto& record : report.records)
        addRow(*records_, {QString::fromStdString(record.id), cosineText(record.mean), cosineText(record.lowest),
                           cosineText(record.cls)});
    for (auto* const table : {buckets_, records_}) {
        for (int column = 0; column < table->columnCount(); ++column)
            table->resizeColumnToContents(column);
        table->show();
    }
}

} // namespace nanodit
