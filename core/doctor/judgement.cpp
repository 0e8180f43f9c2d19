#include "core/doctor/judgement.h"

#include "core/doctor/judges.h"
#include "core/runtime/number_text.h"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <utility>

namespace nanodit {

namespace {

void judgeWorkspace(const DoctorFacts& facts, Findings& findings)
{
    if (facts.workspaceProblem)
        findings.add("workspace", Health::Wrong, facts.workspaceProblem->text, {}, facts.workspaceProblem->remedy);
    else if (!facts.workspace && facts.encoders.empty())
        findings.add("workspace", Health::Note, "none was checked",
                     {"Name one with --workspace DIR, or folders of encoders with --encoders DIR."});
}

void judgeProof(const LoadedLibraries& libraries, const ProofFacts& proof, Findings& findings)
{
    auto text = proof.what + (proof.where.empty() ? "" : " (" + proof.where + ")") + ": ";
    if (proof.passed) {
        text += proof.tolerance > 0
                    ? "differs by " + roughText(proof.difference) + ", " + roughText(proof.tolerance) + " is allowed"
                    : "is the same to the last bit";
        findings.add("computing", Health::Good, text + (proof.note.empty() ? "" : "; " + proof.note));
        return;
    }
    if (std::isfinite(proof.difference) && proof.difference > 0)
        text += "differs by " + roughText(proof.difference) + ", where " + roughText(proof.tolerance) + " is allowed";
    else
        text += proof.note.empty() ? "gave numbers that are not finite" : proof.note;
    const bool onGpu = proof.where.starts_with("cuda");
    std::vector<std::string> remedies;
    if (libraries.openMp.size() > 1 || libraries.torch.size() > 1)
        remedies.emplace_back("Libraries are in this process twice (see above): fix that first.");
    if (onGpu)
        remedies.emplace_back("The driver and LibTorch are incompatible: install the newest driver for the GPU, or "
                              "build against another LibTorch.");
    remedies.emplace_back("This LibTorch computes it wrongly: run the project's tests (packaging/test), and report the "
                          "difference with the versions above.");
    remedies.emplace_back(onGpu ? "The GPU is faulty or overclocked: try another one, and --device cpu."
                                : "Memory or processor are faulty or overclocked: run a memory test.");
    findings.add("computing", Health::Wrong, text, std::move(remedies), proof.remedy);
}

} // namespace

void Findings::add(std::string area, Health health, std::string text, std::vector<std::string> remedies,
                   std::optional<Remedy> remedy)
{
    findings_.push_back({.area = std::move(area),
                         .health = health,
                         .text = std::move(text),
                         .remedies = std::move(remedies),
                         .remedy = remedy});
}

int majorVersionOf(const std::string& version)
{
    int value = 0;
    std::istringstream in(version);
    in >> value;
    return value;
}

std::vector<Finding> judge(const DoctorFacts& facts)
{
    Findings findings;
    judgeMachine(facts, findings);
    judgeLibraries(facts, findings);
    judgeGpu(facts, findings);
    judgeWorkspace(facts, findings);
    for (const auto& encoder : facts.encoders)
        judgeEncoder(facts, encoder, findings);
    for (const auto& proof : facts.proofs)
        judgeProof(facts.torch.libraries, proof, findings);
    return findings.take();
}

bool isHealthy(const std::vector<Finding>& findings)
{
    return std::none_of(findings.begin(), findings.end(),
                        [](const Finding& finding) { return finding.health == Health::Wrong; });
}

} // namespace nanodit
