#include "app/pages/runs/checkpoint_list.h"

#include "app/background_queue.h"
#include "app/dialogs.h"
#include "app/trash.h"
#include "core/front/training.h"
#include "core/io/size_text.h"
#include "core/runtime/error.h"
#include "widgets/factories.h"
#include "widgets/theme.h"

#include <QApplication>
#include <QClipboard>
#include <QDateTime>
#include <QFileInfo>
#include <QHeaderView>
#include <QLabel>
#include <QLocale>
#include <QPushButton>
#include <QTreeWidget>
#include <QVBoxLayout>

#include <algorithm>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

enum CheckpointColumn { CheckpointStep, CheckpointWritten, CheckpointSize, CheckpointKept, CheckpointColumns };
constexpr int starredRole = Qt::UserRole + 1;

struct Facts {
    fs::path folder;
    QDateTime written;
    std::uintmax_t bytes = 0;
    bool resumable = false; ///< Holds more than averaged weights.
    bool starred = false;
    QString kept; ///< Why it is.
};

Facts factsOf(const fs::path& folder)
{
    Facts facts{.folder = folder,
                .written = QFileInfo(QString::fromStdString((folder / "state.json").string())).lastModified(),
                .bytes = 0,
                .resumable = canBeResumed(folder),
                .starred = isStarred(folder),
                .kept = {}};
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
        std::error_code none;
        if (const auto bytes = entry->file_size(none); !none)
            facts.bytes += bytes;
    }
    return facts;
}

/// Of a run's whole checkpoints, newest first.
std::vector<Facts> readFacts(const fs::path& runFolder)
{
    SavingConfig rule;
    try {
        rule = readTrainConfig(runFolder / "config.yaml").saving;
    } catch (const Error&) { // missing, or of another version: its rule is not known
    }
    std::vector<Facts> all;
    for (const auto& standing : checkpointStandings(runFolder, rule)) {
        auto facts = factsOf(standing.folder);
        QStringList reasons;
        for (const auto reason : standing.reasons)
            reasons << QString::fromStdString(keptAsText(reason, rule));
        facts.kept = reasons.join(QStringLiteral(", "));
        all.insert(all.begin(), std::move(facts));
    }
    return all;
}

} // namespace

CheckpointList::CheckpointList(Session& session, Dialogs& dialogs, QWidget* parent)
    : QWidget(parent)
    , session_(session)
    , dialogs_(dialogs)
    , note_(new QLabel(this))
    , table_(new QTreeWidget(this))
    , star_(makeButton(tr("Star"), {}, tr("Keep this checkpoint regardless of the run's rule"), false, this))
    , copy_(makeButton(tr("Copy path"), QStringLiteral("copy"), tr("Path of this checkpoint's folder"), false, this))
    , remove_(makeButton(tr("Move to trash…"), {}, tr("Move this checkpoint to the trash"), false, this))
{
    table_->setObjectName(QStringLiteral("checkpoints"));
    table_->setAccessibleName(tr("Checkpoints"));
    table_->setRootIsDecorated(false);
    table_->setUniformRowHeights(true);
    table_->setProperty("bare", true);
    table_->setFont(tabularFont(table_->font()));
    table_->setColumnCount(CheckpointColumns);
    table_->setHeaderLabels({tr("Step"), tr("Written"), tr("Size"), tr("Kept as")});
    table_->headerItem()->setTextAlignment(CheckpointSize, Qt::AlignRight | Qt::AlignVCenter);
    table_->header()->setSectionResizeMode(QHeaderView::ResizeToContents);
    table_->header()->setStretchLastSection(false);
    star_->setObjectName(QStringLiteral("checkpointStar"));
    remove_->setObjectName(QStringLiteral("checkpointRemove"));
    setRole(note_, "secondary");
    note_->setWordWrap(true);
    note_->setTextFormat(Qt::PlainText);
    auto* const buttons = new QHBoxLayout;
    buttons->setSpacing(8);
    buttons->addWidget(star_);
    buttons->addWidget(copy_);
    buttons->addWidget(remove_);
    buttons->addStretch(1);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 4, 0, 0);
    column->setSpacing(8);
    column->addWidget(note_);
    column->addWidget(table_, 1);
    column->addLayout(buttons);
    connect(table_, &QTreeWidget::currentItemChanged, this, &CheckpointList::updateButtons);
    connect(star_, &QPushButton::clicked, this, &CheckpointList::star);
    connect(copy_, &QPushButton::clicked, this, [this] {
        QApplication::clipboard()->setText(table_->currentItem()->data(CheckpointStep, Qt::UserRole).toString());
        Q_EMIT done(tr("The path is on the clipboard"));
    });
    connect(remove_, &QPushButton::clicked, this, &CheckpointList::remove);
    showRun(nullptr, false);
}

