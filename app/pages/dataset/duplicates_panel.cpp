#include "app/pages/dataset/duplicates_panel.h"

#include "app/job_runner.h"
#include "app/pages/dataset/work_head.h"
#include "app/session.h"
#include "app/wording.h"
#include "widgets/factories.h"
#include "widgets/fitted_columns.h"
#include "widgets/text.h"

#include <QLabel>
#include <QPushButton>
#include <QTreeWidget>
#include <QVBoxLayout>

#include <algorithm>
#include <iterator>

namespace nanodit {

namespace {

enum DuplicatesColumn { DuplicatesRecord, DuplicatesOf, DuplicatesFound, DuplicatesState };

} // namespace

DuplicatesPanel::DuplicatesPanel(Session& session, QWidget* parent)
    : QWidget(parent)
    , session_(session)
    , head_(new WorkHead(this))
    , find_(makeButton(tr("Find duplicates"), {},
                       tr("Compare all pictures by their bytes, pixels, perceptual hash and CLS tokens"), false, this))
    , exclude_(makeButton(
          tr("Exclude"), {},
          tr("Exclude the duplicates that are still included, with the measure that found them as the reason; "
             "Ctrl+Z undoes it"),
          false, this))
    , table_(new QTreeWidget(this))
    , columns_(new FittedColumns(table_, {DuplicatesRecord, DuplicatesOf, DuplicatesState}))
{
    find_->setObjectName(QStringLiteral("findDuplicates"));
    exclude_->setObjectName(QStringLiteral("excludeDuplicates"));
    head_->sentence()->setObjectName(QStringLiteral("duplicatesSentence"));
    head_->addAction(exclude_);
    head_->addAction(find_);
    table_->setObjectName(QStringLiteral("duplicates"));
    table_->setAccessibleName(tr("Duplicates"));
    table_->setHeaderLabels({tr("Record"), tr("Duplicate of"), tr("Found by"), tr("Excluded")});
    table_->headerItem()->setToolTip(DuplicatesOf, tr("The record that is kept; click to show it"));
    table_->headerItem()->setToolTip(
        DuplicatesFound, tr("The first measure that found the pair: bytes, pixels, perceptual hash, then CLS tokens"));
    table_->setRootIsDecorated(false);
    table_->setUniformRowHeights(true);
    table_->setSelectionBehavior(QAbstractItemView::SelectItems); // either of the two is chosen
    table_->setProperty("bare", true);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 4, 0, 4);
    column->setSpacing(4);
    column->addWidget(head_, 0, Qt::AlignTop);
    column->addWidget(table_, 1);
    connect(find_, &QPushButton::clicked, this, &DuplicatesPanel::findWanted);
    connect(exclude_, &QPushButton::clicked, this, [this] {
        std::vector<DuplicatePair> pairs;
        std::ranges::copy_if(report_.pairs, std::back_inserter(pairs),
                             [this](const auto& pair) { return takesPart(pair); });
        for (auto& pair : pairs)
            pair.excluded.clear(); // it may have been taken in since it was found
        Q_EMIT excludeWanted(pairs);
    });
    const auto choose = [this](const QTreeWidgetItem* item, int at) {
        if (item->flags().testFlag(Qt::ItemIsEnabled)) // the last one may only say how many more there are
            Q_EMIT recordChosen(item->text(at == DuplicatesOf ? DuplicatesOf : DuplicatesRecord));
    };
    connect(table_, &QTreeWidget::itemClicked, this, choose);
    connect(table_, &QTreeWidget::itemActivated, this, choose);
    clear();
}

bool DuplicatesPanel::takesPart(const DuplicatePair& pair) const
{
    const auto included = [this](const std::string& id) {
        const auto* const record = session_.record(QString::fromStdString(id));
        return record != nullptr && record->excluded.empty();
    };
    return included(pair.id) && included(pair.of); // else this one is what is left of the picture
}

void DuplicatesPanel::setFree(bool free)
{
    find_->setEnabled(free);
}

void DuplicatesPanel::clear()
{
    report_ = {};
    table_->clear();
    table_->hide();
    verdict_ = false;
    exclude_->setText(tr("Exclude"));
    exclude_->setEnabled(false);
    head_->say(WorkHead::Mark::None, tr("Nothing has been compared yet. Import finds copies by bytes, pixels and a "
                                        "hash; Find duplicates also compares CLS tokens, which finds cropped ones."));
}

void DuplicatesPanel::follow(JobRunner* runner)
{
    verdict_ = false;
    head_->follow(runner, tr("Comparing pictures…"));
    connect(runner, &JobRunner::finished, this, [this](JobEnd end) {
        if (end == JobEnd::Cancelled)
            head_->say(WorkHead::Mark::Stopped, table_->isHidden()
                                                    ? tr("Stopped before all pictures were compared.")
                                                    : tr("Stopped; the results shown are from the previous search."));
    });
    connect(runner, &JobRunner::failed, this, [this](const Notice& why) {
        head_->say(WorkHead::Mark::Failed, tr("Could not search for duplicates: %1").arg(noticeText(why)));
    });
}

void DuplicatesPanel::show(const DuplicatesReport& report)
{
    clear();
    report_ = report;
    verdict_ = true;
    const auto listed = std::min(std::ssize(report_.pairs), longestList);
    for (std::size_t i = 0; i < static_cast<std::size_t>(listed); ++i) {
        const auto& pair = report_.pairs[i];
        new QTreeWidgetItem(table_, {QString::fromStdString(pair.id), QString::fromStdString(pair.of),
                                     QString::fromStdString(foundBy(pair)), QString()});
    }
    addRest(table_, std::ssize(report_.pairs) - listed);
    showStates();
    table_->setVisible(!report_.pairs.empty());
}

void DuplicatesPanel::showStates()
{
    if (report_.compared == 0)
        return;
    std::int64_t taking = 0;
    for (std::size_t i = 0; i < report_.pairs.size(); ++i) {
        taking += takesPart(report_.pairs[i]) ? 1 : 0;
        if (static_cast<std::int64_t>(i) >= longestList)
            continue;
        auto* const item = table_->topLevelItem(static_cast<int>(i));
        const auto* const record = session_.record(QString::fromStdString(report_.pairs[i].id));
        item->setText(DuplicatesState, record == nullptr             ? tr("gone")
                                       : !record->excluded.empty()   ? QString::fromStdString(record->excluded)
                                       : takesPart(report_.pairs[i]) ? tr("no")
                                                                     : tr("no, the other is"));
    }
    columns_->measure();
    exclude_->setText(taking > 0 ? tr("Exclude %1").arg(countText(taking, tr("records"))) : tr("Exclude"));
    exclude_->setEnabled(taking > 0);
    if (!verdict_)
        return;
    const auto found = static_cast<std::int64_t>(report_.pairs.size());
    auto text = found == 0 ? tr("No duplicates among %1").arg(countText(report_.compared, tr("records")))
                           : tr("%1 among %2, %3 of them not excluded")
                                 .arg(countText(found, tr("duplicates")), countText(report_.compared, tr("records")),
                                      groupedNumber(taking));
    if (report_.withoutCls > 0)
        text += tr("; %1 without a CLS token").arg(countText(report_.withoutCls, tr("records")));
    head_->say(taking > 0 ? WorkHead::Mark::Problem : WorkHead::Mark::Good, text);
}

} // namespace nanodit
