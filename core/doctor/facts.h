#pragma once

/// What `nanodit doctor` finds out about a machine and a workspace, as values free of torch types. They are gathered in
/// one place and judged in another, so that every fault can be tested without having it.

#include "core/runtime/compute_choice.h"
#include "core/runtime/loaded_libraries.h"
#include "core/runtime/machine.h"
#include "core/runtime/remedy.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace nanodit {

/// The file system that a folder is on.
struct DiskFacts {
    std::filesystem::path folder;
    std::int64_t size = 0, free = 0; ///< Bytes; free for this user.
    bool writable = true;
    bool network = false; ///< NFS and its kin, where SQLite's locks may not hold.
};

/// The LibTorch of this process.
struct TorchFacts {
    std::string built, loaded; ///< "1.13.1": its headers', and what the library says of itself ("" when it does not).
    std::string kernels;       ///< The instructions that its kernels use: "AVX2"; "" when it does not say.
    std::string cuda;          ///< The CUDA that it was built with: "13.0"; "" for a CPU build.
    std::string architectures; ///< Of GPUs that it has kernels for: "75 80 90"; "" when it does not say.
    bool mkl = false;          ///< MKL is linked into it.
    LoadedBlas blas;
    LoadedLibraries libraries;
    std::string preload, libraryPath; ///< LD_PRELOAD, LD_LIBRARY_PATH.
    int threads = 1;
    double float32Rate =
        0; ///< Floating-point operations a second of a product of matrices on the CPU; 0: not measured.
    double bf16Rate = 0;
    int cudaDevices = 0; ///< That LibTorch sees.
};

struct GpuDevice {
    std::string name;
    std::int64_t memory = 0; ///< Bytes.
    int capability = 0;      ///< 10 * major + minor: 90.
};

/// NVIDIA's GPUs as the machine and its driver report them, independent of LibTorch.
struct GpuFacts {
    int cards = 0;              ///< On the PCI bus.
    std::string kernelDriver;   ///< Version of the kernel's module: "580.95.05"; "" when it is not loaded.
    bool driverLibrary = false; ///< libcuda.so.1 can be loaded.
    std::string driverCuda;     ///< The newest CUDA that the driver knows: "13.0".
    std::string unfit; ///< Why the GPU that is to compute, the first unless another was asked for, cannot; or "".
    std::vector<GpuDevice> devices;
    std::optional<std::string> visible; ///< CUDA_VISIBLE_DEVICES.
};

/// A folder that is, or should be, an encoder.
struct EncoderFacts {
    std::string role; ///< Of workspace.yaml: "dino", "t5", "vae", "lpips"; "" for a folder that was named by itself.
    std::filesystem::path folder;
    std::string kind;        ///< "DINOv3 ViT"; "" when it is no encoder that is known.
    std::string description; ///< "24 layers of width 1024, patches of 16 pixels"
    std::string precision;   ///< Of the weights as they are stored: "bfloat16", "float16 and float32".
    std::int64_t parameters = 0;
    std::int64_t bytes = 0;            ///< Of the weights' files.
    std::int64_t bytesUsed = 0;        ///< Of the tensors that the encoder takes from them.
    std::int64_t bytesRead = 0;        ///< Of those, what was looked through for numbers that are not finite.
    std::int64_t memoryNeeded = 0;     ///< Bytes that must be held while it encodes.
    std::string memoryFor;             ///< "a picture of 1024x1024"
    std::vector<std::string> problems; ///< A sentence each; it cannot be used as it is.
};

/// Something that was computed here, against what it should be.
struct ProofFacts {
    std::string what;      ///< "golden case adamw_ema", "a training step's gradients"
    std::string where;     ///< "cpu, float32", "cuda:0, bf16"
    double difference = 0; ///< Largest, in parts of the tolerance's own measure.
    double tolerance = 0;
    bool passed = false;
    std::string note; ///< Why nothing could be compared, as a sentence; or how much was.
    std::optional<Remedy> remedy = {};
};

struct DoctorFacts {
    Machine machine;
    DiskFacts disk;
    TorchFacts torch;
    GpuFacts gpu;
    ComputeChoice device; ///< What was asked for.
    bool workspace = false;
    std::optional<Notice> workspaceProblem; ///< When there is one that cannot be opened.
    std::vector<EncoderFacts> encoders;
    std::vector<ProofFacts> proofs;
};

} // namespace nanodit
