#include "app/pages/dataset/work_head.h"

#include "app/following_bar.h"
#include "app/job_runner.h"
#include "widgets/icons.h"
#include "widgets/job_bar.h"
#include "widgets/theme.h"

#include <QHBoxLayout>
#include <QLabel>

#include <utility>

namespace nanodit {

namespace {

constexpr int leastHeight = 32; ///< Of one line with buttons; whatever it shows, nothing below it moves.

QPixmap drawingOf(WorkHead::Mark mark)
{
    const auto drawn = [](const char* name, Hue hue) { return icon(QLatin1String(name), hue).pixmap(16, 16); };
    switch (mark) {
    case WorkHead::Mark::Good:
        return drawn("check", Hue::Green);
    case WorkHead::Mark::Problem:
        return drawn("warning", Hue::Vermillion);
    case WorkHead::Mark::Stopped:
        return drawn("stop", Hue::Grey);
    case WorkHead::Mark::Failed:
        return drawn("error", Hue::Vermillion);
    case WorkHead::Mark::None:
        break;
    }
    return {};
}

} // namespace

WorkHead::WorkHead(QWidget* parent)
    : QWidget(parent)
    , mark_(new QLabel(this))
    , sentence_(new QLabel(this))
    , row_(new QHBoxLayout(this))
{
    setMinimumHeight(leastHeight);
    sentence_->setTextFormat(Qt::PlainText);
    sentence_->setWordWrap(true);
    sentence_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    row_->setContentsMargins(0, 0, 0, 0);
    row_->setSpacing(8);
    row_->addWidget(mark_);
    row_->addWidget(sentence_, 1);
    mark_->hide();
}

void WorkHead::say(Mark mark, const QString& sentence)
{
    const auto drawing = drawingOf(mark);
    mark_->setPixmap(drawing);
    mark_->setVisible(!drawing.isNull());
    setRole(sentence_, mark == Mark::None ? "" : "section"); // hints are quieter than verdicts
    sentence_->setText(sentence);
    sentence_->setToolTip({});
}

void WorkHead::addAction(QWidget* action)
{
    row_->addWidget(action);
    actions_.append(action);
}

void WorkHead::follow(JobRunner* runner, const QString& sentence)
{
    say(Mark::None, sentence);
    delete bar_;
    bar_ = makeFollowingBar(runner, this);
    bar_->setParts(numbersShown_ ? JobBar::Parts::Numbers : JobBar::Parts::Controls);
    row_->addWidget(bar_);
    bar_->show(); // now, not when the layout comes to it
    showActions(false);
    connect(runner, &JobRunner::ended, this, [this, bar = bar_] {
        if (bar != bar_)
            return;
        bar_->hide(); // it goes with its job
        bar_ = nullptr;
        showActions(true);
    });
}

void WorkHead::showActions(bool shown)
{
    for (auto* const action : std::as_const(actions_))
        action->setVisible(shown);
}

} // namespace nanodit
