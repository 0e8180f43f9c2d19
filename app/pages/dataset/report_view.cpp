#include "app/pages/dataset/report_view.h"

#include "app/job_runner.h"
#include "app/pages/dataset/work_head.h"
#include "app/wording.h"
#include "widgets/factories.h"
#include "widgets/fitted_columns.h"
#include "widgets/text.h"

#include <QHeaderView>
#include <QLabel>
#include <QSplitter>
#include <QStyledItemDelegate>
#include <QTreeWidget>
#include <QVBoxLayout>

#include <algorithm>

namespace nanodit {

namespace {

constexpr int reportScrollBarWidth = 12, leastReasons = 240;

QTreeWidget* makeTable(QWidget* parent)
{
    auto* const table = new QTreeWidget(parent);
    table->setRootIsDecorated(false);
    table->setUniformRowHeights(true);
    table->setProperty("bare", true);
    return table;
}

/// Sentences on as many lines as they need, for a tree gives its items the height of one; paths break at their
/// slashes.
class SentenceDelegate : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;

    QString displayText(const QVariant& value, const QLocale& locale) const override
    {
        constexpr QChar mayBreak(0x200b);
        return QStyledItemDelegate::displayText(value, locale)
            .replace(QLatin1Char('/'), QStringLiteral("/") + mayBreak);
    }
    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override
    {
        constexpr int margin = 12, gap = 6; // what the style leaves free beside and between lines of a table
        auto size = QStyledItemDelegate::sizeHint(option, index);
        if (const auto* const tree = qobject_cast<const QTreeView*>(option.widget)) {
            const QRect room(0, 0, std::max(80, tree->columnWidth(index.column()) - margin), 10000);
            const auto text = displayText(index.data(), option.locale);
            const auto lines = option.fontMetrics.boundingRect(room, Qt::TextWordWrap, text);
            size.setHeight(std::max(size.height(), lines.height() + gap));
        }
        return size;
    }
};

bool columnIsAllZero(const QTreeWidget& table, int column)
{
    for (int row = 0; row < table.topLevelItemCount(); ++row) {
        if (table.topLevelItem(row)->text(column) != QLatin1String("0"))
            return false;
    }
    return true;
}

} // namespace

ReportView::ReportView(QWidget* parent)
    : QWidget(parent)
    , head_(new WorkHead(this))
    , counts_(makeTable(this))
    , rejects_(makeTable(this))
    , both_(new QSplitter(Qt::Horizontal, this))
{
    setObjectName(QStringLiteral("report"));
    head_->sentence()->setObjectName(QStringLiteral("verdict"));
    rejects_->setHeaderLabels({tr("Record or file"), tr("Why")});
    rejects_->setObjectName(QStringLiteral("reportRejects"));
    rejects_->setAccessibleName(tr("What was left out"));
    counts_->setAccessibleName(tr("Counts"));
    rejects_->setUniformRowHeights(false); // reasons are sentences: all of them can be read
    rejects_->setWordWrap(true);
    rejects_->setItemDelegateForColumn(1, new SentenceDelegate(rejects_));
    counts_->setSelectionMode(QAbstractItemView::NoSelection);
    counts_->setFocusPolicy(Qt::NoFocus);
    countColumns_ = new FittedColumns(counts_, {}); // numbers stay beside each other
    rejectColumns_ =
        new FittedColumns(rejects_, {0, 1}, FittedColumns::Rest::ToLastColumn); // reasons are never beside the view
    connect(
        rejects_->header(), &QHeaderView::sectionResized, rejects_, [this] { rejects_->doItemsLayout(); },
        Qt::QueuedConnection); // not in the middle of a layout
    rejects_->setTextElideMode(Qt::ElideMiddle);                                // of paths
    both_->setObjectName(QStringLiteral("reportSplit"));
    both_->addWidget(counts_);
    both_->addWidget(rejects_);
    both_->setStretchFactor(1, 1);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 4, 0, 4);
    column->setSpacing(4);
    column->addWidget(head_);
    column->addWidget(both_, 1);
    const auto choose = [this](const QTreeWidgetItem* item) {
        if (item != nullptr && item->flags().testFlag(Qt::ItemIsEnabled)) // the last one may only count the rest
            Q_EMIT recordChosen(item->text(0));
    };
    connect(rejects_, &QTreeWidget::itemClicked, this, choose);
    connect(rejects_, &QTreeWidget::itemActivated, this, choose);
    clear();
}

