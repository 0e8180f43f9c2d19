#pragma once

#include "core/runtime/job.h"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace nanodit {

class JobContext;

/// A piece of work that one process does at a time: held while this object lives, and given back when its process ends,
/// however it ends.
class WorkClaim {
public:
    /// Empty while somebody else holds it. `file` is made where there is none. Throws StoreError.
    static std::optional<WorkClaim> tryTake(const std::filesystem::path& file);
    ~WorkClaim();
    WorkClaim(WorkClaim&& other) noexcept;
    WorkClaim& operator=(WorkClaim&&) = delete;

private:
    explicit WorkClaim(int descriptor)
        : descriptor_(descriptor)
    {
    }
    int descriptor_ = -1;
};

/// Does every piece of work that is not done, in order, claim by claim below `claims`, beside any number of processes
/// that do the same; returns when all are done, by whomever. False when `work` returned false or the context was
/// stopped.
bool shareWork(const std::vector<std::string>& names, const std::filesystem::path& claims,
               const std::function<bool(std::size_t)>& done, const std::function<bool(std::size_t)>& work,
               const JobContext& context);

} // namespace nanodit
