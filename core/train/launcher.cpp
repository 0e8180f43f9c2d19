#include "core/train/launcher.h"

#include "core/dataset/rank_share.h"
#include "core/runtime/error.h"

#include <charconv>
#include <cstring>
#include <optional>
#include <string>
#include <system_error>

namespace nanodit {

Meeting meetingOfLauncher(const std::function<const char*(const char*)>& variable)
{
    const auto share = rankShare(std::nullopt, std::nullopt, variable);
    Meeting meeting{.rank = share.rank, .size = share.worldSize};
    if (share.isWhole())
        return meeting;
    const char* const host = variable("MASTER_ADDR");
    if (host == nullptr)
        throw UsageError("rank " + std::to_string(share.rank) + " of " + std::to_string(share.worldSize) + " (" +
                         share.origin +
                         ") does not know where the others are: set MASTER_ADDR to the machine of rank 0, and "
                         "MASTER_PORT to a free port of it, as torchrun does");
    meeting.host = host;
    if (const char* const port = variable("MASTER_PORT")) {
        const char* const end = port + std::strlen(port);
        if (std::from_chars(port, end, meeting.port).ptr != end || meeting.port < 1 || meeting.port > 65535)
            throw UsageError(std::string("MASTER_PORT is \"") + port + "\" instead of a number from 1 to 65535");
    }
    const char* const agent = variable("TORCHELASTIC_USE_AGENT_STORE");
    if (agent != nullptr && std::strcmp(agent, "True") == 0) // torchrun's own LibTorch, perhaps of another version
        meeting.port += meeting.port < 65535 ? 1 : -1;
    return meeting;
}

std::string deviceOfRank(const std::string& wanted, std::int64_t usableGpus,
                         const std::function<const char*(const char*)>& variable)
{
    if (usableGpus < 1 || (wanted != "auto" && wanted != "cuda"))
        return wanted;
    for (const char* const name : {"LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_RANK", "SLURM_LOCALID"}) {
        const char* const text = variable(name);
        if (text == nullptr)
            continue;
        std::int64_t number = 0;
        const char* const end = text + std::strlen(text);
        const auto [rest, error] = std::from_chars(text, end, number);
        if (error != std::errc() || rest != end || number < 0)
            throw UsageError("the variable " + std::string(name) + " is \"" + text +
                             "\" instead of the rank's number on this machine, counted from 0");
        return "cuda:" + std::to_string(number % usableGpus);
    }
    return wanted;
}

} // namespace nanodit
