#include "app/cli/commands.h"
#include "app/cli/shared_options.h"
#include "app/cli/wording.h"
#include "core/front/doctor.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <memory>

namespace nanodit::cli {

namespace {

constexpr std::array healthNames = {"ok", "note", "WRONG"};
constexpr std::array healthKeys = {"good", "note", "wrong"};

std::int64_t countOf(const DoctorReport& report, Health health)
{
    return std::count_if(report.findings.begin(), report.findings.end(),
                         [health](const Finding& finding) { return finding.health == health; });
}

/// Sentences in the command line's words, the likeliest first.
std::vector<std::string> remediesOf(const Finding& finding)
{
    auto remedies = finding.remedies;
    if (finding.remedy) {
        auto sentence = remedyText(*finding.remedy) + ".";
        sentence[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(sentence[0])));
        remedies.insert(remedies.begin(), std::move(sentence));
    }
    return remedies;
}

std::string textOf(const DoctorReport& report)
{
    std::size_t width = 0;
    for (const auto& finding : report.findings)
        width = std::max(width, finding.area.size());
    std::string text;
    for (const auto& finding : report.findings) {
        auto head = std::string(healthNames[static_cast<std::size_t>(finding.health)]);
        head.resize(7, ' ');
        auto area = finding.area;
        area.resize(width + 2, ' ');
        text += head + area + finding.text + "\n";
        for (const auto& remedy : remediesOf(finding))
            text += std::string(head.size() + area.size(), ' ') + "- " + remedy + "\n";
    }
    const auto wrong = countOf(report, Health::Wrong), notes = countOf(report, Health::Note);
    text += wrong == 0 ? "\nhealthy" : "\n" + std::to_string(wrong) + (wrong == 1 ? " problem" : " problems");
    if (wrong > 0)
        text += "; below each are its possible causes, most likely first";
    else if (notes > 0)
        text += ", with " + std::to_string(notes) + (notes == 1 ? " note" : " notes");
    return text + "\n";
}

nlohmann::json toJson(const Machine& machine)
{
    const auto& limits = machine.limits;
    return {{"processor", machine.processor},
            {"system", machine.system},
            {"cores", machine.cores},
            {"usable_cores", machine.usableCores()},
            {"memory", machine.memory},
            {"usable_memory", machine.usableMemory()},
            {"available_memory", machine.availableMemory()},
            {"memory_limit_file", limits.memory ? nlohmann::json(limits.memory->file.string()) : nlohmann::json()},
            {"cores_limit_file", limits.cores ? nlohmann::json(limits.cores->file.string()) : nlohmann::json()}};
}

nlohmann::json toJson(const TorchFacts& torch)
{
    auto openMp = nlohmann::json::array();
    for (const auto& file : torch.libraries.openMp)
        openMp.push_back(file.string());
    return {{"built_with", torch.built},
            {"loaded", torch.loaded},
            {"kernels", torch.kernels},
            {"cuda", torch.cuda},
            {"architectures", torch.architectures},
            {"blas", torch.mkl ? "MKL" : torch.blas.description},
            {"blas_file", torch.blas.file.string()},
            {"openmp", openMp},
            {"threads", torch.threads},
            {"float32_flops", torch.float32Rate},
            {"bf16_flops", torch.bf16Rate},
            {"cuda_devices", torch.cudaDevices}};
}

nlohmann::json toJson(const GpuFacts& gpu)
{
    auto devices = nlohmann::json::array();
    for (const auto& device : gpu.devices)
        devices.push_back({{"name", device.name}, {"memory", device.memory}, {"capability", device.capability}});
    return {{"cards", gpu.cards}, {"driver", gpu.kernelDriver}, {"driver_cuda", gpu.driverCuda}, {"devices", devices}};
}

nlohmann::json toJson(const EncoderFacts& encoder)
{
    return {{"role", encoder.role},
            {"folder", encoder.folder.string()},
            {"kind", encoder.kind},
            {"description", encoder.description},
            {"precision", encoder.precision},
            {"parameters", encoder.parameters},
            {"bytes", encoder.bytes},
            {"bytes_used", encoder.bytesUsed},
            {"bytes_read", encoder.bytesRead},
            {"memory_needed", encoder.memoryNeeded},
            {"problems", encoder.problems}};
}

nlohmann::json toJson(const ProofFacts& proof)
{
    return {{"what", proof.what},
            {"where", proof.where},
            {"difference", std::isfinite(proof.difference) ? nlohmann::json(proof.difference) : nlohmann::json()},
            {"tolerance", proof.tolerance},
            {"passed", proof.passed},
            {"note", proof.note}};
}

nlohmann::json toJson(const DoctorReport& report)
{
    const auto& facts = report.facts;
    nlohmann::json json = {{"healthy", report.healthy()},
                           {"wrong", countOf(report, Health::Wrong)},
                           {"notes", countOf(report, Health::Note)},
                           {"findings", nlohmann::json::array()},
                           {"machine", toJson(facts.machine)},
                           {"disk",
                            {{"folder", facts.disk.folder.string()},
                             {"size", facts.disk.size},
                             {"free", facts.disk.free},
                             {"writable", facts.disk.writable}}},
                           {"libtorch", toJson(facts.torch)},
                           {"gpu", toJson(facts.gpu)},
                           {"encoders", nlohmann::json::array()},
                           {"proofs", nlohmann::json::array()}};
    for (const auto& finding : report.findings)
        json["findings"].push_back({{"area", finding.area},
                                    {"health", healthKeys[static_cast<std::size_t>(finding.health)]},
                                    {"text", finding.text},
                                    {"remedies", remediesOf(finding)}});
    for (const auto& encoder : facts.encoders)
        json["encoders"].push_back(toJson(encoder));
    for (const auto& proof : facts.proofs)
        json["proofs"].push_back(toJson(proof));
    return json;
}

void runDoctor(DoctorRequest request, Options& options)
{
    DoctorReport report;
    request.workspace = options.workspace;
    request.device = options.device;
    request.finished = [&report](const DoctorReport& found) { report = found; };
    if (runJob(*makeDoctorJob(std::move(request)), options.output, "") == JobEnd::Cancelled)
        return;
    printResult(options.output, textOf(report), toJson(report));
    if (!report.healthy())
        options.exitCode = exitFailed;
}

} // namespace

void registerDoctor(CLI::App& app, Options& options)
{
    auto* const command = app.add_subcommand(
        "doctor", "Check machine, libraries, GPU, encoders and numerical results; name each problem and its remedies");
    const auto request = std::make_shared<DoctorRequest>();
    command->add_option("--encoders", request->encoders, "Folders to check instead of the workspace's encoders")
        ->check(notEmpty("a folder"));
    command->add_flag("!--no-computing", request->compute, "Only inspect; compute nothing");
    command->callback([request, &options] { runDoctor(*request, options); });
}

} // namespace nanodit::cli
