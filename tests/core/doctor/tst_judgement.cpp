#include "core/doctor/judgement.h"

#include <QTest>

#include <algorithm>
#include <functional>
#include <iterator>
#include <limits>
#include <variant>

using namespace nanodit;

namespace {

constexpr std::int64_t gigabyte = 1'000'000'000;

DoctorFacts healthy()
{
    DoctorFacts facts;
    facts.machine.processor = "A processor";
    facts.machine.system = "Linux";
    facts.machine.cores = facts.machine.coresAllowed = 8;
    facts.machine.memory = 32 * gigabyte;
    facts.machine.memoryFree = 28 * gigabyte;
    facts.disk.folder = "/data/workspace";
    facts.disk.size = 500 * gigabyte;
    facts.disk.free = 200 * gigabyte;
    facts.torch.built = facts.torch.loaded = "1.13.1";
    facts.torch.kernels = "AVX2";
    facts.torch.blas.kind = LoadedBlas::Kind::OpenBlas;
    facts.torch.blas.threads = LoadedBlas::Threads::OpenMp;
    facts.torch.blas.description = "OpenBLAS 0.3.21";
    facts.torch.libraries.openMp = {"/usr/lib/libgomp.so.1"};
    facts.torch.libraries.torch = {"/usr/lib/libtorch_cpu.so"};
    facts.torch.threads = 8;
    facts.torch.float32Rate = 400e9;
    facts.device.device = "cpu";
    facts.workspace = true;
    EncoderFacts encoder;
    encoder.role = "t5";
    encoder.folder = "/models/t5-v1_1-xxl";
    encoder.kind = "T5 encoder";
    encoder.precision = "bfloat16";
    encoder.parameters = 4'700'000'000;
    encoder.bytes = 9 * gigabyte;
    encoder.memoryNeeded = 2 * gigabyte;
    encoder.memoryFor = "a caption of 512 tokens";
    facts.encoders = {encoder};
    ProofFacts proof;
    proof.what = "its gradients";
    proof.where = "cpu, bf16";
    proof.difference = 0.01;
    proof.tolerance = 0.06;
    proof.passed = true;
    facts.proofs = {proof};
    return facts;
}

DoctorFacts withGpu()
{
    auto facts = healthy();
    facts.gpu.cards = 1;
    facts.gpu.kernelDriver = "580.95.05";
    facts.gpu.driverLibrary = true;
    facts.gpu.driverCuda = "13.0";
    GpuDevice device;
    device.name = "NVIDIA H100";
    device.memory = 80 * gigabyte;
    device.capability = 90;
    facts.gpu.devices = {device};
    facts.torch.cuda = "13.0";
    facts.torch.architectures = "75 80 90 100";
    facts.torch.cudaDevices = 1;
    facts.device.device = "cuda";
    return facts;
}

using Change = std::function<void(DoctorFacts&)>;

} // namespace
Q_DECLARE_METATYPE(Change)

class JudgementTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aHealthyMachineHasNothingWrong()
    {
        for (const auto& facts : {healthy(), withGpu()}) {
            const auto findings = judge(facts);
            QVERIFY(!findings.empty());
            for (const auto& finding : findings) {
                QVERIFY2(finding.health == Health::Good, (finding.area + ": " + finding.text).c_str());
                QVERIFY(finding.remedies.empty());
            }
        }
    }

    /// Each fault is found in its area, alone, says what it saw and what to do first.
    void eachFaultIsFound_data();
    void eachFaultIsFound();
    void whatHelpsIsHandedOn();
    void notesLeaveItHealthy_data();
    void notesLeaveItHealthy();
    void howFarWeightsWereReadIsSaid();
};

