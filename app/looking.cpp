#include "app/looking.h"

#include "app/session.h"

namespace nanodit {

Looking::Looking(Session& session, QObject* parent)
    : QObject(parent)
    , session_(session)
{
}

Looking::~Looking()
{
    control_->requestStop();
}

void Looking::cancel()
{
    control_->requestStop();
    control_ = std::make_shared<JobControl>();
    queue_.forgetWaiting();
    Q_EMIT busyChanged();
}

/// Work gets a context that stops when something newer is asked, and gives an optional.
template<typename Work, typename Then>
void Looking::ask(Work work, Then then)
{
    queue_.forgetWaiting();
    queue_.ask(
        this,
        [work = std::move(work), control = control_] {
            JobContext context;
            context.control = control;
            return work(context);
        },
        [this, then = std::move(then)](const auto& answer) {
            if (answer)
                then(*answer);
            Q_EMIT busyChanged();
        },
        [this](const QString& message) {
            Q_EMIT failed(message);
            Q_EMIT busyChanged();
        });
    Q_EMIT busyChanged();
}

std::function<AttentionSession&()> Looking::opener(const std::filesystem::path& checkpoint) const
{
    return [opened = opened_, checkpoint, workspace = session_.workspace(),
            device = session_.device()]() -> AttentionSession& {
        if (!opened->session || opened->checkpoint != checkpoint) {
            opened->session.reset(); // room for the next one
            opened->session = AttentionSession::open(workspace, checkpoint, device);
            opened->checkpoint = checkpoint;
        }
        return *opened->session;
    };
}

void Looking::look(const std::filesystem::path& checkpoint, const AttentionSubject& subject)
{
    cancel();
    ask(
        [open = opener(checkpoint), subject](const JobContext& context) {
            auto& session = open();
            auto scene = session.look(subject, context);
            return scene ? std::optional(std::pair(std::move(*scene), session.description())) : std::nullopt;
        },
        [this](const auto& answer) { Q_EMIT looked(answer.first, QString::fromStdString(answer.second)); });
}

void Looking::askLatents(const std::vector<std::int64_t>& latents)
{
    ask(
        [opened = opened_, latents](const JobContext& context) {
            return opened->session ? opened->session->ofLatents(latents, context) : std::nullopt;
        },
        [this](const LatentAttention& seen) { Q_EMIT latentsSeen(seen); });
}

void Looking::askTokens(const std::vector<std::int64_t>& shownTokens)
{
    ask(
        [opened = opened_, shownTokens](const JobContext& context) {
            return opened->session ? opened->session->onLatents(shownTokens, context) : std::nullopt;
        },
        [this](const AttentionNumbers& onLatents) { Q_EMIT tokensSeen(onLatents); });
}

void Looking::paintBoth(const std::filesystem::path& checkpoint, const AttentionSubject& subject)
{
    cancel();
    ask(
        [open = opener(checkpoint), subject](const JobContext& context) -> std::optional<std::pair<Image, Image>> {
            auto plain = subject;
            plain.edits = {};
            auto before = open().paint(plain, context);
            auto after = before ? open().paint(subject, context) : std::nullopt;
            if (!after)
                return std::nullopt;
            open().look(subject, context); // what is asked next is asked of the edited subject
            return std::pair(std::move(*before), std::move(*after));
        },
        [this](const auto& answer) { Q_EMIT painted(answer.first, answer.second); });
}

} // namespace nanodit
