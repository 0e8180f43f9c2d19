#include "app/pages/train/replay_panel.h"

#include "app/training.h"
#include "app/wording.h"
#include "widgets/factories.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QHeaderView>
#include <QLabel>
#include <QLocale>
#include <QPushButton>
#include <QTreeWidget>
#include <QVBoxLayout>

#include <cmath>

namespace nanodit {

namespace {

constexpr int partListWidth = 148;

QString joined(const std::vector<std::string>& names)
{
    QStringList list;
    for (const auto& name : names)
        list << QString::fromStdString(name);
    return list.join(QStringLiteral(", "));
}

/// What was found in a micro-batch, the cause first.
QString findingOf(const ReplayReport::MicroBatch& microBatch)
{
    QStringList parts;
    if (!microBatch.inputs.empty())
        parts << ReplayPanel::tr("not finite in the data: %1").arg(joined(microBatch.inputs));
    if (!microBatch.output.empty())
        parts << ReplayPanel::tr("first part whose output is not finite: %1")
                     .arg(QString::fromStdString(microBatch.output));
    if (!microBatch.gradient.empty())
        parts << ReplayPanel::tr("the gradient is first not finite at the output of %1")
                     .arg(QString::fromStdString(microBatch.gradient));
    return parts.isEmpty() ? ReplayPanel::tr("finite throughout") : parts.join(QStringLiteral("; "));
}

QTreeWidget* makeTable(const QStringList& header, QWidget* parent)
{
    auto* const table = new QTreeWidget(parent);
    table->setRootIsDecorated(false);
    table->setUniformRowHeights(true);
    table->setProperty("bare", true);
    table->setFont(tabularFont(table->font()));
    table->setHeaderLabels(header);
    table->header()->setSectionResizeMode(QHeaderView::ResizeToContents);
    return table;
}

} // namespace

ReplayPanel::ReplayPanel(Training& training, QWidget* parent)
    : QWidget(parent)
    , training_(training)
    , list_(makeTable({tr("Step")}, this))
    , replay_(makeButton(tr("Run again"), QStringLiteral("play"),
                         tr("Run the selected step again and find where it stops being finite; the run is not changed"),
                         false, this))
    , finding_(new QLabel(this))
    , samples_(makeTable({tr("Micro-batch"), tr("Sample"), QStringLiteral("t"), tr("Loss")}, this))
{
    list_->setObjectName(QStringLiteral("replaySteps"));
    list_->setAccessibleName(tr("Steps that were not finite"));
    list_->setFixedWidth(partListWidth);
    replay_->setObjectName(QStringLiteral("replay"));
    finding_->setObjectName(QStringLiteral("replayFinding"));
    finding_->setTextFormat(Qt::PlainText);
    finding_->setWordWrap(true);
    samples_->setObjectName(QStringLiteral("replaySamples"));
    samples_->setAccessibleName(tr("Samples of the step"));
    auto* const left = new QVBoxLayout;
    left->setSpacing(8);
    left->addWidget(list_, 1);
    left->addWidget(replay_);
    auto* const right = new QVBoxLayout;
    right->setSpacing(8);
    right->addWidget(finding_);
    right->addWidget(samples_, 1);
    auto* const row = new QHBoxLayout(this);
    row->setContentsMargins(8, 4, 8, 4);
    row->setSpacing(16);
    row->addLayout(left);
    row->addLayout(right, 1);
    connect(&training_.curves(), &RunCurves::marksChanged, this, &ReplayPanel::listSteps);
    connect(&training_, &Training::stateChanged, this, &ReplayPanel::updateButton);
    connect(&training_, &Training::replayingChanged, this, &ReplayPanel::updateButton);
    connect(&training_, &Training::replayed, this, &ReplayPanel::show);
    connect(&training_, &Training::replayFailed, this, [this](const Notice& why) {
        finding_->setText(tr("Could not run the step again: %1").arg(noticeText(why)));
    });
    connect(list_, &QTreeWidget::currentItemChanged, this, &ReplayPanel::updateButton);
    connect(list_, &QTreeWidget::itemActivated, this, &ReplayPanel::replay);
    connect(replay_, &QPushButton::clicked, this, &ReplayPanel::replay);
    listSteps();
    updateButton();
}

void ReplayPanel::listSteps()
{
    std::vector<std::int64_t> steps;
    for (const auto& mark : training_.curves().marks()) {
        if (mark.kind == PlotMark::Kind::Skipped)
            steps.push_back(static_cast<std::int64_t>(mark.step));
    }
    if (steps == steps_)
        return;
    const bool first = steps_.empty();
    steps_ = std::move(steps);
    list_->clear();
    for (const auto step : steps_)
        new QTreeWidgetItem(list_, {QLocale().toString(static_cast<qlonglong>(step))});
    list_->setCurrentItem(list_->topLevelItem(list_->topLevelItemCount() - 1)); // the newest
    if (first) {
        finding_->setText(tr("These steps were skipped because a loss or gradient was not finite."));
        samples_->clear();
    }
    updateButton();
    Q_EMIT stepsChanged();
}

void ReplayPanel::replay()
{
    const auto row = list_->indexOfTopLevelItem(list_->currentItem());
    if (row < 0 || !replay_->isEnabled())
        return;
    samples_->clear();
    finding_->setText(tr("Running step %1 again…").arg(steps_[static_cast<std::size_t>(row)]));
    training_.replay(steps_[static_cast<std::size_t>(row)]);
}

void ReplayPanel::show(const ReplayReport& report)
{
    QStringList lines = {tr("Step %1 from %2: %3")
                             .arg(QString::number(report.step),
                                  QString::fromStdString(report.checkpoint.filename().string()),
                                  report.sound() ? tr("finite this time") : tr("not finite"))};
    samples_->clear();
    for (std::size_t i = 0; i < report.microBatches.size(); ++i) {
        const auto& microBatch = report.microBatches[i];
        const auto number = QString::number(i + 1);
        lines << tr("Micro-batch %1: %2").arg(number, findingOf(microBatch));
        for (const auto& sample : microBatch.samples)
            new QTreeWidgetItem(samples_, {number, QString::fromStdString(sample.id), numberText(sample.time),
                                           std::isfinite(sample.loss) ? numberText(sample.loss) : tr("not finite")});
    }
    finding_->setText(lines.join(QLatin1Char('\n')));
}

void ReplayPanel::updateButton()
{
    replay_->setEnabled(list_->currentItem() != nullptr && !training_.active() && !training_.replaying());
}

} // namespace nanodit