void JudgementTest::eachFaultIsFound_data()
{
    QTest::addColumn<bool>("gpu");
    QTest::addColumn<Change>("change");
    QTest::addColumn<QString>("area");
    QTest::addColumn<QString>("says");
    QTest::addColumn<QString>("firstRemedy");
    const auto row = [](const char* name, bool gpu, Change change, const char* area, const char* says,
                        const char* remedy) {
        QTest::newRow(name) << gpu << std::move(change) << area << says << remedy;
    };
    row(
        "two OpenMP runtimes", false,
        [](auto& f) {
            f.torch.libraries.openMp = {"/usr/lib/libgomp.so.1", "/opt/torch/lib/libgomp-1.so.1"};
        },
        "OpenMP", "/usr/lib/libgomp.so.1 and /opt/torch/lib/libgomp-1.so.1", "--torch DIR");
    row(
        "one of them preloaded", false,
        [](auto& f) {
            f.torch.libraries.openMp = {"/usr/lib/libgomp.so.1", "/opt/intel/libiomp5.so"};
            f.torch.preload = "/opt/intel/libiomp5.so";
        },
        "OpenMP", "2 OpenMP runtimes", "LD_PRELOAD (/opt/intel/libiomp5.so)");
    row(
        "reference BLAS", false,
        [](auto& f) {
            f.torch.blas = {};
            f.torch.blas.file = "/usr/lib/blas/libblas.so.3";
            f.torch.float32Rate = 8e9;
        },
        "BLAS", "/usr/lib/blas/libblas.so.3", "libopenblas0-openmp");
    row(
        "OpenBLAS on pthreads", false, [](auto& f) { f.torch.blas.threads = LoadedBlas::Threads::Own; }, "BLAS",
        "threads of its own", "libopenblas0-openmp");
    row(
        "serial OpenBLAS", false, [](auto& f) { f.torch.blas.threads = LoadedBlas::Threads::None; }, "BLAS",
        "one thread", "libopenblas0-openmp");
    row(
        "another LibTorch than the headers", false, [](auto& f) { f.torch.loaded = "2.6.0"; }, "LibTorch",
        "built with 1.13.1", "build it again");
    row(
        "two LibTorches", false,
        [](auto& f) {
            f.torch.libraries.torch = {"/usr/lib/libtorch_cpu.so", "/opt/torch/lib/libtorch_cpu.so"};
            f.torch.libraryPath = "/opt/torch/lib";
        },
        "LibTorch", "/opt/torch/lib/libtorch_cpu.so", "LD_LIBRARY_PATH (/opt/torch/lib)");
    row(
        "no disk space", false, [](auto& f) { f.disk.free = gigabyte / 10; }, "disk", "100.0 MB of 500.0 GB",
        "nanodit runs");
    row(
        "a folder of another user", false, [](auto& f) { f.disk.writable = false; }, "disk", "cannot be written",
        "another user");
    row(
        "a control group below the encoder's need", false,
        [](auto& f) {
            f.machine.limits.memory = GroupLimit<std::int64_t>{.value = 3 * gigabyte / 2, .file = "/cg/memory.max"};
        },
        "encoder t5", "more than the 1.5 GB that this process may use (/cg/memory.max)", "sbatch --mem");
    row(
        "a machine below the encoder's need", false, [](auto& f) { f.encoders[0].memoryNeeded = 40 * gigabyte; },
        "encoder t5", "more than the 32.0 GB", "smaller encoder");
    row(
        "a control group too small for anything", false,
        [](auto& f) {
            f.encoders.clear();
            f.machine.limits.memory = GroupLimit<std::int64_t>{.value = gigabyte / 2, .file = "/cg/memory.max"};
        },
        "memory", "500.0 MB (/cg/memory.max)", "docker run --memory");
    row(
        "a broken encoder", false,
        [](auto& f) { f.encoders[0].problems = {"/models/t5-v1_1-xxl/model.safetensors is truncated"}; }, "encoder t5",
        "is truncated", "Or name another folder as encoders.t5 in workspace.yaml");
    row(
        "a workspace that cannot be opened", false,
        [](auto& f) { f.workspaceProblem = Notice{.text = "unknown key in it"}; }, "workspace", "unknown key", "");
    row(
        "wrong numbers", false,
        [](auto& f) {
            f.proofs[0].difference = 0.7;
            f.proofs[0].passed = false;
        },
        "computing", "differs by 0.7, where 0.06 is allowed", "computes it wrongly");
    row(
        "no numbers", false,
        [](auto& f) {
            f.proofs[0].difference = std::numeric_limits<double>::quiet_NaN();
            f.proofs[0].passed = false;
        },
        "computing", "not finite", "computes it wrongly");
    row(
        "no card", false, [](auto& f) { f.device.device = "cuda"; }, "GPU", "no NVIDIA card", "--gpus all");
    row(
        "a LibTorch for the CPU", true,
        [](auto& f) {
            f.torch.cuda.clear();
            f.torch.cudaDevices = 0;
        },
        "GPU", "NVIDIA H100", "packaging/start --cuda");
    row(
        "no such device", true, [](auto& f) { f.device.device = "cuda:1"; }, "GPU", "sees 1 GPU", "--device cuda:0");
    row(
        "a driver that is too old", true,
        [](auto& f) {
            f.torch.cudaDevices = 0;
            f.gpu.kernelDriver = "535.104.05";
            f.gpu.driverCuda = "12.2";
        },
        "GPU", "does not see it", "knows CUDA up to 12.2, and this LibTorch needs 13.0: install driver 580");
    row(
        "hidden GPUs", true,
        [](auto& f) {
            f.torch.cudaDevices = 0;
            f.gpu.visible = "";
        },
        "GPU", "does not see it", "CUDA_VISIBLE_DEVICES");
    row(
        "a GPU of another generation", true, [](auto& f) { f.gpu.devices[0].capability = 61; }, "GPU",
        "75 80 90 100, and the GPU is of 61", "older than this LibTorch");
    row(
        "a GPU too small for the encoder", true, [](auto& f) { f.gpu.devices[0].memory = 8 * gigabyte; }, "encoder t5",
        "more than the 8.0 GB of the GPU", "--device cpu");
}

