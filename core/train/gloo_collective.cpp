#include "core/train/gloo_collective.h"

#include "core/train/group_collective.h"

#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include <csignal>

namespace nanodit {

namespace {

/// A group whose connections can be closed while messages are on their way.
class GlooGroup final : public c10d::ProcessGroupGloo {
public:
    using ProcessGroupGloo::ProcessGroupGloo;
    void closeConnections()
    {
        for (const auto& context : contexts_)
            context->closeConnections();
    }
};

} // namespace

std::shared_ptr<Collective> joinOverGloo(const Meeting& meeting)
{
    // Gloo writes to a process that has just ended, which must be an error that names it, not the end of this one.
    std::signal(SIGPIPE, SIG_IGN);
    return std::make_shared<GroupCollective<GlooGroup>>(meeting, [&meeting](const auto& store) {
        auto options = c10d::ProcessGroupGloo::Options::create(groupTimeout(meeting));
        const bool here = meeting.host == "127.0.0.1" || meeting.host == "localhost";
        options->devices.push_back(here ? c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1")
                                        : c10d::ProcessGroupGloo::createDefaultDevice());
        return c10::make_intrusive<GlooGroup>(store, static_cast<int>(meeting.rank), static_cast<int>(meeting.size),
                                              std::move(options));
    });
}

} // namespace nanodit
