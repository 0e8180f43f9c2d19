#include "app/looking.h"

#include "app/compute_setting.h"
#include "app/job_runner.h"
#include "app/session.h"
#include "app/surely.h"
#include "core/front/data.h"

namespace nanodit {

namespace fs = std::filesystem;

bool LookedAt::isSame(const LookedAt& other) const
{
    const auto& one = subject;
    const auto& two = other.subject;
    return checkpoint == other.checkpoint && one.record == two.record && one.seen == two.seen &&
           one.edits == two.edits && settingsOf(one.sampling) == settingsOf(two.sampling);
}

Looking::Looking(Session& session)
    : session_(session)
{
    connect(&session_, &Session::workspaceChanged, this, [this] {
        cancel();
        opened_ = std::make_shared<Opened>(); // a model of the workspace before takes no memory any more
    });
}

Looking::~Looking()
{
    control_->requestStop();
    summing_->requestStop();
}

void Looking::cancel()
{
    for (auto* const control : {&control_, &summing_}) {
        (*control)->requestStop();
        *control = std::make_shared<JobControl>();
    }
    queue_.forgetWaiting();
    Q_EMIT busyChanged();
}

template<typename Work, typename Then>
void Looking::inTurn(const Control& control, Work work, Then then)
{
    queue_.ask(
        this,
        [work = std::move(work), control] {
            JobContext context;
            context.control = control;
            return work(context);
        },
        [this, control, then = std::move(then)](const auto& answer) {
            if (answer && !control->stopRequested())
                surely([&] { then(*answer); });
            Q_EMIT busyChanged();
        },
        [this, control](const Notice& why) {
            if (!control->stopRequested()) // else something else is asked by now
                Q_EMIT failed(why);
            Q_EMIT busyChanged();
        });
    Q_EMIT busyChanged();
}

void Looking::look(const fs::path& checkpoint, const AttentionSubject& subject)
{
    cancel();
    inTurn(
        control_,
        [opened = opened_, checkpoint, subject, workspace = session_.workspace(),
         device = session_.device()](const JobContext& context) {
            if (!opened->session || opened->checkpoint != checkpoint || !isSame(opened->device, device) ||
                !sameSettings(opened->settings, workspace.config)) {
                opened->session.reset(); // room for the next one
                opened->session = AttentionSession::open(workspace, checkpoint, device);
                opened->checkpoint = checkpoint;
                opened->settings = workspace.config;
                opened->device = device;
            }
            auto scene = opened->session->look(subject, context);
            return scene ? std::optional(std::pair(std::move(*scene), opened->session->description())) : std::nullopt;
        },
        [this](const auto& answer) { Q_EMIT looked(answer.first, QString::fromStdString(answer.second)); });
}

void Looking::ask(const AttentionQuestion& question, std::optional<std::int64_t> firstBlock)
{
    summing_->requestStop();
    summing_ = std::make_shared<JobControl>();
    queue_.forgetWaiting();
    const auto& first = question.latents.empty() ? summing_ : control_;
    if (!firstBlock || question.self) // a large model is evaluated anew for self attention: once is enough
        return answer(first, question);
    auto ofFirst = question;
    ofFirst.block = firstBlock;
    ofFirst.summaries = false;
    answer(first, ofFirst);
    answer(summing_, question);
}

void Looking::answer(const Control& control, const AttentionQuestion& question)
{
    inTurn(
        control,
        [opened = opened_, question](const JobContext& context) {
            return opened->session ? opened->session->answer(question, context) : std::nullopt;
        },
        [this, question](const AttentionAnswer& answer) { Q_EMIT answered(question, answer); });
}

void Looking::knockOut(const std::vector<std::int64_t>& tokens, std::uint64_t seed, AttentionMeasure measure)
{
    inTurn(
        control_,
        [opened = opened_, tokens, seed, measure](const JobContext& context) {
            return opened->session ? opened->session->knockOut(tokens, seed, measure, context) : std::nullopt;
        },
        [this](const KnockOut& out) { Q_EMIT knockedOut(out); });
}

template<typename Work, typename Then>
void Looking::asJob(const QString& name, Work work, Then then)
{
    if (runner_ != nullptr)
        return;
    auto* const runner = session_.newJob(name, Page::Attention);
    const QPointer<Looking> who(this); // made here: only the home thread may ask whether it is still there
    const auto job = [who, runner, work = std::move(work), then = std::move(then)](const JobContext& context) {
        auto result = work(context);
        if (!result)
            return JobEnd::Cancelled;
        auto kept = std::make_shared<std::decay_t<decltype(*result)>>(std::move(*result));
        runner->deliver([who, then, kept] {
            if (who)
                then(*kept);
        });
        return JobEnd::Finished;
    };
    connect(runner, &JobRunner::failed, this, [this, name](const Notice& why) { Q_EMIT jobFailed(name, why); });
    connect(runner, &JobRunner::ended, this, [this] {
        runner_ = nullptr;
        Q_EMIT jobChanged();
    });
    runner_ = runner;
    Q_EMIT jobChanged();
    session_.startJob(runner, makeJob(job));
}

void Looking::stopJob()
{
    if (runner_ != nullptr)
        runner_->requestStop();
}

void Looking::paintBoth(const LookedAt& of)
{
    asJob(
        tr("Before and after"),
        [of, workspace = session_.workspace(),
         device = session_.device()](const JobContext& context) -> std::optional<std::pair<Image, Image>> {
            const auto session = AttentionSession::open(workspace, of.checkpoint, device);
            auto plain = of.subject;
            plain.edits = {};
            auto before = session->paint(plain, context);
            auto after = before ? session->paint(of.subject, context) : std::nullopt;
            return after ? std::optional(std::pair(std::move(*before), std::move(*after))) : std::nullopt;
        },
        [this, of](const auto& pictures) { Q_EMIT painted(of, pictures.first, pictures.second); });
}

void Looking::measureCourse(const LookedAt& of, const std::vector<double>& times)
{
    asJob(
        tr("Attention over t"),
        [of, times, workspace = session_.workspace(), device = session_.device()](const JobContext& context) {
            return AttentionSession::open(workspace, of.checkpoint, device)->course(of.subject, times, context);
        },
        [this, of](const AttentionCourse& course) { Q_EMIT courseMeasured(of, course); });
}

void Looking::filmSampling(const LookedAt& of, const AttentionQuestion& question)
{
    asJob(
        tr("Film of sampling"),
        [of, question, workspace = session_.workspace(), device = session_.device()](const JobContext& context) {
            return AttentionSession::open(workspace, of.checkpoint, device)
                ->filmOfSampling(of.subject, question, context);
        },
        [this, of, question](const std::vector<AttentionFrame>& frames) {
            Q_EMIT filmed(of, false, question, frames);
        });
}

void Looking::filmTraining(const LookedAt& of, const std::vector<fs::path>& checkpoints,
                           const AttentionQuestion& question)
{
    asJob(
        tr("Film of training"),
        [of, checkpoints, question, workspace = session_.workspace(),
         device = session_.device()](const JobContext& context) {
            return filmOfCheckpoints(workspace, checkpoints, of.subject, question, device, context);
        },
        [this, of, question](const std::vector<AttentionFrame>& frames) { Q_EMIT filmed(of, true, question, frames); });
}

} // namespace nanodit
