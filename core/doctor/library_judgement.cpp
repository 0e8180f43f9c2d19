#include "core/doctor/judges.h"
#include "core/runtime/number_text.h"

#include <algorithm>

namespace nanodit {

namespace {

/// A product of matrices on one thread: the reference BLAS makes one to three, OpenBLAS and MKL from ten on.
constexpr double slowestGoodRate = 6e9;

std::string pathsInWords(const std::vector<std::filesystem::path>& files)
{
    std::string text;
    for (std::size_t i = 0; i < files.size(); ++i)
        text += (i == 0 ? "" : i + 1 == files.size() ? " and " : ", ") + files[i].string();
    return text;
}

/// "2.6.0" -> "2.6": within a minor version LibTorch's layout stays.
std::string minorOf(const std::string& version)
{
    return version.substr(0, version.find('.', version.find('.') + 1));
}

/// The likeliest remedy where the environment brings a library; "" where it does not.
std::string preloaded(const TorchFacts& torch, const char* what)
{
    if (!torch.preload.empty())
        return "LD_PRELOAD (" + torch.preload + ") loads " + what + ": unset it.";
    if (!torch.libraryPath.empty())
        return "LD_LIBRARY_PATH (" + torch.libraryPath + ") leads to " + what + ": unset it.";
    return {};
}

void judgeTorch(const TorchFacts& torch, Findings& findings)
{
    auto text = "LibTorch " + (torch.loaded.empty() ? torch.built : torch.loaded);
    if (!torch.libraries.torch.empty())
        text += " in " + torch.libraries.torch.front().parent_path().string();
    text += torch.cuda.empty() ? ", for the CPU" : ", for CUDA " + torch.cuda;
    if (!torch.kernels.empty())
        text += ", kernels for " + torch.kernels;

    std::vector<std::string> remedies;
    if (auto brought = preloaded(torch, "another LibTorch"); !brought.empty())
        remedies.push_back(std::move(brought));
    remedies.emplace_back("LibTorch was replaced or upgraded after the program was built: build it again "
                          "(packaging/start does that).");
    if (torch.libraries.torch.size() > 1 || torch.libraries.c10.size() > 1) {
        const auto& files = torch.libraries.torch.size() > 1 ? torch.libraries.torch : torch.libraries.c10;
        findings.add("LibTorch", Health::Wrong, "two copies of LibTorch are in this process: " + pathsInWords(files),
                     remedies);
    } else if (!torch.loaded.empty() && minorOf(torch.loaded) != minorOf(torch.built)) {
        findings.add("LibTorch", Health::Wrong,
                     text + "; but the program was built with " + torch.built +
                         ", whose layout in memory is another one: results may be wrong, or the program may end",
                     remedies);
    } else {
        findings.add("LibTorch", Health::Good, text);
    }
}

std::string blasText(const TorchFacts& torch)
{
    const auto& blas = torch.blas;
    std::string text = "an unknown BLAS";
    if (torch.mkl)
        text = "MKL, within LibTorch";
    else if (blas.kind == LoadedBlas::Kind::OpenBlas)
        text = blas.description.empty() ? "OpenBLAS" : blas.description;
    else if (blas.kind == LoadedBlas::Kind::Mkl)
        text = "MKL";
    else if (blas.kind == LoadedBlas::Kind::Blis)
        text = "BLIS";
    if (!torch.mkl && !blas.file.empty())
        text += " (" + blas.file.string() + ")";
    if (torch.float32Rate > 0)
        text += ", " + decimalText(torch.float32Rate / 1e9, 0) + " GFLOP/s in float32";
    if (torch.bf16Rate > 0)
        text += " and " + decimalText(torch.bf16Rate / 1e9, 0) + " in bf16";
    return text;
}

void judgeBlas(const TorchFacts& torch, Findings& findings)
{
    const auto& blas = torch.blas;
    const bool known = torch.mkl || blas.kind != LoadedBlas::Kind::Unknown;
    const double each = torch.float32Rate / std::max(1, torch.threads);
    std::vector<std::string> remedies;
    if (auto brought = preloaded(torch, "another BLAS"); !brought.empty())
        remedies.push_back(std::move(brought));
    if (!known && (torch.float32Rate == 0 || each < slowestGoodRate)) {
        remedies.emplace_back("OpenBLAS is not installed: install the Debian package libopenblas0-openmp and build "
                              "again.");
        remedies.emplace_back("The system's alternatives prefer the reference BLAS: \"update-alternatives --config "
                              "libblas.so.3-x86_64-linux-gnu\" chooses OpenBLAS.");
        findings.add("BLAS", Health::Wrong,
                     blasText(torch) + ": the reference BLAS, tens of times slower than OpenBLAS", std::move(remedies));
    } else if (!torch.mkl && blas.kind == LoadedBlas::Kind::OpenBlas && blas.threads == LoadedBlas::Threads::Own) {
        remedies.emplace_back("The build of OpenBLAS on pthreads is installed: install the Debian package "
                              "libopenblas0-openmp and build again.");
        findings.add("BLAS", Health::Wrong,
                     blasText(torch) + ": built on threads of its own, which compete with LibTorch's for the cores",
                     std::move(remedies));
    } else if (!torch.mkl && blas.kind == LoadedBlas::Kind::OpenBlas && blas.threads == LoadedBlas::Threads::None &&
               torch.threads > 1) {
        remedies.emplace_back("The serial build of OpenBLAS is installed: install the Debian package "
                              "libopenblas0-openmp and build again.");
        findings.add("BLAS", Health::Wrong, blasText(torch) + ": built for one thread, so the other cores are idle",
                     std::move(remedies));
    } else {
        findings.add("BLAS", Health::Good, blasText(torch));
    }
}

void judgeOpenMp(const TorchFacts& torch, Findings& findings)
{
    const auto& runtimes = torch.libraries.openMp;
    if (runtimes.size() > 1) {
        std::vector<std::string> remedies;
        if (auto brought = preloaded(torch, "one of them"); !brought.empty())
            remedies.push_back(std::move(brought));
        remedies.emplace_back("LibTorch brings an OpenMP of its own and the program was linked with the system's: "
                              "build against that LibTorch with packaging/start --torch DIR, which takes its OpenMP.");
        remedies.emplace_back("A BLAS or another library was built by another compiler: use the one that belongs to "
                              "LibTorch.");
        findings.add(
            "OpenMP", Health::Wrong,
            counted(static_cast<std::int64_t>(runtimes.size()), "OpenMP runtime") +
                " are in this process: " + pathsInWords(runtimes) +
                ". Each keeps threads of its own for every core, so they compete, and --threads sets those of one "
                "only",
            std::move(remedies));
    } else if (runtimes.empty()) {
        findings.add("OpenMP", Health::Note, "no OpenMP runtime is in this process",
                     {"LibTorch was built without OpenMP, or it is linked into it: check that the rates of the BLAS "
                      "are right."});
    } else {
        findings.add("OpenMP", Health::Good, "one runtime: " + runtimes.front().string());
    }
}

} // namespace

void judgeLibraries(const DoctorFacts& facts, Findings& findings)
{
    judgeTorch(facts.torch, findings);
    judgeBlas(facts.torch, findings);
    judgeOpenMp(facts.torch, findings);
}

} // namespace nanodit
