#include "app/pages/dataset/epoch_panel.h"

#include "app/background_queue.h"
#include "app/session.h"
#include "app/wording.h"
#include "widgets/factories.h"
#include "widgets/fitted_columns.h"
#include "widgets/icons.h"
#include "widgets/seed_edit.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QListWidget>
#include <QLocale>
#include <QPushButton>
#include <QSpinBox>
#include <QTreeWidget>
#include <QVBoxLayout>

#include <algorithm>
#include <utility>

namespace nanodit {

namespace {

constexpr int listWidth = 216, numberWidth = 76;

enum EpochColumn {
    EpochBucket,
    EpochRecords,
    EpochSamples,
    EpochBatches,
    EpochNotSeen,
    EpochSeenTwice,
    EpochCropped,
    EpochLost,
    EpochRemark
};

} // namespace

EpochPanel::EpochPanel(Session& session, QWidget* parent)
    : QWidget(parent)
    , session_(session)
    , mark_(new QLabel(this))
    , sentence_(new QLabel(this))
    , listed_(new QLabel(this))
    , batch_(makeNumber(1, 16))
    , seed_(new SeedEdit(this))
    , epoch_(makeNumber(0, 0))
    , pack_(makeButton(tr("Pack shards"), {}, tr("Pack complete records into shards for training"), false, this))
    , buckets_(new QTreeWidget(this))
    , records_(new QListWidget(this))
{
    sentence_->setObjectName(QStringLiteral("epochSentence"));
    sentence_->setWordWrap(true);
    sentence_->setTextFormat(Qt::PlainText); // what is wrong with a file names it
    setRole(sentence_, "section");
    setRole(listed_, "small");
    auto* const head = new QHBoxLayout;
    head->setSpacing(8);
    head->addWidget(mark_);
    head->addWidget(sentence_, 1);
    addNumber(head, tr("Batch"), tr("data.batch_size of the training"), batch_);
    addNumber(head, tr("Seed"),
              tr("seed of the training; with the epoch it determines which records fill the last batches"), seed_);
    seed_->setFixedWidth(numberWidth * 3 / 2);
    addNumber(head, tr("Epoch"), tr("Counted from 0"), epoch_);
    head->addWidget(pack_);
    pack_->setObjectName(QStringLiteral("packHere"));
    connect(pack_, &QPushButton::clicked, this, &EpochPanel::packWanted);
    batch_->setObjectName(QStringLiteral("epochBatch"));
    seed_->setObjectName(QStringLiteral("epochSeed"));

    buckets_->setObjectName(QStringLiteral("epochBuckets"));
    buckets_->setAccessibleName(tr("How the epoch uses each bucket"));
    buckets_->setHeaderLabels({tr("Bucket"), tr("Records"), tr("Packed"), tr("Batches"), tr("Not seen"),
                               tr("Seen twice"), tr("Cropped"), tr("Lost"), tr("Remark")});
    buckets_->headerItem()->setToolTip(EpochNotSeen, tr("Records missing from the packed set; click to list them"));
    buckets_->headerItem()->setToolTip(EpochSeenTwice,
                                       tr("Repeated to fill the bucket's last batch; click to list them"));
    buckets_->headerItem()->setToolTip(EpochCropped, tr("Seen records that lose pixels; click to list them"));
    buckets_->headerItem()->setToolTip(EpochLost, tr("Mean share of the originals' pixels that cropping removes"));
    records_->setObjectName(QStringLiteral("epochRecords"));
    records_->setAccessibleName(tr("Records behind the selected number"));
    records_->setUniformItemSizes(true);
    for (auto* const view : std::initializer_list<QWidget*>{buckets_, records_})
        view->setProperty("bare", true);
    buckets_->setRootIsDecorated(false);
    buckets_->setUniformRowHeights(true);
    columns_ = new FittedColumns(buckets_, {EpochRemark});
    buckets_->setSelectionBehavior(QAbstractItemView::SelectItems); // numbers are chosen, not rows
    chosen_ = new QWidget(this);
    chosen_->setFixedWidth(listWidth);
    auto* const chosen = new QVBoxLayout(chosen_);
    chosen->setContentsMargins(0, 0, 0, 0);
    chosen->setSpacing(4);
    chosen->addWidget(listed_);
    chosen->addWidget(records_, 1);
    auto* const row = new QHBoxLayout;
    row->setSpacing(16);
    row->addWidget(buckets_, 1);
    row->addWidget(chosen_);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 4, 0, 4);
    column->setSpacing(4);
    column->addLayout(head);
    column->addLayout(row, 1);
    for (auto* const number : {batch_, epoch_})
        connect(number, &QSpinBox::valueChanged, this, &EpochPanel::ask);
    connect(seed_, &SeedEdit::valueChanged, this, &EpochPanel::ask);
    connect(buckets_, &QTreeWidget::itemClicked, this, &EpochPanel::listRecords);
    connect(buckets_, &QTreeWidget::itemActivated, this, &EpochPanel::listRecords);
    const auto choose = [this](const QListWidgetItem* item) {
        if (const auto id = item->data(Qt::UserRole).toString(); session_.record(id) != nullptr)
            Q_EMIT recordChosen(id);
    };
    connect(records_, &QListWidget::itemClicked, this, choose);
    connect(records_, &QListWidget::itemActivated, this, choose);
    clear();
}