void ReportView::clear()
{
    failedSoFar_ = 0;
    for (auto* const table : {counts_, rejects_}) {
        table->clear();
        table->hide();
    }
    head_->say(WorkHead::Mark::None,
               tr("Nothing has run yet. Results of Import, Passes, Pack shards and Verify appear here, with what they "
                  "left out and why."));
}

void ReportView::follow(JobRunner* runner, const QString& doing, const QString& stopped, const QString& failed)
{
    counts_->hide();
    rejects_->hide();
    head_->follow(runner, doing);
    connect(runner, &JobRunner::finished, this, [this, stopped](JobEnd end) {
        if (end == JobEnd::Cancelled)
            head_->say(WorkHead::Mark::Stopped, stopped);
    });
    connect(runner, &JobRunner::failed, this, [this, failed](const Notice& why) {
        head_->say(WorkHead::Mark::Failed, QStringLiteral("%1: %2").arg(failed, noticeText(why)));
    });
}

void ReportView::begin(bool good, const QString& verdict, const QStringList& columns)
{
    head_->say(good ? WorkHead::Mark::Good : WorkHead::Mark::Problem, verdict);
    counts_->clear();
    rejects_->clear();
    rejectsNotShown_ = 0;
    counts_->setColumnCount(static_cast<int>(columns.size()));
    counts_->setHeaderLabels(columns);
}

void ReportView::addCounts(const QStringList& cells)
{
    auto* const item = new QTreeWidgetItem(counts_, cells);
    for (int column = 1; column < cells.size(); ++column)
        item->setTextAlignment(column, Qt::AlignRight | Qt::AlignVCenter);
}

void ReportView::addRejects(const std::vector<Reject>& rejects)
{
    for (const auto& reject : rejects) {
        if (rejects_->topLevelItemCount() >= longestList) {
            ++rejectsNotShown_;
            continue;
        }
        auto* const item = new QTreeWidgetItem(
            rejects_, {QString::fromStdString(reject.what), noticeText(reject.reason, reject.remedy)});
        item->setToolTip(1, toolTipOf(item->text(1)));
    }
}

void ReportView::finish()
{
    for (int column = 1; column < counts_->columnCount(); ++column) {
        counts_->setColumnHidden(column, column > 1 && columnIsAllZero(*counts_, column)); // nothing to report there
        counts_->headerItem()->setTextAlignment(column, Qt::AlignRight | Qt::AlignVCenter);
    }
    countColumns_->measure();
    const int countsWidth = std::min(countColumns_->neededWidth() + reportScrollBarWidth, width() - leastReasons);
    counts_->setMinimumWidth(std::max(0, countsWidth));
    both_->setSizes({countsWidth, std::max(leastReasons, width() - countsWidth)});
    addRest(rejects_, rejectsNotShown_);
    counts_->show();
    rejects_->setVisible(rejects_->topLevelItemCount() > 0);
    rejectColumns_->measure();
}

void ReportView::show(const ImportReport& report)
{
    auto verdict = tr("Imported: %1 added, %2 updated, %3 unchanged, %4 left out")
                       .arg(countText(report.added, tr("records")), groupedNumber(report.updated),
                            groupedNumber(report.unchanged), groupedNumber(report.rejects.size()));
    std::int64_t excluded = 0;
    for (const auto& [rule, number] : report.excluded)
        excluded += number;
    if (excluded > 0)
        verdict += tr("; %1 excluded by the import rules").arg(groupedNumber(excluded));
    begin(report.rejects.empty(), verdict, {tr("Records"), tr("Count")});
    addCounts({tr("added"), groupedNumber(report.added)});
    addCounts({tr("updated"), groupedNumber(report.updated)});
    addCounts({tr("unchanged"), groupedNumber(report.unchanged)});
    addCounts({tr("left out"), groupedNumber(report.rejects.size())});
    for (const auto& [rule, number] : report.excluded)
        addCounts({tr("excluded: %1").arg(QString::fromStdString(rule)), groupedNumber(number)});
    for (const auto& remark : report.remarks) // before lines that may be too many
        addRejects({{"", remark}});
    for (const auto& [kind, what] : report.passedBy.kinds()) {
        addCounts({tr("not imported: %1").arg(QString::fromStdString(kind)), groupedNumber(what.count)});
        if (!what.advice.empty())
            addRejects({{what.example, "one of " + std::to_string(what.count) + " " + kind + ": " + what.advice}});
    }
    addRejects(report.rejects);
    addRejects(report.newlyExcluded);
    addRejects(report.notes);
    finish();
}

