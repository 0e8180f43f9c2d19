#include "app/pages/dataset/alignment_panel.h"

#include "app/job_runner.h"
#include "app/pages/dataset/work_head.h"
#include "app/wording.h"
#include "widgets/factories.h"
#include "widgets/fitted_columns.h"
#include "widgets/histogram_view.h"
#include "widgets/icons.h"
#include "widgets/text.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QTreeWidget>
#include <QVBoxLayout>

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

namespace nanodit {

namespace {

constexpr std::int64_t shownRecords = 500; ///< The worst.
constexpr int histogramWidth = 304;        ///< Its legend fits in one line.
enum AlignmentColumn { AlignedRecord, AlignedCertificate, AlignedCosine, AlignedOther };

QString sentenceOf(const CertifyReport& report)
{
    const auto count = [&report](AlignmentVerdict verdict) {
        const auto found = report.counts.find(verdict);
        return found == report.counts.end() ? 0 : found->second;
    };
    const auto all = static_cast<std::int64_t>(report.certificates.size());
    const bool aligned = count(AlignmentVerdict::True) == all;
    QString text;
    if (all == 0)
        text = AlignmentPanel::tr("No record could be certified");
    else if (aligned)
        text = AlignmentPanel::tr("All patches of %1 are correctly aligned")
                   .arg(countText(all, AlignmentPanel::tr("certified records")));
    else
        text = AlignmentPanel::tr("Not aligned everywhere: %1 of %2 are correct")
                   .arg(count(AlignmentVerdict::True))
                   .arg(countText(all, AlignmentPanel::tr("certified records")));
    const std::pair<AlignmentVerdict, QString> others[] = {
        {AlignmentVerdict::Misaligned, AlignmentPanel::tr("%1 misaligned")},
        {AlignmentVerdict::Partly, AlignmentPanel::tr("%1 partly different")},
        {AlignmentVerdict::Unlike, AlignmentPanel::tr("%1 do not match their picture")}};
    for (const auto& [verdict, words] : others) {
        if (count(verdict) > 0)
            text += QStringLiteral(", ") + words.arg(count(verdict));
    }
    if (!report.left.empty())
        text += AlignmentPanel::tr("; %1 could not be certified").arg(report.left.size());
    if (report.notAsked > 0)
        text +=
            AlignmentPanel::tr("; %1 not certified yet").arg(countText(report.notAsked, AlignmentPanel::tr("others")));
    return text;
}

const QString nothing = QStringLiteral("–");

std::vector<std::int64_t> binsOf(const CosineHistogram& histogram)
{
    return {histogram.bins.begin(), histogram.bins.end()};
}

} // namespace

AlignmentPanel::AlignmentPanel(QWidget* parent)
    : QWidget(parent)
    , head_(new WorkHead(this))
    , certify_(
          makeButton(tr("Certify"), {}, tr("Recompute patches and compare them with the stored ones"), false, this))
    , histogram_(new HistogramView(this))
    , records_(new QTreeWidget(this))
{
    head_->sentence()->setObjectName(QStringLiteral("alignmentVerdict"));
    certify_->setObjectName(QStringLiteral("certifyHere"));
    head_->addAction(certify_);
    records_->setObjectName(QStringLiteral("alignmentRecords"));
    records_->setAccessibleName(tr("Certified records, worst first"));
    records_->setHeaderLabels({tr("Record, worst first"), tr("Certificate"), tr("Cosine"), tr("Best other")});
    for (const int column : {AlignedCosine, AlignedOther})
        records_->headerItem()->setTextAlignment(column, Qt::AlignRight | Qt::AlignVCenter);
    records_->headerItem()->setToolTip(
        AlignedCosine, tr("Mean over the patches, compared with what the encoder gives at their place"));
    records_->headerItem()->setToolTip(AlignedOther,
                                       tr("Mean cosine with the closest of what known bugs would have stored"));
    records_->setRootIsDecorated(false);
    records_->setUniformRowHeights(true);
    records_->setProperty("bare", true);
    columns_ = new FittedColumns(records_, {AlignedRecord, AlignedCertificate});
    histogram_->setFixedWidth(histogramWidth);
    auto* const row = new QHBoxLayout;
    row->setSpacing(16);
    row->addWidget(histogram_);
    row->addWidget(records_, 1);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 4, 0, 4);
    column->setSpacing(4);
    column->addWidget(head_);
    column->addLayout(row, 1);
    const auto choose = [this](const QTreeWidgetItem* item) {
        if (item->flags().testFlag(Qt::ItemIsEnabled)) // the last one may only say how many more there are
            Q_EMIT recordChosen(item->text(AlignedRecord));
    };
    connect(records_, &QTreeWidget::itemClicked, this, choose);
    connect(records_, &QTreeWidget::itemActivated, this, choose);
    connect(certify_, &QPushButton::clicked, this, &AlignmentPanel::certifyWanted);
    clear();
}