QSpinBox* EpochPanel::makeNumber(int least, int value)
{
    auto* const number = new QSpinBox(this);
    number->setRange(least, 1000000);
    number->setValue(value);
    return number;
}

void EpochPanel::addNumber(QHBoxLayout* row, const QString& name, const QString& help, QAbstractSpinBox* number)
{
    auto* const label = new QLabel(name, this);
    setRole(label, "secondary");
    number->setFixedWidth(numberWidth);
    number->setToolTip(help);
    number->setAccessibleName(name);
    label->setBuddy(number);
    row->addWidget(label);
    row->addWidget(number);
    numbers_.insert(numbers_.end(), {label, number});
}

void EpochPanel::clear()
{
    ++asked_;
    again_ = false;
    ledger_ = {};
    mark_->clear();
    sentence_->setText(tr("Nothing has been packed yet. Pack shards to see how an epoch uses every picture."));
    sentence_->setToolTip({});
    buckets_->clear();
    buckets_->hide();
    showNumbers(false);
    list({});
}

void EpochPanel::showNumbers(bool shown)
{
    for (auto* const part : numbers_)
        part->setVisible(shown);
    pack_->setVisible(!shown && session_.hasWorkspace() && !session_.hasShards());
}

void EpochPanel::ask()
{
    if (!session_.hasWorkspace() || !session_.hasShards())
        return clear();
    if (buckets_->isHidden())
        sentence_->setText(tr("Reading the packed set…"));
    const int number = ++asked_;
    again_ = reading_;
    if (std::exchange(reading_, true))
        return;
    LedgerRequest request;
    request.batchSize = batch_->value();
    request.seed = seed_->value();
    request.epoch = epoch_->value();
    session_.readings().ask(
        this, [workspace = session_.workspace(), request] { return ledgerOf(workspace, request); },
        [this, number](const EpochLedger& ledger) {
            if (answered(number))
                show(ledger);
        },
        [this, number](const Notice& why) {
            if (!answered(number))
                return;
            clear();
            showNumbers(true); // another number may be possible
            sentence_->setText(noticeText(why));
        });
}

bool EpochPanel::answered(int number)
{
    reading_ = false;
    if (std::exchange(again_, false))
        ask();
    return number == asked_;
}

