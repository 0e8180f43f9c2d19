#pragma once

#include "app/background_queue.h"
#include "core/inspect/attention_session.h"

#include <QObject>

#include <memory>

namespace nanodit {

class Session;

/// Looks inside a checkpoint for the attention page, on a thread of its own. What was asked before and has not begun is
/// forgotten when something newer is asked, so that hovering never lags behind. Home thread.
class Looking : public QObject {
    Q_OBJECT

public:
    explicit Looking(Session& session, QObject* parent = nullptr);
    ~Looking() override;

    void look(const std::filesystem::path& checkpoint, const AttentionSubject& subject);
    void askLatents(const std::vector<std::int64_t>& latents);
    void askTokens(const std::vector<std::int64_t>& shownTokens);
    /// Paints the subject without and with its edits, from the same seed.
    void paintBoth(const std::filesystem::path& checkpoint, const AttentionSubject& subject);
    void cancel();
    bool busy() const { return queue_.pending() > 0; }

Q_SIGNALS:
    void looked(const nanodit::AttentionScene& scene, const QString& model);
    void latentsSeen(const nanodit::LatentAttention& seen);
    void tokensSeen(const nanodit::AttentionNumbers& onLatents);
    void painted(const nanodit::Image& before, const nanodit::Image& after);
    void failed(const QString& message);
    void busyChanged();

private:
    /// What the thread works with; touched by nobody else.
    struct Opened {
        std::shared_ptr<AttentionSession> session;
        std::filesystem::path checkpoint;
    };
    template<typename Work, typename Then>
    void ask(Work work, Then then);
    /// For the thread: the session of a checkpoint.
    std::function<AttentionSession&()> opener(const std::filesystem::path& checkpoint) const;

    Session& session_;
    std::shared_ptr<Opened> opened_ = std::make_shared<Opened>();
    std::shared_ptr<JobControl> control_ = std::make_shared<JobControl>();
    BackgroundQueue queue_; ///< Last: its thread ends before what it uses.
};

} // namespace nanodit
