#include "app/pages/attention/compare_panel.h"

#include "app/pages/attention/attention_panes.h"
#include "app/session.h"
#include "app/weights_choice.h"
#include "widgets/attention_map.h"
#include "widgets/fitted_combo_box.h"
#include "widgets/fitted_label.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QSignalBlocker>

#include <algorithm>
#include <cmath>
#include <utility>

namespace nanodit {

ComparePanel::ComparePanel(Session& session, Looking& looking, QWidget* parent)
    : QWidget(parent)
    , session_(session)
    , looking_(looking)
    , checkpoints_(new FittedComboBox(this))
    , about_(new FittedLabel(this))
    , panes_(new AttentionPanes(QStringLiteral("compared"), false, this))
{
    checkpoints_->setObjectName(QStringLiteral("comparedCheckpoint"));
    checkpoints_->setAccessibleName(tr("Checkpoint to compare with"));
    checkpoints_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    checkpoints_->setMinimumContentsLength(24);
    about_->setObjectName(QStringLiteral("comparedReadout"));
    about_->setFont(tabularFont(about_->font()));
    about_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    auto* const head = new QHBoxLayout;
    head->setSpacing(12);
    head->addWidget(checkpoints_);
    head->addWidget(about_, 1);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    column->addLayout(head);
    column->addWidget(panes_, 1);
    connect(checkpoints_, &QComboBox::currentIndexChanged, this, &ComparePanel::checkpointChosen);
    connect(panes_, &AttentionPanes::choiceMade, this, &ComparePanel::choiceMade);
    connect(&looking_, &Looking::looked, this, [this](const AttentionScene& scene, const QString& model) {
        wanted_ = false;
        scene_ = scene;
        answer_.reset(); // of the scene before
        model_ = model;
        panes_->showScene(scene);
        if (!question_.latents.empty() || !question_.tokens.empty())
            looking_.ask(question_);
    });
    connect(&looking_, &Looking::answered, this, [this](const AttentionQuestion&, const AttentionAnswer& answer) {
        answer_ = answer;
        show(part_);
        Q_EMIT answered();
    });
    connect(&looking_, &Looking::failed, this, [this](const Notice& why) {
        if (std::exchange(wanted_, false))
            forget();
        tell();
        Q_EMIT failed(why);
    });
    tell();
}

void ComparePanel::listCheckpoints()
{
    checkpoints_->changeEntries([this] { replaceCheckpoints(); });
}

void ComparePanel::replaceCheckpoints()
{
    const auto before = checkpoints_->currentData().toString();
    {
        const QSignalBlocker quiet(checkpoints_);
        checkpoints_->clear();
        checkpoints_->addItem(tr("Select a second checkpoint…"));
        addCheckpoints(*checkpoints_, session_.runs());
        checkpoints_->setCurrentIndex(before.isEmpty() ? 0 : std::max(0, checkpoints_->findData(before)));
    }
    const bool gone = !before.isEmpty() && !comparing();
    if (gone)
        forget();
    tell();
    if (gone)
        Q_EMIT checkpointChosen();
}

void ComparePanel::forget()
{
    followed_.clear();
    scene_.reset();
    answer_.reset();
    model_.clear();
    panes_->clear();
    panes_->patches()->setLargest(0);
}

void ComparePanel::chooseCheckpoint(const QString& path)
{
    checkpoints_->setCurrentIndex(std::max(0, checkpoints_->findData(path)));
}

bool ComparePanel::comparing() const
{
    return checkpoints_->currentIndex() > 0;
}

void ComparePanel::follow(const AttentionSubject& subject)
{
    if (!comparing()) {
        looking_.cancel();
        wanted_ = false;
        forget();
        return tell();
    }
    const auto checkpoint = checkpoints_->currentData().toString();
    if (checkpoint != followed_) {
        forget(); // another model's
        followed_ = checkpoint;
    }
    wanted_ = true;
    looking_.look(checkpoint.toStdString(), subject);
}

void ComparePanel::follow(const AttentionQuestion& question)
{
    question_ = question;
    question_.summaries = false;
    if (comparing() && scene_ && !wanted_)
        looking_.ask(question_);
}

AttentionPart ComparePanel::partHere() const
{
    auto part = part_; // the other model may be smaller
    if (scene_ && part.block && *part.block >= scene_->blocks)
        part.block.reset();
    if (scene_ && part.head && *part.head >= scene_->heads)
        part.head.reset();
    return part;
}

void ComparePanel::show(const AttentionPart& part)
{
    part_ = part;
    if (answer_)
        panes_->showAnswer(*answer_, partHere(), question_.measure);
    tell();
}

void ComparePanel::setOther(const std::optional<AttentionAnswer>& answer)
{
    other_ = answer;
    tell();
}

void ComparePanel::matchScales(AttentionPanes& others)
{
    for (const auto map : {&AttentionPanes::picture, &AttentionPanes::patches}) {
        auto *const first = (others.*map)(), *const second = (panes_->*map)();
        first->setLargest(0);
        second->setLargest(0);
        if (!comparing() || first->values().empty() || second->values().empty())
            continue;
        const double largest = std::max(first->largest(), second->largest());
        first->setLargest(largest);
        second->setLargest(largest);
    }
}

void ComparePanel::tell()
{
    if (!comparing()) {
        about_->setText(checkpoints_->count() > 2
                            ? tr("The same time and selection in another checkpoint, below the first.")
                            : tr("Train a second run, for example one without patches, to compare with."));
        return;
    }
    auto text = model_;
    if (answer_ && answer_->seen && other_ && other_->seen) {
        const auto here = answer_->seen->shares.of(partHere().block, partHere().head);
        const auto there = other_->seen->shares.of(part_.block, part_.head);
        const auto points = [&](std::size_t i) {
            return QStringLiteral("%1 % (%2)")
                .arg(100.0 * static_cast<double>(here[i]), 0, 'f', 1)
                .arg((here[i] >= there[i] ? QStringLiteral("+") : QStringLiteral("−")) +
                     QString::number(100.0 * std::abs(static_cast<double>(here[i] - there[i])), 'f', 1));
        };
        text = tr("text %1, CLS %2, patches %3 · entropy %4 nats")
                   .arg(points(0), points(1), points(2))
                   .arg(answer_->seen->entropy.of(partHere().block, partHere().head)[0], 0, 'f', 2);
    } else if (answer_ && answer_->given) {
        text = answerText(question_, *answer_, partHere());
    }
    about_->setText(text);
    about_->setToolTip(toolTipOf(model_ + QLatin1Char('\n') +
                                 tr("In brackets: percentage points more or less than the first checkpoint")));
}

} // namespace nanodit