void ReportView::show(const CaptionReport& report)
{
    const auto failed = static_cast<std::int64_t>(report.failures.size());
    begin(failed == 0,
          failed == 0 ? tr("Captions: %1 written").arg(groupedNumber(report.made))
                      : tr("%1 could not be captioned").arg(countText(failed, tr("records"))),
          {tr("Captions"), tr("Count")});
    addCounts({tr("written"), groupedNumber(report.made)});
    addCounts({tr("unchanged"), groupedNumber(report.same)});
    addCounts({tr("already present"), groupedNumber(report.had)});
    addCounts({tr("failed"), groupedNumber(failed)});
    addRejects(report.failures);
    finish();
}

void ReportView::addFailure(const QString& work, const Reject& reject)
{
    if (failedSoFar_++ == 0) {
        begin(false, {}, {});
        counts_->hide();
        rejects_->show();
    }
    head_->say(WorkHead::Mark::Problem,
               tr("%1: %2 failed so far; still running").arg(work, countText(failedSoFar_, tr("records"))));
    addRejects({reject});
    if (failedSoFar_ == 1)
        rejectColumns_->measure();
}

void ReportView::show(const PreprocessReport& report, bool stopped)
{
    std::int64_t made = 0;
    std::size_t failures = 0;
    for (const auto& pass : report.passes) {
        made += pass.made;
        failures += pass.failures.size();
    }
    begin(failures == 0,
          failures == 0
              ? tr("The passes are complete: %1 computed").arg(countText(made, tr("arrays")))
              : tr("%1 could not be processed").arg(countText(static_cast<std::int64_t>(failures), tr("records"))),
          {tr("Pass"), tr("Computed"), tr("Already up to date"), tr("Failed"), tr("Time"), tr("Rate")});
    if (stopped)
        head_->say(WorkHead::Mark::Stopped, tr("The passes were stopped: %1 computed, %2 failed")
                                                .arg(countText(made, tr("arrays")), groupedNumber(failures)));
    for (const auto& pass : report.passes) {
        const double rate = pass.seconds > 0 ? static_cast<double>(pass.made) / pass.seconds : 0;
        addCounts({QString::fromStdString(passName(pass.pass)), groupedNumber(pass.made),
                   groupedNumber(pass.alreadyWhole), groupedNumber(pass.failures.size()), durationText(pass.seconds),
                   rateText(rate, tr("records"))});
        addRejects(pass.failures);
    }
    finish();
}

void ReportView::show(const ShardReport& report)
{
    std::int64_t samples = 0, skipped = 0;
    for (const auto& set : report.sets) {
        samples += set.samples;
        skipped += set.skippedIncomplete + set.skippedMisaligned + set.skippedStale + set.skippedNonfinite;
    }
    begin(skipped == 0, tr("Packed %1, %2 skipped").arg(countText(samples, tr("samples")), groupedNumber(skipped)),
          {tr("Set"), tr("Samples"), tr("Shards"), tr("Incomplete"), tr("Misaligned"), tr("Stale"), tr("Non-finite")});
    for (const auto& set : report.sets) {
        addCounts({QString::fromStdString(set.set), groupedNumber(set.samples), groupedNumber(set.shards),
                   groupedNumber(set.skippedIncomplete), groupedNumber(set.skippedMisaligned),
                   groupedNumber(set.skippedStale), groupedNumber(set.skippedNonfinite)});
        addRejects(set.skipped);
    }
    finish();
}

void ReportView::show(const VerifyReport& report)
{
    begin(report.sound(),
          report.sound()
              ? tr("Valid: every array of %1 is complete and aligned").arg(countText(report.records, tr("records")))
              : tr("Invalid: %1 in %2")
                    .arg(countText(static_cast<std::int64_t>(report.problems.size()), tr("problems")),
                         countText(report.records, tr("records"))),
          {tr("Array"), tr("Valid"), tr("Missing"), tr("Stale"), tr("Misaligned"), tr("Shape"), tr("Non-finite"),
           tr("Unreadable")});
    for (const auto& a : report.arrays) {
        addCounts({QString::fromLatin1(arrayFolderNames[static_cast<std::size_t>(a.array)]), groupedNumber(a.whole),
                   groupedNumber(a.missing), groupedNumber(a.stale), groupedNumber(a.misaligned),
                   groupedNumber(a.wrongShape), groupedNumber(a.nonfinite), groupedNumber(a.unreadable)});
    }
    addRejects(report.problems);
    finish();
}

} // namespace nanodit
