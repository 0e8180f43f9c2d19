#include "core/config/workspace_config.h"
#include "core/doctor/doctor.h"
#include "core/doctor/encoder_facts.h"
#include "core/doctor/gpu_facts.h"
#include "core/doctor/judges.h"
#include "core/doctor/machine_facts.h"
#include "core/doctor/proof.h"
#include "core/runtime/compute_devices.h"
#include "core/runtime/compute_info.h"
#include "core/runtime/error.h"
#include "core/runtime/resources.h"
#include "core/runtime/torch_version.h"

#include <algorithm>
#include <chrono>

namespace nanodit {

namespace {

/// The largest of the buckets: it takes the most memory.
ImageSize largestOf(const std::vector<ImageSize>& buckets)
{
    ImageSize largest{1024, 1024};
    for (const auto& bucket : buckets) {
        if (&bucket == &buckets.front() || bucket.width * bucket.height > largest.width * largest.height)
            largest = bucket;
    }
    return largest;
}

/// A folder whose weights the disk holds up is looked through in part: 10 s read a T5-XXL encoder in half precision
/// from a fast disk, and all but that from any.
constexpr std::chrono::seconds longestReading(10);

void lookAtWorkspace(DoctorFacts& facts, const DoctorRequest& request, const JobContext& context)
{
    EncoderLoad load;
    std::vector<std::pair<std::string, std::filesystem::path>> folders;
    if (std::filesystem::exists(request.workspace / "workspace.yaml")) {
        try {
            const auto workspace = Workspace::open(request.workspace);
            facts.workspace = true;
            load = {.picture = largestOf(workspace.config.buckets), .textTokens = workspace.config.textTokens};
            const auto& config = workspace.config;
            for (const auto& [role, folder] : {std::pair<const char*, std::string>{"dino", config.dinoEncoder},
                                               {"t5", config.t5Encoder},
                                               {"vae", config.vae},
                                               {"lpips", config.lpips}}) {
                if (!folder.empty())
                    folders.emplace_back(role, workspace.path(folder));
            }
        } catch (const Error& error) {
            facts.workspaceProblem = noticeOf(error);
        }
    }
    if (!request.encoders.empty()) {
        folders.clear();
        for (const auto& folder : request.encoders)
            folders.emplace_back("", folder);
    }
    for (const auto& [role, folder] : folders)
        facts.encoders.push_back(inspectEncoder(
            folder, role, load, {.longest = longestReading, .stop = [&context] { return context.shouldStop(); }}));
}

/// The device to prove on; empty when it is not there, which is a finding of its own.
std::string deviceOf(const ComputeChoice& choice)
{
    try {
        return chosenDevice(choice.device, gpuFindings());
    } catch (const UsageError&) {
        return {};
    }
}

} // namespace

std::unique_ptr<Job> makeDoctorJob(DoctorRequest request)
{
    checkSpelling(request.device);
    return makeJob([request = std::move(request)](const JobContext& context) {
        setUpCompute(request.device);
        DoctorReport report;
        auto& facts = report.facts;
        facts.device = request.device;
        facts.machine = readMachine();
        facts.disk = gatherDiskFacts(request.workspace);
        facts.gpu = gatherGpuFacts(gpuAskedFor(request.device).value_or(0));
        lookAtWorkspace(facts, request, context);
        if (context.shouldStop())
            return JobEnd::Cancelled;
        // What was built with another LibTorch may end when it computes.
        const bool compute = request.compute && torchMismatch(builtTorchVersion(), loadedTorchVersion()).empty();
        facts.torch = gatherTorchFacts(compute);
        auto choice = request.device;
        choice.device = deviceOf(request.device);
        if (compute && !choice.device.empty()) {
            try {
                facts.proofs = gatherProofs(resourcesFolder(), choice, context);
            } catch (const Error& error) {
                facts.proofs.push_back(
                    {.what = "the golden cases", .where = {}, .note = error.what(), .remedy = error.remedy()});
            }
        }
        facts.torch.libraries = loadedLibraries(); // computing may have loaded more
        if (context.shouldStop())
            return JobEnd::Cancelled;
        report.findings = judge(facts);
        request.finished(report);
        return JobEnd::Finished;
    });
}

} // namespace nanodit
