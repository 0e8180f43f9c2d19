#include "app/pages/train/queue_panel.h"

#include "app/training.h"
#include "widgets/factories.h"
#include "widgets/state_panel.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QHeaderView>
#include <QLocale>
#include <QPushButton>
#include <QStackedWidget>
#include <QTreeWidget>
#include <QVBoxLayout>

#include <algorithm>

namespace nanodit {

QueuePanel::QueuePanel(Training& training, QWidget* parent)
    : QWidget(parent)
    , training_(training)
    , states_(new QStackedWidget(this))
    , table_(new QTreeWidget(this))
    , start_(makeButton(tr("Start next"), QStringLiteral("play"), tr("Start the first training of the queue"), false,
                        this))
    , remove_(makeButton(tr("Remove"), QStringLiteral("clear"), tr("Remove the selected training from the queue"),
                         false, this))
{
    table_->setObjectName(QStringLiteral("trainQueue"));
    table_->setAccessibleName(tr("Queued trainings"));
    table_->setRootIsDecorated(false);
    table_->setUniformRowHeights(true);
    table_->setProperty("bare", true);
    table_->setFont(tabularFont(table_->font()));
    table_->setHeaderLabels({tr("Run"), tr("Steps"), tr("Batch size"), tr("Learning rate"), tr("Starts from")});
    table_->header()->setSectionResizeMode(QHeaderView::ResizeToContents);
    start_->setObjectName(QStringLiteral("queueStart"));
    remove_->setObjectName(QStringLiteral("queueRemove"));
    auto* const empty = new StatePanel(this);
    empty->showEmpty(QStringLiteral("train"), tr("No queued trainings"),
                     tr("While a run is being trained, Queue next sets up another one that starts when it has ended."));
    auto* const listed = new QWidget(this);
    auto* const buttons = new QHBoxLayout;
    buttons->setSpacing(8);
    buttons->addWidget(start_);
    buttons->addWidget(remove_);
    buttons->addStretch(1);
    auto* const column = new QVBoxLayout(listed);
    column->setContentsMargins(8, 4, 8, 4);
    column->setSpacing(8);
    column->addWidget(table_, 1);
    column->addLayout(buttons);
    states_->addWidget(empty);
    states_->addWidget(listed);
    auto* const outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    outer->addWidget(states_);
    connect(&training_, &Training::queueChanged, this, &QueuePanel::showQueue);
    connect(&training_, &Training::stateChanged, this, &QueuePanel::updateButtons);
    connect(table_, &QTreeWidget::currentItemChanged, this, &QueuePanel::updateButtons);
    connect(start_, &QPushButton::clicked, &training_, &Training::startNext);
    connect(remove_, &QPushButton::clicked, this, [this] {
        training_.removeQueued(static_cast<std::size_t>(table_->indexOfTopLevelItem(table_->currentItem())));
    });
    showQueue();
}

void QueuePanel::showQueue()
{
    auto* const selected = table_->currentItem();
    const int place = selected != nullptr ? table_->indexOfTopLevelItem(selected) : 0;
    const auto before = selected != nullptr ? selected->text(0) : QString();
    table_->clear();
    for (const auto& [config, name] : training_.queue()) {
        const auto from = QString::fromStdString(config.warmStart.checkpoint);
        new QTreeWidgetItem(table_, {name, QLocale().toString(static_cast<qlonglong>(config.schedule.steps)),
                                     QString::number(config.data.batchSize), numberText(config.optimiser.lr),
                                     from.isEmpty() ? QStringLiteral("–") : from});
    }
    const int last = table_->topLevelItemCount() - 1;
    const auto again = table_->findItems(before, Qt::MatchExactly, 0); // those before it may have begun
    if (last >= 0)
        table_->setCurrentItem(!again.isEmpty() ? again.front() : table_->topLevelItem(std::min(place, last)));
    states_->setCurrentIndex(last >= 0 ? 1 : 0);
    updateButtons();
}

void QueuePanel::updateButtons()
{
    start_->setEnabled(!training_.active());
    remove_->setEnabled(table_->currentItem() != nullptr);
}

} // namespace nanodit
