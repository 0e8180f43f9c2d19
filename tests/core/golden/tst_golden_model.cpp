#include "core/golden/golden.h"
#include "core/io/tensor.h"
#include "core/runtime/compute.h"
#include "tests/support/far_device.h"
#include "tests/support/test_data.h"

#include <ATen/ATen.h>
#include <QtTest/QTest>

#include <algorithm>
#include <functional>

using namespace nanodit;
namespace fs = std::filesystem;

namespace {

/// A copy of a case of the tree, to be changed.
class ChangedCase {
public:
    explicit ChangedCase(const std::string& name)
    {
        fs::copy(test::dataPath("golden/" + name), folder(), fs::copy_options::recursive);
    }
    fs::path folder() const { return temporary_ / "case"; }
    /// Renames every tensor of a file; those whose new name is empty are left out.
    void rename(const std::string& file, const std::function<std::string(const std::string&)>& renamed) const
    {
        TensorMap tensors;
        for (const auto& [name, tensor] : readTensors(folder() / file)) {
            if (const auto other = renamed(name); !other.empty())
                tensors[other] = tensor.clone();
        }
        fs::remove(folder() / file);
        writeTensors(folder() / file, tensors);
    }
    /// Replaces every tensor of a file by what `changed` makes of it.
    void change(const std::string& file,
                const std::function<at::Tensor(const std::string&, const at::Tensor&)>& changed) const
    {
        TensorMap tensors;
        for (const auto& [name, tensor] : readTensors(folder() / file))
            tensors[name] = changed(name, tensor).clone();
        fs::remove(folder() / file);
        writeTensors(folder() / file, tensors);
    }
    void write(const std::string& file, const std::string& text) const
    {
        fs::remove(folder() / file);
        test::writeText(folder() / file, text);
    }

private:
    test::TemporaryFolder temporary_;
};

/// With every `from` at the begin replaced.
auto beginning(const std::string& from, const std::string& to)
{
    return
        [from, to](const std::string& name) { return name.starts_with(from) ? to + name.substr(from.size()) : name; };
}

} // namespace

/// Golden cases made with PyTorch 2.13 and a plain PyTorch NanoDiT.
class TestGoldenModel : public QObject {
    Q_OBJECT

private Q_SLOTS:
    /// Autograd counts the devices at its first backward pass: the other one has to be there before.
    void initTestCase() { test::farDevice(); }

    void meetsTheGoldens_data()
    {
        QTest::addColumn<QString>("folder");
        QTest::addColumn<QString>("kind");
        QTest::newRow("adamw_ema") << "golden/adamw_ema"
                                   << "adamw_ema";
        QTest::newRow("adamw_ema_nowarmup") << "golden/adamw_ema_nowarmup"
                                            << "adamw_ema";
        QTest::newRow("nanodit_all_options") << "golden/nanodit_all_options"
                                             << "nanodit";
        QTest::newRow("nanodit_rope") << "golden/nanodit_rope"
                                      << "nanodit";
        QTest::newRow("nanodit_rope_prior") << "golden/nanodit_rope_prior"
                                            << "nanodit";
    }

    void meetsTheGoldens()
    {
        QFETCH(QString, folder);
        QFETCH(QString, kind);
        auto runners = modelGoldenRunners();
        runners.merge(optimiserGoldenRunners());
        const auto lines = runners.at(kind.toStdString())(test::dataPath(folder.toStdString()), Compute{});
        QVERIFY(lines.size() > 10);
        for (const auto& line : lines) {
            QVERIFY2(line.passed, (line.name + ": " + std::to_string(line.largestError) + " > " +
                                   std::to_string(line.tolerance) + " " + line.note)
                                      .c_str());
        }
    }

    void meetsTheGoldensOnAnotherDevice_data()
    {
        QTest::addColumn<QString>("folder");
        for (const char* folder : {"01_dinov3_vit_swiglu", "02_dinov2", "03_t5_encoder", "04_vae_f8", "lpips_alex",
                                   "nanodit_all_options", "adamw_ema"})
            QTest::newRow(folder) << QStringLiteral("golden/") + QLatin1String(folder);
    }
    void meetsTheGoldensOnAnotherDevice()
    {
        QFETCH(QString, folder);
        if (folder.endsWith("adamw_ema") && !test::farDeviceLearns())
            QSKIP("this LibTorch learns on NVIDIA's devices alone");
        const auto before = test::farOperations();
        const auto report = runGolden(test::dataPath(folder.toStdString()), {.device = test::farDevice().str()});
        for (const auto& line : report.lines)
            QVERIFY2(line.passed, (line.name + ": " + std::to_string(line.largestError) + " " + line.note).c_str());
        QVERIFY(report.passed());
        QVERIFY2(test::farOperations() > before + 20, "it was computed there");
    }