void CheckpointList::showRun(const RunInfo* run, bool training)
{
    const auto name = run != nullptr ? QString::fromStdString(run->name) : QString();
    const auto checkpoints = run != nullptr ? run->checkpoints : std::vector<fs::path>();
    const bool same = name == run_ && checkpoints == checkpoints_;
    if (name != run_)
        table_->clear(); // nothing may be done with another run's while this one's are read
    run_ = name;
    training_ = training;
    checkpoints_ = checkpoints;
    if (!same)
        read();
    updateButtons();
}

void CheckpointList::read()
{
    const auto chosen = table_->currentItem() != nullptr
                            ? table_->currentItem()->data(CheckpointStep, Qt::UserRole).toString()
                            : QString();
    if (checkpoints_.empty())
        table_->clear();
    note_->setText(run_.isEmpty() ? tr("Select a run.") : tr("%1 has no checkpoints.").arg(run_));
    note_->setVisible(checkpoints_.empty());
    table_->setVisible(!checkpoints_.empty());
    if (checkpoints_.empty())
        return;
    session_.background().ask(
        this, [run = checkpoints_.back().parent_path().parent_path()] { return readFacts(run); },
        [this, chosen, asked = checkpoints_](const std::vector<Facts>& facts) {
            if (asked != checkpoints_)
                return;
            table_->clear();
            for (const auto& checkpoint : facts) {
                const auto step = checkpointStep(checkpoint.folder.filename().string()).value_or(0);
                auto* const item = new QTreeWidgetItem(
                    table_,
                    {QLocale().toString(static_cast<qlonglong>(step)),
                     checkpoint.written.toString(QStringLiteral("yyyy-MM-dd HH:mm")),
                     QString::fromStdString(sizeText(static_cast<std::int64_t>(checkpoint.bytes))), checkpoint.kept});
                item->setTextAlignment(CheckpointSize, Qt::AlignRight | Qt::AlignVCenter);
                item->setData(CheckpointStep, Qt::UserRole, QString::fromStdString(checkpoint.folder.string()));
                item->setData(CheckpointStep, starredRole, checkpoint.starred);
                if (!checkpoint.resumable)
                    item->setToolTip(
                        CheckpointStep,
                        tr("Averaged weights only: for sampling and for starting new runs, not for resuming"));
            }
            table_->setCurrentItem(table_->topLevelItem(0));
            for (int i = 0; i < table_->topLevelItemCount(); ++i) {
                if (table_->topLevelItem(i)->data(CheckpointStep, Qt::UserRole).toString() == chosen)
                    table_->setCurrentItem(table_->topLevelItem(i));
            }
            updateButtons();
        },
        [this, asked = checkpoints_](const Notice& why) {
            if (asked == checkpoints_)
                Q_EMIT failed(tr("Could not read the checkpoints"), why);
        });
}

void CheckpointList::updateButtons()
{
    const auto* const item = table_->currentItem();
    copy_->setEnabled(item != nullptr);
    star_->setEnabled(item != nullptr);
    star_->setText(item != nullptr && item->data(CheckpointStep, starredRole).toBool() ? tr("Remove star")
                                                                                       : tr("Star"));
    // A training that ends writes the newest one and goes on from it.
    remove_->setEnabled(item != nullptr && !(training_ && item == table_->topLevelItem(0)));
}

void CheckpointList::star()
{
    const auto* const item = table_->currentItem();
    session_.background().ask(
        this,
        [folder = fs::path(item->data(CheckpointStep, Qt::UserRole).toString().toStdString()),
         starred = !item->data(CheckpointStep, starredRole).toBool()] { starCheckpoint(folder, starred); },
        [this] { read(); },
        [this](const Notice& why) { Q_EMIT failed(tr("Could not change the star of the checkpoint"), why); });
}

void CheckpointList::remove()
{
    const auto* const item = table_->currentItem();
    const auto folder = item->data(CheckpointStep, Qt::UserRole).toString();
    const bool last = table_->topLevelItemCount() == 1;
    if (!dialogs_.confirm(this, tr("Move the checkpoint of step %1 to the trash?").arg(item->text(CheckpointStep)),
                          last ? tr("It is the only one: %1 cannot be resumed or sampled from without it.").arg(run_)
                               : tr("%1 keeps its other checkpoints.").arg(run_),
                          tr("Move to trash")))
        return;
    session_.background().ask(
        this, [folder] { moveToTrash(folder); }, [this] { session_.refreshRuns(); },
        [this](const Notice& why) { Q_EMIT failed(tr("Could not move the checkpoint to the trash"), why); });
}

} // namespace nanodit
