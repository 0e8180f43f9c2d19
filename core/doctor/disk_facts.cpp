#include "core/doctor/machine_facts.h"

#include <array>
#include <sys/statfs.h>
#include <unistd.h>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

/// Of linux/magic.h, and of those that are not in it: NFS, CIFS, SMB2, AFS, CODA, FUSE (sshfs), Lustre, GPFS, BeeGFS.
constexpr std::array<unsigned long, 9> networks = {0x6969,     0xFF534D42, 0xFE534D42, 0x5346414F, 0x73757245,
                                                   0x65735546, 0x0BD00BD0, 0x47504653, 0x19830326};

} // namespace

DiskFacts gatherDiskFacts(const fs::path& folder)
{
    DiskFacts facts;
    std::error_code error;
    facts.folder = fs::absolute(folder, error).lexically_normal();
    if (!facts.folder.has_filename())
        facts.folder = facts.folder.parent_path();
    while (!fs::exists(facts.folder, error) && facts.folder.has_relative_path())
        facts.folder = facts.folder.parent_path();
    struct statfs state {};
    if (statfs(facts.folder.c_str(), &state) == 0) {
        facts.size = static_cast<std::int64_t>(state.f_blocks) * state.f_bsize;
        facts.free = static_cast<std::int64_t>(state.f_bavail) * state.f_bsize;
        const auto type = static_cast<unsigned long>(state.f_type) & 0xFFFFFFFFUL;
        for (const auto network : networks)
            facts.network = facts.network || type == network;
    }
    facts.writable = access(facts.folder.c_str(), W_OK | X_OK) == 0;
    return facts;
}

} // namespace nanodit
