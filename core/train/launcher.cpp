#include "core/train/launcher.h"

#include "core/dataset/rank_share.h"
#include "core/runtime/error.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <netinet/in.h>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

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
        const auto [rest, error] = std::from_chars(port, end, meeting.port);
        if (error != std::errc() || rest != end || meeting.port < 1 || meeting.port > 65535)
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

std::int64_t ranksSharingDevice(const std::string& wanted, std::int64_t ranks, std::int64_t usableGpus)
{
    const bool spread = usableGpus >= 1 && (wanted == "auto" || wanted == "cuda");
    return spread ? (ranks + usableGpus - 1) / usableGpus : ranks;
}

std::int64_t ranksOfMachine(const std::function<const char*(const char*)>& variable)
{
    struct Names {
        const char *rank, *size;
    };
    for (const auto& names : {Names{.rank = "LOCAL_RANK", .size = "LOCAL_WORLD_SIZE"},
                              Names{.rank = "OMPI_COMM_WORLD_LOCAL_RANK", .size = "OMPI_COMM_WORLD_LOCAL_SIZE"},
                              Names{.rank = "SLURM_LOCALID", .size = "SLURM_NTASKS_PER_NODE"}}) {
        const char *const rank = variable(names.rank), *const size = variable(names.size);
        if (rank == nullptr)
            continue;
        std::int64_t number = 1;
        if (size != nullptr && std::strcmp(rank, "0") == 0)
            std::from_chars(size, size + std::strlen(size), number);
        return number < 1 ? 1 : number;
    }
    return 1;
}

ReservedPort::ReservedPort()
    : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    const int yes = 1; // a port that is bound, but not listened on, may then be bound by another that says so, too
    const bool found = descriptor_ >= 0 && ::setsockopt(descriptor_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
                       ::bind(descriptor_, reinterpret_cast<sockaddr*>(&address), length) == 0 &&
                       ::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &length) == 0;
    if (!found) {
        const int code = errno;
        if (descriptor_ >= 0)
            ::close(descriptor_);
        throw Error("no free port was found on this machine: " + std::generic_category().message(code));
    }
    number_ = ntohs(address.sin_port);
}

ReservedPort::~ReservedPort()
{
    ::close(descriptor_);
}

} // namespace nanodit
