#pragma once

#include "app/background_queue.h"
#include "core/config/workspace_config.h"
#include "core/front/attention.h"
#include "core/front/sampling.h"
#include "core/runtime/remedy.h"

#include <QObject>
#include <QString>

#include <functional>
#include <memory>

namespace nanodit {

class JobRunner;
class Session;

/// What was looked at when a job began. What comes of it is of this, whatever is shown by then.
struct LookedAt {
    std::filesystem::path checkpoint;
    AttentionSubject subject;
    QString name;             ///< Of the record or the picture.
    double evenAlignment = 0; ///< Of its scene.

    /// At any moment of the flow.
    bool isSame(const LookedAt& other) const;
};

/// Looks inside a checkpoint. Looks and questions are answered by a model that is kept, on a
/// thread of its own; what was asked before and has not begun is forgotten when something newer is asked, so that
/// hovering never lags behind. What takes long runs as a job with a model of its own beside that, one at a time. Home
/// thread.
class Looking : public QObject {
    Q_OBJECT

public:
    explicit Looking(Session& session);
    ~Looking() override;

    void look(const std::filesystem::path& checkpoint, const AttentionSubject& subject);
    /// Of the moment that was looked at last. `firstBlock`: answered for this block alone before it is answered for
    /// all, for large pictures take their time (not with self attention, where that would be twice the work). A newer
    /// question ends what is still being summed up for an older one, but for the first answer to a choice of latents:
    /// that comes at once, and hovering is to show something.
    void ask(const AttentionQuestion& question, std::optional<std::int64_t> firstBlock = {});
    /// What the velocity loses without these shown tokens, at the moment that was looked at last.
    void knockOut(const std::vector<std::int64_t>& tokens, std::uint64_t seed, AttentionMeasure measure);
    /// Stops looks and questions, not the job.
    void cancel();
    bool busy() const { return queue_.pending() > 0; }

    // Jobs. Nothing is done while one runs.

    /// Paints the subject without and with its edits, from the same seed.
    void paintBoth(const LookedAt& of);
    /// The summaries at every one of `times`.
    void measureCourse(const LookedAt& of, const std::vector<double>& times);
    void filmSampling(const LookedAt& of, const AttentionQuestion& question);
    /// `checkpoints`: of the run, that which is looked at among them.
    void filmTraining(const LookedAt& of, const std::vector<std::filesystem::path>& checkpoints,
                      const AttentionQuestion& question);
    bool jobRunning() const { return runner_ != nullptr; }
    void stopJob();

Q_SIGNALS:
    void looked(const nanodit::AttentionScene& scene, const QString& model);
    void answered(const nanodit::AttentionQuestion& question, const nanodit::AttentionAnswer& answer);
    void knockedOut(const nanodit::KnockOut& out);
    void painted(const nanodit::LookedAt& of, const nanodit::Image& before, const nanodit::Image& after);
    void courseMeasured(const nanodit::LookedAt& of, const nanodit::AttentionCourse& course);
    void filmed(const nanodit::LookedAt& of, bool overTraining, const nanodit::AttentionQuestion& question,
                const std::vector<nanodit::AttentionFrame>& frames);
    void failed(const nanodit::Notice& why); ///< A look, or the answer to a question.
    void jobFailed(const QString& name, const nanodit::Notice& why);
    void busyChanged();
    void jobChanged();

private:
    /// What the thread works with; touched by nobody else.
    struct Opened {
        std::shared_ptr<AttentionSession> session;
        std::filesystem::path checkpoint;
        WorkspaceConfig settings; ///< They name its encoders.
        ComputeChoice device;
    };
    using Control = std::shared_ptr<JobControl>;
    /// Work gets a context and gives an optional; `then` gets what is in it unless `control` was stopped meanwhile.
    template<typename Work, typename Then>
    void inTurn(const Control& control, Work work, Then then);
    void answer(const Control& control, const AttentionQuestion& question);
    /// Work gets a context and gives an optional; `then` gets what is in it.
    template<typename Work, typename Then>
    void asJob(const QString& name, Work work, Then then);

    Session& session_;
    std::shared_ptr<Opened> opened_ = std::make_shared<Opened>();
    Control control_ = std::make_shared<JobControl>();
    Control summing_ = std::make_shared<JobControl>(); ///< Of answers that a newer question ends.
    JobRunner* runner_ = nullptr;                      ///< Owned by the session; null while no job runs.
    BackgroundQueue queue_;                            ///< Last: its thread ends before what it uses.
};

} // namespace nanodit