    /// Three digits are enough for a result as a whole, and it did round to them.
    void meetsTheGoldensInBf16_data()
    {
        QTest::addColumn<QString>("folder");
        QTest::newRow("nanodit") << "golden/nanodit_all_options";
        QTest::newRow("t5") << "golden/03_t5_encoder";
        QTest::newRow("dino") << "golden/01_dinov3_vit_swiglu";
    }
    void meetsTheGoldensInBf16()
    {
        QFETCH(QString, folder);
        const auto report = runGolden(test::dataPath(folder.toStdString()),
                                      {.device = "cpu", .precision = Precision::Bf16, .threads = 1});
        for (const auto& line : report.lines)
            QVERIFY2(line.passed, (line.name + ": " + std::to_string(line.largestError) + " " + line.note).c_str());
        QVERIFY(std::ranges::any_of(report.lines, [](const auto& line) { return line.largestError > 1e-3; }));
    }

    void aWrongOutputFailsInBf16Too()
    {
        const ChangedCase nanodit("nanodit_all_options");
        for (const auto& entry : fs::directory_iterator(nanodit.folder())) {
            const auto file = entry.path().filename().string();
            if (file.ends_with("_outputs.safetensors"))
                nanodit.change(file, [](const std::string& name, const at::Tensor& value) {
                    return name.starts_with("v/") ? value * 1.1F : value;
                });
        }
        const auto report = runGolden(nanodit.folder(), {.device = "cpu", .precision = Precision::Bf16, .threads = 1});
        int outputs = 0;
        for (const auto& line : report.lines) {
            const bool changed = line.name.find("/v/") != std::string::npos;
            outputs += changed;
            QVERIFY2(line.passed != changed, line.name.c_str());
        }
        QVERIFY(outputs > 0);
    }

    void pairsOfPicturesMayHaveAnyName()
    {
        const ChangedCase lpips("lpips_alex");
        for (const auto* const file : {"inputs.safetensors", "outputs.safetensors"})
            lpips.rename(file, beginning("pairs32.", "two cats."));
        const auto report = runGolden(lpips.folder());
        QVERIFY(report.passed());
        QVERIFY(std::ranges::any_of(report.lines, [](const auto& line) { return line.name == "two cats.distance"; }));
    }

    void layersMayHaveAnyName()
    {
        const ChangedCase adamw("adamw_ema");
        const auto renamed = [](std::string name) {
            if (const auto at = name.rfind("2."); at != std::string::npos && (at == 0 || name[at - 1] == '.') &&
                                                  (name.ends_with("weight") || name.ends_with("bias")))
                name.replace(at, 1, "10");
            return name;
        };
        adamw.rename("inputs.safetensors", renamed);
        adamw.rename("outputs.safetensors", renamed);
        const auto report = runGolden(adamw.folder());
        for (const auto& line : report.lines)
            QVERIFY2(line.passed, (line.name + ": " + std::to_string(line.largestError) + " " + line.note).c_str());
        QVERIFY(report.passed());
    }

    void whatACaseLacksIsNamed()
    {
        const ChangedCase lpips("lpips_alex");
        lpips.rename("inputs.safetensors", [](const std::string& name) { return name.ends_with("in1") ? "" : name; });
        auto message = test::errorOf([&] { runGolden(lpips.folder()); });
        QVERIFY2(message.find("inputs.safetensors lacks the tensor black_white.in1") != std::string::npos,
                 message.c_str());
        lpips.write("backbone.json", "{\"tensors\": [{\"shape\": [1]}]}");
        message = test::errorOf([&] { runGolden(lpips.folder()); });
        QVERIFY2(message.find("backbone.json") != std::string::npos &&
                     message.find("lacks \"name\"") != std::string::npos,
                 message.c_str());

        const ChangedCase adamw("adamw_ema");
        adamw.write("case.json", "{\"kind\": \"adamw_ema\"}");
        message = test::errorOf([&] { runGolden(adamw.folder()); });
        QVERIFY2(message.find("case.json lacks \"betas\"") != std::string::npos, message.c_str());
    }

    /// LibTorch's sentence about shapes names no file: ours does.
    void tensorsThatDoNotFitAreNamed()
    {
        const ChangedCase adamw("adamw_ema");
        adamw.rename("inputs.safetensors", [](const std::string& name) {
            return name == "init.2.weight" ? "init.0.weight" : name == "init.0.weight" ? "init.2.weight" : name;
        });
        const auto message = test::errorOf([&] { runGolden(adamw.folder()); });
        QVERIFY2(message.find(adamw.folder().string()) == 0 &&
                     message.find("its tensors do not fit together") != std::string::npos &&
                     message.find("Exception raised") == std::string::npos,
                 message.c_str());
    }

    void aFolderOfCasesStandsForEachOfThem()
    {
        const test::TemporaryFolder folder;
        for (const auto* name : {"variants/b", "variants/a", "variants/none", "single"})
            fs::create_directories(folder / name);
        for (const auto* name : {"variants/b", "variants/a", "single"})
            test::writeText(folder / name / "case.json", "{}");
        const auto variants = folder / "variants";
        QCOMPARE(goldenCases(variants), (std::vector<fs::path>{variants / "a", variants / "b"}));
        QCOMPARE(goldenCases(folder / "single"), std::vector<fs::path>{folder / "single"});
        QCOMPARE(goldenCases(variants / "none"), std::vector<fs::path>{variants / "none"});
        QCOMPARE(goldenCases(folder / "absent"), std::vector<fs::path>{folder / "absent"});
    }
};

QTEST_APPLESS_MAIN(TestGoldenModel)
#include "tst_golden_model.moc"
