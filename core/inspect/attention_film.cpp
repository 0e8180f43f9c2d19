#include "core/inspect/attention_session.h"
#include "core/runs/checkpoint_weights.h"
#include "core/runtime/number_text.h"
#include "core/sample/solver.h"

#include <utility>

namespace nanodit {

namespace {

std::string timeLabel(double t)
{
    return "t = " + decimalText(t, 2);
}

/// The progress of what runs inside a longer job is not shown; stopping is heard.
JobContext quietly(const JobContext& context)
{
    JobContext quiet;
    quiet.control = context.control;
    return quiet;
}

std::optional<AttentionFrame> frameOf(AttentionSession& session, const AttentionSubject& subject,
                                      const AttentionQuestion& question, const JobContext& context)
{
    auto scene = session.look(subject, context);
    auto answer = scene ? session.answer(question, context) : std::nullopt;
    if (!answer)
        return std::nullopt;
    return AttentionFrame{.label = timeLabel(scene->t), .scene = std::move(*scene), .answer = std::move(*answer)};
}

} // namespace

std::optional<AttentionAnswer> AttentionSession::answer(const AttentionQuestion& question, const JobContext& context)
{
    AttentionAnswer answer;
    if (!question.latents.empty()) {
        answer.seen = ofLatents(question.latents, context, question.block, question.measure);
        if (!answer.seen)
            return std::nullopt;
        if (question.self && !(answer.self = selfAttention(question.latents, context, question.block)))
            return std::nullopt;
    } else if (!question.tokens.empty() &&
               !(answer.given = onLatents(question.tokens, context, question.block, question.measure))) {
        return std::nullopt;
    }
    if (question.summaries && !(answer.summaries = summaries(context)))
        return std::nullopt;
    return answer;
}

std::optional<std::vector<AttentionFrame>>
AttentionSession::filmOfSampling(AttentionSubject subject, const AttentionQuestion& question, const JobContext& context)
{
    subject.alongSampling = true;
    std::vector<AttentionFrame> frames;
    const auto times = flowTimes(subject.sampling.steps, subject.sampling.shift);
    ProgressMeter progress(context, Stage::FilmingSampling, subject.sampling.steps, Unit::Steps);
    for (std::size_t i = 0; i + 1 < times.size(); ++i) {
        subject.t = times[i];
        auto frame = frameOf(*this, subject, question, quietly(context));
        if (!frame)
            return std::nullopt;
        frames.push_back(std::move(*frame));
        progress.advance();
    }
    return frames;
}

std::optional<std::vector<AttentionFrame>> filmOfCheckpoints(const Workspace& workspace,
                                                             const std::vector<std::filesystem::path>& checkpoints,
                                                             const AttentionSubject& subject,
                                                             const AttentionQuestion& question,
                                                             const ComputeChoice& device, const JobContext& context)
{
    std::vector<AttentionFrame> frames;
    ProgressMeter progress(context, Stage::FilmingTraining, static_cast<std::int64_t>(checkpoints.size()),
                           Unit::Checkpoints);
    for (const auto& checkpoint : checkpoints) {
        auto frame =
            frameOf(*AttentionSession::open(workspace, checkpoint, device), subject, question, quietly(context));
        if (!frame)
            return std::nullopt;
        frame->label = checkpointFolder(checkpoint).filename().string();
        frames.push_back(std::move(*frame));
        progress.advance();
    }
    return frames;
}

} // namespace nanodit