void AlignmentPanel::clear()
{
    told_ = stopped_ = false;
    head_->say(
        WorkHead::Mark::None,
        tr("Nothing has been certified yet. Certify recomputes patches and compares them with the stored ones, and "
           "with what known bugs would have stored."));
    histogram_->setSeries(0, 1, {}, {});
    records_->clear();
    for (auto* const part : std::initializer_list<QWidget*>{histogram_, records_})
        part->hide();
}

void AlignmentPanel::setFree(bool free)
{
    certify_->setEnabled(free);
}

void AlignmentPanel::follow(JobRunner* runner)
{
    stopped_ = false;
    head_->follow(runner, tr("Recomputing patches and comparing them…"));
    connect(runner, &JobRunner::finished, this, [this](JobEnd end) {
        if (end != JobEnd::Cancelled)
            return; // its report has come
        told_ = false;
        stopped_ = true;
        head_->say(WorkHead::Mark::Stopped, tr("Stopped; the certificates made so far are kept."));
        Q_EMIT keptWanted();
    });
    connect(runner, &JobRunner::failed, this, [this](const Notice& why) {
        told_ = true; // what is shown besides is from before
        head_->say(WorkHead::Mark::Failed, tr("Could not certify the alignment: %1").arg(noticeText(why)));
    });
}

void AlignmentPanel::addRow(const RecordCertificate& one)
{
    const auto& certificate = one.certificate;
    auto* const item = new QTreeWidgetItem(
        records_, {QString::fromStdString(one.id), QString::fromStdString(certificate.sentence()),
                   certificate.fitsGrid() ? cosineText(certificate.cosine) : nothing,
                   certificate.alternatives.empty() ? nothing : cosineText(certificate.alternatives.front().cosine)});
    for (const int column : {AlignedCosine, AlignedOther})
        item->setTextAlignment(column, Qt::AlignRight | Qt::AlignVCenter);
    item->setIcon(AlignedRecord, certificate.verdict == AlignmentVerdict::True
                                     ? icon(QStringLiteral("check"), Hue::Green)
                                     : icon(QStringLiteral("warning"), Hue::Vermillion));
}

void AlignmentPanel::show(const CertifyReport& report)
{
    told_ = true;
    fill(report);
    head_->say(report.sound() ? WorkHead::Mark::Good : WorkHead::Mark::Problem, sentenceOf(report));
}

void AlignmentPanel::showKept(const CertifyReport& kept)
{
    if (told_ || head_->running() || kept.certificates.empty())
        return;
    fill(kept);
    if (stopped_)
        head_->say(WorkHead::Mark::Stopped, tr("Stopped; finished certificates are kept. %1").arg(sentenceOf(kept)));
    else
        head_->say(kept.sound() ? WorkHead::Mark::Good : WorkHead::Mark::Problem, sentenceOf(kept));
}

void AlignmentPanel::fill(const CertifyReport& report)
{
    records_->clear();
    histogram_->setSeries(CosineHistogram::low, CosineHistogram::high, tr("mean cosine of a record"),
                          {{tr("correct place"), meaning::patches, binsOf(report.truth)},
                           {tr("best alternative"), Hue::Grey, binsOf(report.bestAlternative), true}});
    const auto listedLeft = std::min(std::ssize(report.left), longestList);
    for (const auto& left : std::span(report.left).first(static_cast<std::size_t>(listedLeft))) {
        auto* const item = new QTreeWidgetItem(
            records_, {QString::fromStdString(left.what), noticeText(left.reason, left.remedy), nothing, nothing});
        for (const int column : {AlignedCosine, AlignedOther})
            item->setTextAlignment(column, Qt::AlignRight | Qt::AlignVCenter);
        item->setIcon(AlignedRecord, icon(QStringLiteral("warning"), Hue::Vermillion));
    }
    const auto listed = std::min(std::ssize(report.certificates), shownRecords);
    for (const auto& certificate : std::span(report.certificates).first(static_cast<std::size_t>(listed)))
        addRow(certificate);
    addRest(records_, std::ssize(report.left) - listedLeft + std::ssize(report.certificates) - listed);
    for (auto* const part : std::initializer_list<QWidget*>{histogram_, records_})
        part->show();
    columns_->measure();
}

} // namespace nanodit
