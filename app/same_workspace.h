#pragma once

#include "app/session.h"

#include <filesystem>

namespace nanodit {

/// Whether the workspace that was open when this was made is the one that is open now: another one can open while a
/// question waits for its answer, and what was asked must not happen there.
class SameWorkspace {
public:
    explicit SameWorkspace(const Session& session)
        : session_(session)
        , root_(rootNow())
    {
    }
    explicit operator bool() const { return session_.hasWorkspace() && rootNow() == root_; }

private:
    std::filesystem::path rootNow() const
    {
        return session_.hasWorkspace() ? session_.workspace().root : std::filesystem::path();
    }

    const Session& session_;
    std::filesystem::path root_;
};

} // namespace nanodit