void JudgementTest::eachFaultIsFound()
{
    QFETCH(bool, gpu);
    QFETCH(Change, change);
    QFETCH(QString, area);
    QFETCH(QString, says);
    QFETCH(QString, firstRemedy);
    auto facts = gpu ? withGpu() : healthy();
    change(facts);
    const auto findings = judge(facts);
    QVERIFY(!isHealthy(findings));
    std::vector<Finding> wrong;
    std::copy_if(findings.begin(), findings.end(), std::back_inserter(wrong),
                 [](const Finding& finding) { return finding.health == Health::Wrong; });
    QCOMPARE(wrong.size(), std::size_t(1));
    QCOMPARE(QString::fromStdString(wrong[0].area), area);
    QVERIFY2(wrong[0].text.find(says.toStdString()) != std::string::npos, wrong[0].text.c_str());
    QCOMPARE(wrong[0].remedies.empty(), firstRemedy.isEmpty());
    if (!firstRemedy.isEmpty())
        QVERIFY2(wrong[0].remedies[0].find(firstRemedy.toStdString()) != std::string::npos,
                 wrong[0].remedies[0].c_str());
}

/// What the program itself can do about a fact of the engine is handed on as data, for the command line to word.
void JudgementTest::whatHelpsIsHandedOn()
{
    auto facts = healthy();
    facts.workspaceProblem = Notice{.text = "it has no records", .remedy = remedy::ImportPictures{}};
    facts.proofs[0].passed = false;
    facts.proofs[0].difference = 0;
    facts.proofs[0].note = "an encoder is not named";
    facts.proofs[0].remedy = remedy::NameEncoder{remedy::Encoder::Vae};
    int handedOn = 0;
    for (const auto& finding : judge(facts)) {
        if (finding.area == "workspace")
            handedOn += finding.remedy && std::holds_alternative<remedy::ImportPictures>(*finding.remedy);
        else if (finding.area == "computing")
            handedOn += finding.remedy && std::holds_alternative<remedy::NameEncoder>(*finding.remedy);
        else
            QVERIFY2(!finding.remedy, finding.area.c_str());
    }
    QCOMPARE(handedOn, 2);
}

void JudgementTest::notesLeaveItHealthy_data()
{
    QTest::addColumn<Change>("change");
    QTest::addColumn<QString>("area");
    const auto row = [](const char* name, Change change, const char* area) {
        QTest::newRow(name) << std::move(change) << area;
    };
    row(
        "little disk space", [](auto& f) { f.disk.free = 5 * gigabyte; }, "disk");
    row(
        "a network file system", [](auto& f) { f.disk.network = true; }, "disk");
    row(
        "more threads than cores", [](auto& f) { f.torch.threads = 16; }, "machine");
    row(
        "other programs hold the memory", [](auto& f) { f.machine.memoryFree = gigabyte / 2; }, "memory");
    row(
        "weights that do not fit in memory", [](auto& f) { f.encoders[0].bytes = 60 * gigabyte; }, "encoder t5");
    row(
        "a GPU that is not used",
        [](auto& f) {
            f = withGpu();
            f.device.device = "cpu";
            f.torch.cuda.clear();
            f.torch.cudaDevices = 0;
        },
        "GPU");
}

void JudgementTest::howFarWeightsWereReadIsSaid()
{
    const auto textOf = [](const DoctorFacts& facts) {
        const auto findings = judge(facts);
        const auto found = std::ranges::find(findings, "encoder t5", &Finding::area);
        return found == findings.end() ? std::string() : found->text;
    };
    auto facts = healthy();
    QVERIFY(textOf(facts).find("NaN") == std::string::npos);
    facts.encoders[0].bytesUsed = facts.encoders[0].bytesRead = 9 * gigabyte;
    QVERIFY(textOf(facts).find("9.0 GB, without NaN or infinite values; needs") != std::string::npos);
    facts.encoders[0].bytesRead = 3 * gigabyte;
    QVERIFY(textOf(facts).find("of which 3.0 GB could be read in the time for that, without") != std::string::npos);
}

void JudgementTest::notesLeaveItHealthy()
{
    QFETCH(Change, change);
    QFETCH(QString, area);
    auto facts = healthy();
    change(facts);
    const auto findings = judge(facts);
    QVERIFY(isHealthy(findings));
    QVERIFY(std::any_of(findings.begin(), findings.end(), [&area](const Finding& finding) {
        return finding.health == Health::Note && finding.area == area.toStdString() && !finding.remedies.empty();
    }));
}

QTEST_APPLESS_MAIN(JudgementTest)
#include "tst_judgement.moc"