void EpochPanel::show(const EpochLedger& ledger)
{
    ledger_ = ledger;
    buckets_->clear();
    list({});
    std::int64_t batches = 0;
    bool anyRemark = false;
    std::size_t notSeen = 0, twice = 0, samples = 0;
    for (const auto& bucket : ledger_.buckets) {
        auto* const item = new QTreeWidgetItem(buckets_);
        item->setText(EpochBucket, QString::fromStdString(bucketName(bucket.bucket)));
        item->setText(EpochRecords, groupedNumber(static_cast<std::size_t>(bucket.records)));
        item->setText(EpochSamples, groupedNumber(static_cast<std::size_t>(bucket.samples)));
        item->setText(EpochBatches, groupedNumber(static_cast<std::size_t>(bucket.batches)));
        item->setText(EpochNotSeen, groupedNumber(bucket.notSeen.size()));
        item->setText(EpochSeenTwice, groupedNumber(bucket.seenTwice.size()));
        item->setText(EpochCropped, groupedNumber(bucket.cropped.size()));
        item->setText(EpochLost, shareText(bucket.meanLost()));
        for (int column = EpochRecords; column <= EpochLost; ++column)
            item->setTextAlignment(column, Qt::AlignRight | Qt::AlignVCenter);
        QStringList remarks;
        if (!bucket.fillsABatch && bucket.samples > 0)
            remarks << tr("fills no batch of %1").arg(ledger_.request.batchSize);
        if (!bucket.notSeen.empty())
            remarks << tr("pack again to see all");
        if (!bucket.strangers.empty())
            remarks << (bucket.strangers.size() == 1
                            ? tr("1 packed sample whose record no longer exists")
                            : tr("%1 packed samples whose records no longer exist").arg(bucket.strangers.size()));
        item->setText(EpochRemark, remarks.join(QStringLiteral("; ")));
        anyRemark = anyRemark || !remarks.isEmpty();
        if (!remarks.isEmpty())
            item->setIcon(EpochRemark, icon(QStringLiteral("warning"), Hue::Vermillion));
        batches += bucket.batches;
        samples += static_cast<std::size_t>(bucket.samples);
        notSeen += bucket.notSeen.size();
        twice += bucket.seenTwice.size();
    }
    for (int column = EpochRecords; column <= EpochLost; ++column)
        buckets_->headerItem()->setTextAlignment(column, Qt::AlignRight | Qt::AlignVCenter);
    buckets_->setColumnHidden(EpochRemark, !anyRemark);
    buckets_->show();
    columns_->measure();
    showNumbers(true);
    mark_->setPixmap(ledger_.warnings.empty() ? icon(QStringLiteral("check"), Hue::Green).pixmap(16, 16)
                                              : icon(QStringLiteral("warning"), Hue::Vermillion).pixmap(16, 16));
    sentence_->setText(tr("Epoch %1: %2 in %3; %4 not seen, %5 seen twice")
                           .arg(QString::number(ledger_.request.epoch),
                                countText(static_cast<std::int64_t>(samples), tr("pictures")),
                                countText(batches, tr("batches")), groupedNumber(notSeen), groupedNumber(twice)));
    QStringList warnings;
    for (const auto& warning : ledger_.warnings)
        warnings << noticeText(warning.text, warning.remedy);
    sentence_->setToolTip(toolTipOf(warnings.join(QLatin1Char('\n'))));
}

/// Begins another list; without a title there is none, and its place goes to the numbers.
void EpochPanel::list(const QString& title)
{
    records_->clear();
    listed_->setText(title);
    chosen_->setVisible(!title.isEmpty());
}

void EpochPanel::listRecords(const QTreeWidgetItem* item, int column)
{
    const auto& bucket =
        ledger_.buckets.at(static_cast<std::size_t>(buckets_->indexOfTopLevelItem(const_cast<QTreeWidgetItem*>(item))));
    std::int64_t notListed = 0;
    const auto add = [this, &notListed](const std::string& id, const QString& text) {
        if (records_->count() >= longestList) {
            ++notListed;
            return;
        }
        auto* const line = new QListWidgetItem(text, records_);
        line->setData(Qt::UserRole, QString::fromStdString(id));
    };
    const auto addAll = [&](const std::vector<std::string>& ids) {
        for (const auto& id : ids)
            add(id, QString::fromStdString(id));
    };
    const auto name = item->text(EpochBucket);
    if (column == EpochSeenTwice) {
        list(tr("%1: seen twice").arg(name));
        addAll(bucket.seenTwice);
    } else if (column == EpochCropped || column == EpochLost) {
        list(tr("%1: cropped, the most first").arg(name));
        for (const auto& record : bucket.cropped)
            add(record.id, QStringLiteral("%1   %2").arg(shareText(record.lost), QString::fromStdString(record.id)));
    } else {
        list(tr("%1: not seen").arg(name));
        addAll(bucket.notSeen);
    }
    addRest(records_, notListed);
}

} // namespace nanodit
