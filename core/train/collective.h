#pragma once

#include "core/train/meeting.h"

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace nanodit {

/// The processes that train one model together, as one of them sees them. Every rank calls the same functions in the
/// same order; each returns when all have. Throws Error when a rank has ended or does not answer.
class Collective {
public:
    virtual ~Collective() = default;
    virtual std::int64_t rank() const = 0; ///< From 0.
    virtual std::int64_t size() const = 0;
    /// The device whose tensors travel without a detour over another; the CPU's can always be summed.
    virtual at::Device home() const { return at::kCPU; }
    /// Makes of a contiguous tensor of the CPU or of home() the sum over the ranks, the same to the last bit on each.
    virtual void sum(const at::Tensor& tensor) = 0;
    /// Begins a sum and returns, perhaps before it is made; what it gives waits for that and throws what sum() throws.
    /// Until then nobody touches the tensor.
    virtual std::function<void()> beginSum(const at::Tensor& tensor);
    /// Gives every rank what rank 0 has in a contiguous CPU tensor.
    virtual void shareFromFirst(const at::Tensor& tensor) = 0;

    /// From a true to the false behind it the others wait for this rank however long it takes, while it lives; else
    /// they lose patience (Meeting::patience).
    virtual void workAlone(bool /*begins*/) {}

    bool alone() const { return size() == 1; }
    /// Whether it is so on any rank.
    bool any(bool here);
    /// What each rank has to say, by rank; without the character of code 0.
    std::vector<std::string> gather(const std::vector<std::string>& here);
    /// The bytes of each rank.
    std::vector<std::string> gatherBytes(const std::string& here);
};

/// While it stands, this rank does what the others wait for.
class WorkAlone {
public:
    explicit WorkAlone(Collective& ranks)
        : ranks_(ranks)
    {
        ranks_.workAlone(true);
    }
    ~WorkAlone() { ranks_.workAlone(false); }
    WorkAlone(const WorkAlone&) = delete;
    WorkAlone& operator=(const WorkAlone&) = delete;

private:
    Collective& ranks_;
};

/// One process, which needs nobody.
std::shared_ptr<Collective> aloneCollective();

/// Waits for the others (LibTorch's c10d: TCPStore; ProcessGroupNCCL between GPUs where this program was built with it,
/// else ProcessGroupGloo). `device`: that this rank computes on. Throws Error when they do not come, or when this
/// program was built without either.
std::shared_ptr<Collective> joinCollective(const Meeting& meeting, at::Device device = at::kCPU);

} // namespace nanodit
