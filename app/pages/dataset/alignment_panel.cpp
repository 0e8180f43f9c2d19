#include "app/pages/dataset/alignment_panel.h"

#include "widgets/histogram_view.h"
#include "widgets/icons.h"
#include "widgets/theme.h"

#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QTreeWidget>
#include <QVBoxLayout>

#include <algorithm>
#include <utility>

namespace nanodit {

namespace {

constexpr std::size_t shownRecords = 500; ///< The worst; the rest are true.

QString sentenceOf(const CertifyReport& report)
{
    const auto count = [&report](AlignmentVerdict verdict) {
        const auto found = report.counts.find(verdict);
        return found == report.counts.end() ? 0 : found->second;
    };
    const auto all = report.certificates.size();
    QString text = report.sound()
                       ? AlignmentPanel::tr("Aligned: the patches of all %1 records lie where they should").arg(all)
                       : AlignmentPanel::tr("Not aligned everywhere: %1 of %2 records are true")
                             .arg(count(AlignmentVerdict::True))
                             .arg(all);
    const std::pair<AlignmentVerdict, QString> others[] = {
        {AlignmentVerdict::Misaligned, AlignmentPanel::tr("%1 misaligned")},
        {AlignmentVerdict::Partly, AlignmentPanel::tr("%1 in part something else")},
        {AlignmentVerdict::Unlike, AlignmentPanel::tr("%1 unlike their picture")}};
    for (const auto& [verdict, words] : others) {
        if (count(verdict) > 0)
            text += QStringLiteral(", ") + words.arg(count(verdict));
    }
    if (!report.left.empty())
        text += AlignmentPanel::tr("; %1 could not be certified").arg(report.left.size());
    if (report.notAsked > 0)
        text += AlignmentPanel::tr("; %1 records were not in the sample").arg(report.notAsked);
    return text;
}

std::vector<std::int64_t> binsOf(const CosineHistogram& histogram)
{
    return {histogram.bins.begin(), histogram.bins.end()};
}

} // namespace

AlignmentPanel::AlignmentPanel(QWidget* parent)
    : QWidget(parent)
    , mark_(new QLabel(this))
    , verdict_(new QLabel(this))
    , histogram_(new HistogramView(this))
    , records_(new QTreeWidget(this))
{
    verdict_->setObjectName(QStringLiteral("alignmentVerdict"));
    verdict_->setWordWrap(true);
    setRole(verdict_, "section");
    records_->setObjectName(QStringLiteral("alignmentRecords"));
    records_->setAccessibleName(tr("Certified records, worst first"));
    records_->setHeaderLabels({tr("Record, worst first"), tr("Cosine"), tr("Certificate")});
    records_->headerItem()->setTextAlignment(1, Qt::AlignRight | Qt::AlignVCenter);
    records_->setRootIsDecorated(false);
    records_->setUniformRowHeights(true);
    records_->setProperty("bare", true);
    histogram_->setFixedWidth(264);
    auto* const head = new QHBoxLayout;
    head->setSpacing(8);
    head->addWidget(mark_);
    head->addWidget(verdict_, 1);
    auto* const row = new QHBoxLayout;
    row->setSpacing(16);
    row->setContentsMargins(8, 0, 0, 0);
    row->addWidget(histogram_);
    row->addWidget(records_, 1);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 4, 0, 4);
    column->setSpacing(8);
    column->addLayout(head);
    column->addLayout(row, 1);
    const auto choose = [this](const QTreeWidgetItem* item) {
        if (item != nullptr)
            Q_EMIT recordChosen(item->text(0));
    };
    connect(records_, &QTreeWidget::itemClicked, this, choose);
    connect(records_, &QTreeWidget::itemActivated, this, choose);
    clear();
}

void AlignmentPanel::clear()
{
    mark_->clear();
    verdict_->setText(
        tr("Nothing is certified yet: Certify computes patches anew and compares them with the stored ones, "
           "and with what every known bug would have stored."));
    histogram_->setSeries(0, 1, {}, {});
    records_->clear();
    records_->hide();
}

void AlignmentPanel::addRow(const RecordCertificate& one)
{
    const auto& certificate = one.certificate;
    auto* const item = new QTreeWidgetItem(
        records_, {QString::fromStdString(one.id),
                   certificate.fitsGrid() ? QString::number(certificate.cosine, 'f', 4) : QStringLiteral("–"),
                   QString::fromStdString(certificate.sentence())});
    item->setTextAlignment(1, Qt::AlignRight | Qt::AlignVCenter);
    item->setToolTip(2, item->text(2));
    item->setIcon(0, certificate.verdict == AlignmentVerdict::True ? icon(QStringLiteral("check"), Hue::Green)
                                                                   : icon(QStringLiteral("warning"), Hue::Vermillion));
}

void AlignmentPanel::show(const CertifyReport& report)
{
    records_->clear();
    mark_->setPixmap(report.sound() ? icon(QStringLiteral("check"), Hue::Green).pixmap(16, 16)
                                    : icon(QStringLiteral("warning"), Hue::Vermillion).pixmap(16, 16));
    verdict_->setText(sentenceOf(report));
    histogram_->setSeries(CosineHistogram::low, CosineHistogram::high, tr("mean cosine of a record"),
                          {{tr("true place"), Hue::Green, binsOf(report.truth)},
                           {tr("best alternative"), Hue::Grey, binsOf(report.bestAlternative)}});
    for (std::size_t i = 0; i < std::min(shownRecords, report.certificates.size()); ++i)
        addRow(report.certificates[i]);
    for (const auto& left : report.left)
        new QTreeWidgetItem(
            records_, {QString::fromStdString(left.what), QStringLiteral("–"), QString::fromStdString(left.reason)});
    records_->resizeColumnToContents(0);
    records_->resizeColumnToContents(1);
    records_->show();
}

} // namespace nanodit
