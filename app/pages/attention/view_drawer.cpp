#include "app/pages/attention/view_drawer.h"

#include "app/pages/attention/attention_panes.h"
#include "app/pages/attention/compare_panel.h"
#include "app/pages/attention/course_panel.h"
#include "app/pages/attention/diagonal_panel.h"
#include "app/pages/attention/edit_panel.h"
#include "app/pages/attention/knock_out_panel.h"
#include "app/pages/attention/mechanism_panel.h"
#include "widgets/small_multiples.h"

#include <QScrollArea>
#include <QStackedWidget>
#include <QTabBar>
#include <QVBoxLayout>

#include <utility>

namespace nanodit {

ViewDrawer::ViewDrawer(Session& session, Looking& comparison, QWidget* parent)
    : QWidget(parent)
    , tabs_(new QTabBar(this))
    , views_(new QStackedWidget(this))
    , multiplesArea_(new QScrollArea(this))
    , multiples_(new SmallMultiples(multiplesArea_))
    , course_(new CoursePanel(this))
    , diagonal_(new DiagonalPanel(this))
    , edits_(new EditPanel(session, this))
    , compare_(new ComparePanel(session, comparison, this))
    , knockOut_(new KnockOutPanel(this))
    , mechanism_(new MechanismPanel(this))
{
    tabs_->setObjectName(QStringLiteral("attentionTabs"));
    tabs_->setAccessibleName(tr("Views"));
    tabs_->setDrawBase(false);
    tabs_->setExpanding(false);
    multiples_->setObjectName(QStringLiteral("attentionMultiples"));
    multiplesArea_->setFrameShape(QFrame::NoFrame);
    multiplesArea_->setFocusPolicy(Qt::NoFocus);
    multiplesArea_->setWidgetResizable(true);
    multiplesArea_->setWidget(multiples_);
    const std::pair<QString, QWidget*> views[] = {
        {tr("Blocks × heads"), multiplesArea_}, {tr("Over t"), course_},   {tr("Diagonal"), diagonal_},
        {tr("Edit conditions"), edits_},        {tr("Compare"), compare_}, {tr("Knock out"), knockOut_},
        {tr("Mechanism"), mechanism_}};
    for (const auto& [name, view] : views) {
        tabs_->addTab(name);
        views_->addWidget(view);
    }
    clearAnswer();
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 4);
    column->setSpacing(4);
    column->addWidget(tabs_);
    column->addWidget(views_, 1);
    connect(tabs_, &QTabBar::currentChanged, this, [this](int index) {
        views_->setCurrentIndex(index);
        Q_EMIT viewChanged();
    });
    connect(multiples_, &SmallMultiples::chosen, this,
            [this](std::optional<std::int64_t> block, std::optional<std::int64_t> head) {
                Q_EMIT partChosen({.block = block, .head = head});
            });
    connect(diagonal_, &DiagonalPanel::partChosen, this, &ViewDrawer::partChosen);
    connect(mechanism_, &MechanismPanel::partChosen, this, &ViewDrawer::partChosen);
    connect(knockOut_, &KnockOutPanel::blockChosen, this,
            [this](std::int64_t block) { Q_EMIT partChosen({.block = block, .head = {}}); });
}

ViewDrawer::View ViewDrawer::view() const
{
    return static_cast<View>(tabs_->currentIndex());
}

void ViewDrawer::setView(View view)
{
    tabs_->setCurrentIndex(static_cast<int>(view));
}

bool ViewDrawer::showsSummaries() const
{
    return view() == View::Diagonal || view() == View::Mechanism;
}

QImage ViewDrawer::picture() const
{
    auto* const whole = view() == View::Multiples ? static_cast<QWidget*>(multiples_) : views_;
    return whole->grab().toImage();
}

void ViewDrawer::showAnswer(const AttentionScene& scene, const AttentionAnswer& answer,
                            const AttentionSummaries* summaries, const AttentionPart& part)
{
    showMultiples(scene, answer);
    multiples_->setChosen(part.block, part.head);
    if (summaries == nullptr)
        return;
    diagonal_->showSummaries(scene, *summaries, part);
    mechanism_->showSummaries(scene, *summaries, part);
}

void ViewDrawer::showScene(const AttentionScene& scene)
{
    edits_->showScene(scene);
    knockOut_->showScene(scene);
}

void ViewDrawer::showChoice(const AttentionChoice& choice)
{
    compare_->panes()->showChoice(choice);
    edits_->showChoice(choice);
    knockOut_->showChoice(choice);
}

void ViewDrawer::setOpacity(double opacity)
{
    compare_->panes()->setOpacity(opacity);
    knockOut_->setOpacity(opacity);
}

void ViewDrawer::markStale()
{
    course_->markStale();
    edits_->markOutdated();
}

void ViewDrawer::forget()
{
    edits_->forget();
    course_->clear();
    compare_->forget();
    clearAnswer();
}

void ViewDrawer::clearAnswer()
{
    multiples_->clear(tr("Every block and head for the selection, once a model is inspected."));
    diagonal_->clear();
    knockOut_->clear();
    mechanism_->clear();
}

void ViewDrawer::showMultiples(const AttentionScene& scene, const AttentionAnswer& answer)
{
    const auto show = [this](const AttentionNumbers& numbers, GridSize grid) {
        multiples_->setMaps(numbers.blocks, numbers.heads, grid, numbers.values);
    };
    if (answer.given)
        show(*answer.given, scene.latents);
    else if (answer.self)
        show(*answer.self, scene.latents);
    else if (answer.seen && !answer.seen->patches.values.empty())
        show(answer.seen->patches, scene.patches);
    else
        multiples_->clear(
            tr("This model has no patches to show. Select a word or CLS, or turn on self-attention (S)."));
}

} // namespace nanodit
