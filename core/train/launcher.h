#pragma once

#include "core/train/meeting.h"

#include <cstdint>
#include <functional>
#include <string>

namespace nanodit {

/// Where this process stands in a training that torchrun, mpirun or srun started, by the variables that these set, with
/// MASTER_ADDR and MASTER_PORT for where the processes meet; one alone without any. torchrun itself listens at its
/// MASTER_PORT: the next one is taken. Throws UsageError when something is missing or is no number.
Meeting meetingOfLauncher(const std::function<const char*(const char*)>& variable);

/// The device of one of several ranks on a machine: where "auto" or "cuda" is wanted and there are GPUs, that of the
/// rank's number on its machine, counted round the GPUs that it can use ("cuda:5"). torchrun, mpirun and srun tell that
/// number in LOCAL_RANK, OMPI_COMM_WORLD_LOCAL_RANK and SLURM_LOCALID. Otherwise `wanted`. Throws UsageError when the
/// number is none.
std::string deviceOfRank(const std::string& wanted, std::int64_t usableGpus,
                         const std::function<const char*(const char*)>& variable);

/// Of so many ranks on a machine, those that share the device of the first of them, and so its memory: all of them on a
/// CPU and on a GPU that is named ("cuda:1"), else those that come round to the same GPU.
std::int64_t ranksSharingDevice(const std::string& wanted, std::int64_t ranks, std::int64_t usableGpus);

/// How many ranks torchrun, mpirun or srun started on this machine (LOCAL_WORLD_SIZE, OMPI_COMM_WORLD_LOCAL_SIZE,
/// SLURM_NTASKS_PER_NODE), told to the first of them alone, which counts for all; 1 to the others, and where it is not
/// known.
std::int64_t ranksOfMachine(const std::function<const char*(const char*)>& variable);

/// A port of this machine, for ranks that it starts itself: while this lives, the system gives it to nobody who asks
/// for any port, so that trainings that begin beside each other do not meet. Who names it and sets SO_REUSEADDR may
/// listen there, as LibTorch's store does.
class ReservedPort {
public:
    ReservedPort(); ///< Throws Error.
    ~ReservedPort();
    ReservedPort(const ReservedPort&) = delete;
    ReservedPort& operator=(const ReservedPort&) = delete;

    int number() const { return number_; }

private:
    int descriptor_ = -1;
    int number_ = 0;
};

} // namespace nanodit
