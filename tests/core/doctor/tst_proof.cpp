#include "core/doctor/proof.h"
#include "core/io/atomic_file.h"
#include "core/runtime/resources.h"
#include "tests/support/far_device.h"
#include "tests/support/test_data.h"

#include <QTest>

#include <algorithm>

using namespace nanodit;
namespace fs = std::filesystem;

namespace {

const ComputeChoice onCpu = {.device = "cpu"};

std::string textOf(const ProofFacts& proof)
{
    return proof.what + " (" + proof.where + "): " + std::to_string(proof.difference) + " of " +
           std::to_string(proof.tolerance) + " " + proof.note;
}

} // namespace

class ProofTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    /// Autograd counts the devices at its first backward pass: the other one has to be there before.
    void initTestCase() { test::farDevice(); }

    void everythingIsProvedOnTheCpu()
    {
        const auto proofs = gatherProofs(resourcesFolder(), onCpu, {});
        int goldens = 0, bf16 = 0, same = 0;
        for (const auto& proof : proofs) {
            QVERIFY2(proof.passed, textOf(proof).c_str());
            goldens += proof.what.starts_with("golden case");
            bf16 += proof.where == "cpu, bf16" && proof.difference > 1e-5; // it did compute in bf16
            same += proof.where == "cpu, float32" && proof.difference == 0;
        }
        QVERIFY(goldens >= 3);
        QCOMPARE(bf16, 4);
        QCOMPARE(same, 7);
    }

    /// A device that is not the CPU in all that matters here: nothing may be computed with tensors of both.
    void everythingIsProvedOnAnotherDevice()
    {
        if (!test::farDeviceLearns())
            QSKIP("this LibTorch learns on NVIDIA's devices alone");
        const auto device = test::farDevice().str();
        const auto before = test::farOperations();
        int there = 0, goldens = 0;
        for (const auto& proof : gatherProofs(resourcesFolder(), {.device = device}, {})) {
            QVERIFY2(proof.passed, textOf(proof).c_str());
            there += proof.where.starts_with(device);
            goldens += proof.what.starts_with("golden case");
        }
        QVERIFY(goldens >= 3);
        QCOMPARE(there, 11 + goldens);
        QVERIFY(test::farOperations() > before + 100);
    }

    void wrongResultsAndAbsentFilesFail()
    {
        const test::TemporaryFolder folder;
        fs::create_directories(folder / "golden");
        fs::copy(resourcesFolder() / "golden/adamw_ema", folder / "golden/adamw_ema", fs::copy_options::recursive);
        const auto file = folder / "golden/adamw_ema/inputs.safetensors";
        auto bytes = readTextFile(file);
        bytes.back() = static_cast<char>(bytes.back() ^ 0x41); // another sign or exponent of the last number
        fs::remove(file);
        test::writeText(file, bytes);
        fs::create_directory(folder / "demo"); // without encoders
        const auto proofs = gatherProofs(folder.path(), onCpu, {});
        const auto failed = [&proofs](const std::string& what) {
            return std::any_of(proofs.begin(), proofs.end(), [&what](const ProofFacts& proof) {
                return !proof.passed && proof.what == what && !proof.note.empty();
            });
        };
        QVERIFY(failed("golden case adamw_ema"));
        QVERIFY(failed("the demo's encoders"));
        QVERIFY(!failed("a training step"));
    }

    void aStoppedOneEndsEarly()
    {
        JobContext context;
        context.control->requestStop();
        QVERIFY(gatherProofs(resourcesFolder(), onCpu, context).empty());
    }
};

QTEST_APPLESS_MAIN(ProofTest)
#include "tst_proof.moc"
