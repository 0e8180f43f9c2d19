#include "core/doctor/encoder_facts.h"
#include "core/io/tensor.h"
#include "tests/support/test_data.h"

#include <ATen/ATen.h>
#include <QTest>

#include <limits>

using namespace nanodit;
namespace fs = std::filesystem;

namespace {

/// A copy of a golden case's model, to be broken.
class Model {
public:
    explicit Model(const std::string& name) { fs::copy(test::dataPath("golden/" + name), path()); }
    fs::path path() const { return folder_ / "model"; }
    fs::path operator/(const std::string& file) const { return path() / file; }
    std::string problem(const std::string& role = {}) const
    {
        const auto facts = inspectEncoder(path(), role);
        return facts.problems.size() == 1 ? facts.problems[0] : std::to_string(facts.problems.size()) + " problems";
    }

private:
    test::TemporaryFolder folder_;
};

void replaceBy(const fs::path& file, const std::string& text)
{
    fs::remove(file);
    test::writeText(file, text);
}

#define VERIFY_SAYS(text, part) QVERIFY2((text).find(part) != std::string::npos, (text).c_str())

} // namespace

class EncoderFactsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void wholeFoldersAreDescribed()
    {
        const auto dino = inspectEncoder(test::dataPath("golden/01_dinov3_vit_swiglu"), "");
        QCOMPARE(dino.kind, std::string("DINOv3 ViT"));
        QVERIFY(dino.parameters > 100'000);
        QVERIFY(dino.bytes > 2 * dino.parameters);
        QVERIFY(dino.memoryNeeded > 0);
        QCOMPARE(dino.precision, std::string("float16"));

        const auto t5 = inspectEncoder(test::dataPath("golden/03_t5_encoder"), "t5", {.textTokens = 77});
        QVERIFY2(t5.problems.empty(), t5.problems.empty() ? "" : t5.problems[0].c_str());
        QCOMPARE(t5.kind, std::string("T5 encoder"));
        QCOMPARE(t5.precision, std::string("bfloat16"));
        QCOMPARE(t5.memoryFor, std::string("a caption of 77 tokens"));

        const auto small = inspectEncoder(test::dataPath("golden/04_vae_f8"), "vae", {.picture = {256, 256}});
        const auto large = inspectEncoder(test::dataPath("golden/04_vae_f8"), "vae", {.picture = {1024, 1024}});
        QCOMPARE(small.kind, std::string("AutoencoderKL"));
        QVERIFY(large.memoryNeeded > 4 * small.memoryNeeded);
    }

    void truncatedWeightsAreNamed()
    {
        const Model model("01_dinov3_vit_swiglu");
        fs::resize_file(model / "model.safetensors", 100'000);
        VERIFY_SAYS(model.problem(), "model.safetensors is truncated");
    }

    void missingFilesAreNamed()
    {
        const Model weights("03_t5_encoder");
        fs::remove(weights / "model.safetensors");
        VERIFY_SAYS(weights.problem("t5"), "safetensors");
        const Model tokenizer("03_t5_encoder");
        fs::remove(tokenizer / "spiece.model");
        VERIFY_SAYS(tokenizer.problem("t5"), "spiece.model");
        const Model processor("02_dinov2");
        VERIFY_SAYS(processor.problem("dino"), "preprocessor_config.json");
        const Model config("01_dinov3_vit_swiglu");
        fs::remove(config / "config.json");
        VERIFY_SAYS(config.problem("dino"), "holds no config.json");
    }

    void downloadsThatWentWrongAreTold()
    {
        const Model model("01_dinov3_vit_swiglu");
        replaceBy(model / "model.safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 9\n");
        VERIFY_SAYS(model.problem(), "git lfs pull");
        replaceBy(model / "model.safetensors", "<!DOCTYPE html><html>Sign in</html>");
        VERIFY_SAYS(model.problem(), "web page");
        replaceBy(model / "model.safetensors", "");
        VERIFY_SAYS(model.problem(), "an empty file");
        replaceBy(model / "config.json", "{");
        replaceBy(model / "model.safetensors", "not a model, but long enough to be read as one");
        VERIFY_SAYS(model.problem(), "config.json");
    }

    void weightsThatAreNotFiniteAreNamed()
    {
        using std::chrono::hours;
        const Model model("03_t5_encoder");
        auto tensors = readTensors(model / "model.safetensors");
        for (auto& [name, tensor] : tensors)
            tensor = tensor.clone();
        const auto whole = inspectEncoder(model.path(), "t5", {}, {.longest = hours(1)});
        QVERIFY2(whole.problems.empty(), whole.problems.empty() ? "" : whole.problems[0].c_str());
        QVERIFY(whole.bytesUsed > 0);
        QCOMPARE(whole.bytesRead, whole.bytesUsed);

        const std::string norm = "encoder.final_layer_norm.weight", words = "shared.weight";
        tensors.at(norm)[0] = std::numeric_limits<float>::infinity();
        tensors.at(words)[1][2] = std::numeric_limits<float>::quiet_NaN();
        fs::remove(model / "model.safetensors");
        writeTensors(model / "model.safetensors", tensors);
        QVERIFY(inspectEncoder(model.path(), "t5").problems.empty()); // nobody asked for it
        const auto facts = inspectEncoder(model.path(), "t5", {}, {.longest = hours(1)});
        QCOMPARE(facts.problems.size(), std::size_t(1));
        VERIFY_SAYS(facts.problems[0],
                    model.path().string() + " holds NaN or infinite values in the tensor " + norm + " and in 1 other");
        const auto stopped = inspectEncoder(model.path(), "t5", {}, {.longest = hours(1), .stop = [] { return true; }});
        QVERIFY(stopped.problems.empty());
        QCOMPARE(stopped.bytesRead, std::int64_t(0));
    }

    void hiddenFilesAreNoFilesOfTheModel()
    {
        const Model model("03_t5_encoder");
        const auto before = inspectEncoder(model.path(), "t5");
        test::writeText(model / "._model.safetensors", "");
        test::writeText(model / "._config.json", "of macOS");
        const auto facts = inspectEncoder(model.path(), "t5");
        QVERIFY2(facts.problems.empty(), facts.problems.empty() ? "" : facts.problems[0].c_str());
        QCOMPARE(facts.bytes, before.bytes);
    }

    void aLinkThatLeadsToItselfIsNoFileOfTheModel()
    {
        const Model model("03_t5_encoder");
        fs::create_symlink("old.safetensors", model / "old.safetensors");
        const auto facts = inspectEncoder(model.path(), "t5");
        QVERIFY2(facts.problems.empty(), facts.problems.empty() ? "" : facts.problems[0].c_str());
    }

    void aFolderTooHighIsToldWhereToLook()
    {
        const test::TemporaryFolder folder;
        fs::create_directories(folder / "snapshots/abc");
        test::writeText(folder / "snapshots/abc/config.json", "{}");
        const auto facts = inspectEncoder(folder.path(), "");
        QCOMPARE(facts.problems.size(), std::size_t(1));
        VERIFY_SAYS(facts.problems[0], (folder / "snapshots/abc").string());
    }

    void anotherKindThanTheSettingNeedsIsTold()
    {
        const Model model("03_t5_encoder");
        VERIFY_SAYS(model.problem("dino"), "holds a T5 encoder");
        replaceBy(model / "config.json", R"({"model_type": "bert"})");
        VERIFY_SAYS(model.problem(), "a kind that is not used here");
        VERIFY_SAYS(model.problem("vae"), "another kind");
    }

    void whatIsNotThereIsTold()
    {
        const auto facts = inspectEncoder("/nowhere/model", "vae");
        QCOMPARE(facts.problems.size(), std::size_t(1));
        VERIFY_SAYS(facts.problems[0], "/nowhere/model does not exist");
        VERIFY_SAYS(facts.problems[0], "choose another folder");
    }
};

QTEST_APPLESS_MAIN(EncoderFactsTest)
#include "tst_encoder_facts.moc"
