#include "app/pages/attention/attention_page.h"

#include "app/dialogs.h"
#include "app/failures.h"
#include "app/page_table.h"
#include "app/pages/attention/attention_panes.h"
#include "app/pages/attention/compare_panel.h"
#include "app/pages/attention/course_panel.h"
#include "app/pages/attention/edit_panel.h"
#include "app/pages/attention/knock_out_panel.h"
#include "app/pages/attention/subject_form.h"
#include "app/pages/attention/time_bar.h"
#include "app/pages/attention/view_drawer.h"
#include "app/session.h"
#include "widgets/attention_map.h"
#include "widgets/banner.h"
#include "widgets/commands.h"
#include "widgets/fitted_label.h"
#include "widgets/page_frame.h"
#include "widgets/picture.h"
#include "widgets/state_panel.h"
#include "widgets/theme.h"

#include <QAction>
#include <QLabel>
#include <QPushButton>
#include <QStackedWidget>
#include <QVBoxLayout>

#include <utility>

namespace nanodit {

namespace {
constexpr int attentionDrawerHeight = 292;
}

AttentionPage::AttentionPage(Session& session, Looking& looking, Looking& comparison, const Training& training,
                             Dialogs& dialogs, QWidget* parent)
    : QWidget(parent)
    , session_(session)
    , looking_(looking)
    , frame_(new PageFrame(pageName(Page::Attention), this))
    , states_(new QStackedWidget(this))
    , empty_(new StatePanel(this))
    , form_(new SubjectForm(session, training, dialogs, this))
    , drawer_(new ViewDrawer(session, comparison, this))
{
    stop_ = frame_->addAction(tr("Stop"), QStringLiteral("stop"), tr("Stop what is being computed"));
    stop_->setObjectName(QStringLiteral("attentionStop"));
    stop_->setEnabled(false);
    export_ = frame_->addAction(tr("Export"), QStringLiteral("save"), tr("Save a view, the numbers or the film"));
    export_->setObjectName(QStringLiteral("attentionExport"));
    frame_->setContent(makeContent());
    frame_->setInspector(form_);
    frame_->setDrawer(drawer_, attentionDrawerHeight, PageFrame::DrawerHeight::WithPage);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(frame_);
    empty_->showEmpty(QStringLiteral("eye"), tr("No model to inspect yet"),
                      tr("Train a model first; any of its checkpoints can be inspected."));
    connect(empty_->addButton(tr("Go to training"), QStringLiteral("train"), true), &QPushButton::clicked, this,
            &AttentionPage::trainWanted);
    exports_ = new ExportMenu(
        dialogs, [this] { return exported(); }, this);
    exports_->setObjectName(QStringLiteral("attentionExports"));
    export_->setMenu(exports_);
    connect(exports_, &ExportMenu::saved, frame_->banner(), &Banner::showNotice);
    connect(exports_, &ExportMenu::failed, frame_->banner(), failuresIn(frame_->banner()));
    connectLooking();
    connectParts();
    makeCommands();
}

QWidget* AttentionPage::makeContent()
{
    auto* const content = new QWidget(this);
    panes_ = new AttentionPanes(QStringLiteral("attention"), true, content);
    readout_ = new FittedLabel(content);
    readout_->setObjectName(QStringLiteral("attentionReadout"));
    readout_->setFont(tabularFont(readout_->font()));
    readout_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
    time_ = new TimeBar(content);
    auto* const all = new QWidget(content);
    auto* const column = new QVBoxLayout(all);
    column->setContentsMargins(16, 12, 16, 8);
    column->setSpacing(8);
    column->addWidget(panes_, 1);
    column->addWidget(readout_);
    column->addWidget(time_);
    states_->addWidget(empty_);
    states_->addWidget(all);
    auto* const outer = new QVBoxLayout(content);
    outer->setContentsMargins(0, 0, 0, 0);
    outer->addWidget(states_);
    return content;
}

void AttentionPage::connectLooking()
{
    connect(&looking_, &Looking::looked, this, &AttentionPage::showScene);
    connect(&looking_, &Looking::answered, this,
            [this](const AttentionQuestion& question, const AttentionAnswer& answer) {
                if (wanted_ || time_->hasFilm())
                    return;
                question_ = question;
                answer_ = answer;
                if (answer.summaries)
                    summaries_ = answer.summaries;
                showAnswer();
            });
    connect(&looking_, &Looking::painted, this, [this](const LookedAt& of, const Image& before, const Image& after) {
        if (isShown(of, tr("The before-and-after comparison")))
            drawer_->edits()->showPictures(qImageFromImage(before), qImageFromImage(after));
    });
    connect(&looking_, &Looking::knockedOut, this, [this](const KnockOut& out) {
        if (!wanted_ && !time_->hasFilm())
            drawer_->knockOut()->showKnockOut(out);
    });
    connect(&looking_, &Looking::courseMeasured, this, [this](const LookedAt& of, const AttentionCourse& course) {
        drawer_->course()->showCourse(course, of.name, of.evenAlignment);
        if (!of.isSame(lookedAt()))
            drawer_->course()->markStale();
        drawer_->course()->setPlace(form_->part(), time_->t());
    });
    connect(&looking_, &Looking::filmed, this,
            [this](const LookedAt& of, bool overTraining, const AttentionQuestion& question,
                   const std::vector<AttentionFrame>& frames) {
                if (frames.empty() || !isShown(of, tr("The film")))
                    return;
                filmOfTraining_ = overTraining;
                film_ = std::make_shared<const std::vector<AttentionFrame>>(frames);
                question_ = question;
                QStringList labels;
                for (const auto& frame : frames)
                    labels << QString::fromStdString(frame.label);
                time_->setFilm(labels, filmOfTraining_ ? tr("first") : tr("noise"),
                               filmOfTraining_ ? tr("last") : tr("picture"));
                time_->togglePlay();
            });
    connect(&looking_, &Looking::failed, this, [this](const Notice& why) {
        if (std::exchange(wanted_, false))
            forgetScene();
        readout_->clear();
        showFailure(*frame_->banner(), tr("Could not inspect the model"), why);
    });
    connect(&looking_, &Looking::jobFailed, this, [this](const QString& name, const Notice& why) {
        showFailure(*frame_->banner(), tr("%1 stopped with an error").arg(name), why);
    });
    connect(&looking_, &Looking::busyChanged, this, [this] {
        stop_->setEnabled(looking_.busy() || looking_.jobRunning());
        if (wanted_)
            readout_->setText(tr("Computing attention…"));
    });
    connect(&looking_, &Looking::jobChanged, this, [this] {
        const bool running = looking_.jobRunning();
        stop_->setEnabled(looking_.busy() || running);
        drawer_->course()->setMeasuring(running);
        drawer_->edits()->setPainting(running);
        time_->setMaking(running);
    });
    connect(stop_, &QAction::triggered, this, [this] {
        looking_.stopJob();
        if (std::exchange(wanted_, false)) { // there is no moment that could be asked
            forgetScene();
            readout_->setText(tr("Stopped. Move the slider or select something to continue."));
        }
        looking_.cancel();
    });
}

void AttentionPage::connectParts()
{
    connect(form_, &SubjectForm::checkpointsListed, this, [this] {
        states_->setCurrentIndex(form_->hasCheckpoints() ? 1 : 0);
        drawer_->compare()->listCheckpoints();
    });
    connect(form_, &SubjectForm::recordChanged, drawer_->edits(), &EditPanel::forget);
    connect(form_, &SubjectForm::subjectChanged, this, &AttentionPage::subjectBecameAnother);
    connect(form_, &SubjectForm::partChanged, this, [this] {
        if (question_.block && question_.block != form_->part().block)
            return ask(); // the others' numbers are still to come
        showAnswer();
    });
    connect(form_, &SubjectForm::selfChanged, this, &AttentionPage::ask);
    connect(form_, &SubjectForm::measureChanged, this, &AttentionPage::ask);
    connect(form_, &SubjectForm::opacityChanged, this, [this] {
        panes_->setOpacity(form_->opacity());
        drawer_->setOpacity(form_->opacity());
    });
    connect(form_, &SubjectForm::failed, frame_->banner(), failuresIn(frame_->banner()));
    connect(drawer_, &ViewDrawer::viewChanged, this, [this] {
        if (drawer_->showsSummaries() && !summaries_)
            ask();
    });
    connect(panes_, &AttentionPanes::choiceMade, this, &AttentionPage::choose);
    connect(panes_, &AttentionPanes::latentHovered, this, [this](std::int64_t latent) {
        if (form_->followsMouse() && latent >= 0)
            choose({.latents = {latent}, .patches = {}, .word = -1});
    });
    connect(panes_, &AttentionPanes::patchesPainted, drawer_->edits(), &EditPanel::paintOver);
    connect(time_, &TimeBar::timeChanged, this, &AttentionPage::look);
    connect(time_, &TimeBar::samplingFilmWanted, this, [this] { film(false); });
    connect(time_, &TimeBar::trainingFilmWanted, this, [this] { film(true); });
    connect(time_, &TimeBar::frameChanged, this, &AttentionPage::showFrame);
    connect(time_, &TimeBar::filmLeft, this, &AttentionPage::leaveFilm);
    connect(drawer_, &ViewDrawer::partChosen, form_, &SubjectForm::setPart);
    connect(drawer_->knockOut(), &KnockOutPanel::knockOutWanted, this,
            [this](const std::vector<std::int64_t>& tokens, std::uint64_t seed) {
                if (scene_ && !wanted_ && !time_->hasFilm())
                    looking_.knockOut(tokens, seed, form_->measure());
            });
    connect(drawer_->course(), &CoursePanel::placeChosen, this, [this](std::int64_t block, double t) {
        form_->setPart({.block = block, .head = {}});
        time_->setTime(t);
        look();
    });
    connect(drawer_->course(), &CoursePanel::measureWanted, this, [this] {
        if (!scene_)
            return;
        looking_.measureCourse(lookedAt(), courseTimes());
    });
    connect(drawer_->edits(), &EditPanel::editsChanged, this, &AttentionPage::subjectBecameAnother);
    connect(drawer_->edits(), &EditPanel::toolChanged, this, &AttentionPage::showMarks);
    connect(drawer_->edits(), &EditPanel::paintWanted, this, [this] { looking_.paintBoth(lookedAt()); });
    connect(drawer_->compare(), &ComparePanel::choiceMade, this, &AttentionPage::choose);
    connect(drawer_->compare(), &ComparePanel::checkpointChosen, this, [this] {
        if (scene_)
            drawer_->compare()->follow(subject());
    });
    connect(drawer_->compare(), &ComparePanel::answered, this, [this] { drawer_->compare()->matchScales(*panes_); });
    connect(drawer_->compare(), &ComparePanel::failed, this, [this](const Notice& why) {
        showFailure(*frame_->banner(), tr("Could not inspect the second model"), why);
    });
    connect(&session_, &Session::recordsChanged, drawer_->edits(), &EditPanel::listRecords);
    connect(&session_, &Session::workspaceChanged, this, [this] {
        looking_.cancel();
        wanted_ = false;
        film_.reset();
        time_->leaveFilm();
        forgetScene();
        drawer_->forget();
        readout_->clear();
        frame_->banner()->hide();
    });
}

void AttentionPage::makeCommands()
{
    auto* const commands = new Commands(this);
    commands->note(tr("arrows"), tr("step through latent tokens, patches, words or small maps"));
    commands->note(tr("Enter, Space"), tr("select the word or small map that the arrows lead to"));
    commands->add({{Qt::Key_B, [this] { form_->stepBlock(1); }},
                   {Qt::Key_H, [this] { form_->stepHead(1); }},
                   {Qt::SHIFT | Qt::Key_B, [this] { form_->stepBlock(-1); }},
                   {Qt::SHIFT | Qt::Key_H, [this] { form_->stepHead(-1); }}},
                  tr("next block, next head; with Shift the one before"));
    commands->add({{Qt::Key_BracketLeft, [this] { time_->step(time_->hasFilm() ? -1 : 1); }},
                   {Qt::Key_BracketRight, [this] { time_->step(time_->hasFilm() ? 1 : -1); }}},
                  tr("less, more noise; in a film back, forward"));
    commands->add(Qt::Key_Space, tr("play the film, or make one"), [this] { time_->togglePlay(); });
    commands->add(Qt::Key_S, tr("self-attention over the picture"),
                  [this] { form_->setShowsSelf(!form_->showsSelf()); });
    commands->add(Qt::Key_M, tr("attention, or contribution"), [this] { form_->toggleMeasure(); });
    commands->add(Qt::Key_K, tr("knock out the selected word, CLS or patches"), [this] {
        showView(View::KnockOut);
        drawer_->knockOut()->knockOut();
    });
    std::vector<std::pair<QKeySequence, Commands::Act>> views;
    for (int i = 0; i <= static_cast<int>(View::Mechanism); ++i)
        views.emplace_back(Qt::Key_1 + i, [this, i] { showView(static_cast<View>(i)); });
    commands->add(views, tr("blocks × heads, over t, diagonal, changes, comparison, knock out, mechanism"));
    commands->add(Qt::Key_F, tr("newest checkpoint, including a running training"), [this] { form_->followNewest(); });
    commands->add({{Qt::Key_Delete, [this] { drawer_->edits()->eraseChosen(); }},
                   {QKeySequence::Undo, [this] { drawer_->edits()->undo(); }}},
                  tr("erase the selection, undo"));
    commands->bind(stop_, Qt::Key_Escape, tr("stop the computation"));
}

bool AttentionPage::settled() const
{
    return !looking_.busy() && drawer_->compare()->settled() && !looking_.jobRunning() && exports_->idle();
}

void AttentionPage::showRecord(const QString& id, std::optional<std::int64_t> latent)
{
    if (latent)
        choice_ = {.latents = {*latent}, .patches = {}, .word = -1};
    form_->chooseRecord(id);
    look();
}

void AttentionPage::showPainted(const QString& file)
{
    form_->openPainted(file);
}

void AttentionPage::showView(View view)
{
    drawer_->setView(view);
}

AttentionPage::View AttentionPage::view() const
{
    return drawer_->view();
}

AttentionSubject AttentionPage::subject() const
{
    auto subject = form_->subject();
    subject.t = time_->t();
    subject.alongSampling = time_->alongSampling();
    subject.edits = drawer_->edits()->edits();
    return subject;
}

LookedAt AttentionPage::lookedAt() const
{
    return {.checkpoint = form_->checkpoint(),
            .subject = subject(),
            .name = form_->subjectName(),
            .evenAlignment = scene_ ? scene_->evenAlignment : 0};
}

bool AttentionPage::isShown(const LookedAt& of, const QString& what)
{
    if (of.isSame(lookedAt()))
        return true;
    frame_->banner()->showNotice(
        tr("%1 of %2 is complete, but something else is shown now. Select it and run again.").arg(what, of.name));
    return false;
}

void AttentionPage::subjectBecameAnother()
{
    drawer_->markStale();
    if (time_->hasFilm()) {
        film_.reset();
        time_->leaveFilm();
    }
    look();
}

void AttentionPage::look()
{
    panes_->setHasSubject(form_->hasSubject());
    stale_ = !isVisible();
    if (stale_ || form_->checkpoint().empty() || !form_->hasSubject())
        return;
    frame_->banner()->hide();
    wanted_ = true;
    looking_.look(form_->checkpoint(), subject());
    drawer_->compare()->follow(subject());
    drawer_->course()->setPlace(form_->part(), time_->t());
}

void AttentionPage::showScene(const AttentionScene& scene, const QString& model)
{
    wanted_ = false;
    scene_ = scene;
    summaries_.reset();
    frame_->setContext(model);
    panes_->showScene(scene);
    form_->setLimits(scene.blocks, scene.heads);
    drawer_->showScene(scene);
    choice_ = fitted(choice_, scene);
    showMarks();
    choose(choice_);
}

void AttentionPage::choose(const AttentionChoice& choice)
{
    if (!scene_ || wanted_)
        return;
    choice_ = choice;
    panes_->showChoice(choice_);
    drawer_->showChoice(choice_);
    if (time_->hasFilm()) { // the same moment, asked something else
        const auto frame = static_cast<std::size_t>(time_->frame());
        if (!filmOfTraining_) {
            time_->setTime((*film_)[frame].scene.t);
            time_->setAlongSampling(true);
        }
        film_.reset();
        time_->leaveFilm();
        return look();
    }
    ask();
}

AttentionQuestion AttentionPage::chosenQuestion() const
{
    auto question = questionOf(choice_, *scene_);
    question.self = form_->showsSelf();
    question.summaries = drawer_->showsSummaries();
    question.measure = form_->measure();
    return question;
}

void AttentionPage::ask()
{
    if (!scene_ || wanted_ || time_->hasFilm())
        return;
    auto question = chosenQuestion();
    question.summaries = question.summaries && !summaries_;
    looking_.ask(question, form_->part().block);
    drawer_->compare()->follow(question);
}

void AttentionPage::showAnswer()
{
    if (!answer_ || !scene_)
        return;
    panes_->showAnswer(*answer_, form_->part(), question_.measure);
    auto text = answerText(question_, *answer_, form_->part());
    if (scene_ && choice_.word >= 0 && choice_.word < static_cast<int>(scene_->words.size()))
        text.prepend(QStringLiteral("\"%1\": ")
                         .arg(QString::fromStdString(scene_->words[static_cast<std::size_t>(choice_.word)].text)));
    readout_->setText(text);
    if (!question_.block)
        drawer_->showAnswer(*scene_, *answer_, summaries_ ? &*summaries_ : nullptr, form_->part());
    drawer_->compare()->setOther(answer_);
    drawer_->compare()->show(form_->part());
    drawer_->compare()->matchScales(*panes_);
    drawer_->course()->setPlace(form_->part(), time_->t());
}

void AttentionPage::forgetScene()
{
    scene_.reset();
    answer_.reset();
    summaries_.reset();
    panes_->clear();
    drawer_->clearAnswer();
    frame_->setContext({});
}

void AttentionPage::showMarks()
{
    if (!scene_)
        return;
    panes_->showEdits(drawer_->edits()->edits(), scene_->patches);
    panes_->patches()->setTool(drawer_->edits()->tool(), drawer_->edits()->brushRadius());
}

void AttentionPage::film(bool overTraining)
{
    if (!scene_ || wanted_)
        return;
    const auto question = chosenQuestion();
    if (overTraining)
        looking_.filmTraining(lookedAt(), form_->checkpointsOfRun(), question);
    else
        looking_.filmSampling(lookedAt(), question);
}

void AttentionPage::showFrame(int frame)
{
    if (!film_ || frame < 0 || frame >= static_cast<int>(film_->size()))
        return;
    const auto& shown = (*film_)[static_cast<std::size_t>(frame)];
    scene_ = shown.scene;
    answer_ = shown.answer;
    summaries_ = shown.answer.summaries;
    panes_->showScene(shown.scene);
    showAnswer();
}

AttentionExport AttentionPage::exported() const
{
    const bool isOfSubject = scene_ && !wanted_; // else it is of what was inspected before
    AttentionExport shown{.name =
                              QStringLiteral("%1_t%2").arg(form_->subjectName()).arg(scene_ ? scene_->t : 0, 0, 'f', 2),
                          .part = form_->part(),
                          .question = question_,
                          .answer = isOfSubject && !question_.block ? answer_ : std::nullopt, // whole, or not yet
                          .course = drawer_->course()->course(),
                          .courseOf = drawer_->course()->of(),
                          .film = film_,
                          .panes = {},
                          .view = {},
                          .beforeAndAfter = drawer_->edits()->beforeAndAfter()};
    if (isOfSubject) {
        shown.panes = [this] { return panes_->grab().toImage(); };
        shown.view = [this] { return drawer_->picture(); };
    }
    return shown;
}

void AttentionPage::leaveFilm()
{
    film_.reset();
    look();
}

void AttentionPage::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    session_.refreshRuns();
    if (!scene_ || stale_)
        look();
}

} // namespace nanodit
