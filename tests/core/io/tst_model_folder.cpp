#include "core/io/model_folder.h"
#include "core/io/safetensors.h"
#include "tests/support/contains.h"
#include "tests/support/test_data.h"

#include <QTest>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <sys/stat.h>

using namespace nanodit;
using nanodit::test::contains;
using nanodit::test::errorOf;
using nanodit::test::TemporaryFolder;

namespace fs = std::filesystem;

namespace {

void writeWeights(const fs::path& file, const std::string& tensor, float value)
{
    std::vector<std::byte> bytes(sizeof value);
    std::memcpy(bytes.data(), &value, sizeof value);
    writeSafetensors(file, {{tensor, arrayOf(DType::F32, {1}, bytes)}});
}

std::vector<std::string> namesFound(const fs::path& folder)
{
    std::vector<std::string> names;
    for (const auto& file : findModelFiles(folder).files)
        names.push_back(file.filename().string());
    return names;
}

using Names = std::vector<std::string>;

} // namespace

class TestModelFolder : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void variantsAndOtherNamesAreUsedWhereTheyAreAlone_data()
    {
        QTest::addColumn<QString>("file");
        for (const auto* const name :
             {"model.safetensors", "diffusion_pytorch_model.safetensors", "model.fp16.safetensors",
              "diffusion_pytorch_model.fp16.safetensors", "diffusion_pytorch_model.non_ema.safetensors",
              "t5xxl_fp16.safetensors", "ae.safetensors", "pytorch_model.bin", "diffusion_pytorch_model.bin",
              "pytorch_model.fp16.bin", "dinov2_vits14_pretrain.pth", "vae-ft-mse.ckpt", "model.pt"})
            QTest::newRow(name) << name;
    }
    void variantsAndOtherNamesAreUsedWhereTheyAreAlone()
    {
        QFETCH(QString, file);
        const TemporaryFolder folder;
        for (const auto* const beside : {"config.json", "spiece.model", "training_args.bin", "optimizer.pt",
                                         "model-00001-of-00002.safetensors.incomplete", ".hidden.safetensors"})
            test::writeText(folder / beside, "x");
        writeWeights(folder / file.toStdString(), "w", 1);
        QCOMPARE(namesFound(folder.path()), Names{file.toStdString()});
        QVERIFY(readWeightsFiles(findModelFiles(folder.path())).contains("w")); // whatever the ending
    }

    void whatIsNamedAsWeightsAndHoldsNoneIsNamed()
    {
        const test::TemporaryFolder folder;
        for (const auto& [bytes, says] : {std::pair{"GGUF\3\0\0\0", "a GGUF file, not a file of weights: fetch"},
                                          {"(dp0\nS'a'\np1\n.", "a plain text, not a file of weights"},
                                          {"", "an empty file, not a file of weights"}}) {
            test::writeText(folder / "a.pt", bytes);
            const auto message = test::errorOf([&] { readWeightsFile(folder / "a.pt"); });
            QVERIFY2(message.find(says) != std::string::npos, message.c_str());
        }
    }

    /// A header of 640 bytes makes a safetensors file begin like a pickle of protocol 2.
    void whatAFileIsIsToldByMoreThanItsFirstBytes()
    {
        const TemporaryFolder folder;
        const auto file = folder / "model.safetensors";
        std::string padding;
        for (std::uint64_t header = 0; header != 640; padding += 'x') {
            writeSafetensors(file, {{"w", arrayOf(DType::F32, {0}, {})}}, {{"note", padding}});
            std::ifstream in(file, std::ios::binary);
            in.read(reinterpret_cast<char*>(&header), sizeof header);
            QVERIFY(header <= 640);
        }
        QVERIFY(!isTorchFile(file));
        QVERIFY(readWeightsFile(file).contains("w"));
        std::filesystem::copy_file(test::dataPath("golden/torch_pt/protocol2.pt"), folder / "a.safetensors");
        QVERIFY(isTorchFile(folder / "a.safetensors"));
        std::filesystem::copy_file(test::dataPath("golden/torch_pt/checkpoint_legacy.pt"), folder / "b.safetensors");
        QVERIFY(isTorchFile(folder / "b.safetensors"));
        QVERIFY(!isTorchFile(folder / "missing"));
    }

    void theUsualNameGoesBeforeVariants()
    {
        const TemporaryFolder folder;
        for (const auto* const name :
             {"a.safetensors", "model.fp16.safetensors", "model.safetensors", "pytorch_model.bin"})
            writeWeights(folder / name, "w", 1);
        QCOMPARE(namesFound(folder.path()), Names{"model.safetensors"});
        fs::remove(folder / "model.safetensors");
        QCOMPARE(namesFound(folder.path()), Names{"pytorch_model.bin"});
        fs::remove(folder / "pytorch_model.bin");
        const auto refusal = errorOf([&] { findModelFiles(folder.path()); });
        QVERIFY2(contains(refusal, "several files of weights, a.safetensors, model.fp16.safetensors"), refusal.c_str());
    }

    void shardsAreFoundByAnyIndexOrTogether()
    {
        const TemporaryFolder folder;
        const auto one = "model.fp16-00001-of-00002.safetensors", two = "model.fp16-00002-of-00002.safetensors";
        writeWeights(folder / one, "one", 1);
        writeWeights(folder / two, "two", 2);
        QCOMPARE(namesFound(folder.path()), (Names{one, two})); // without an index
        const auto map = R"({"weight_map": {"one": "model.fp16-00001-of-00002.safetensors",
                                            "two": "model.fp16-00002-of-00002.safetensors"}})";
        for (const auto* const index : {"model.safetensors.index.fp16.json", "model.fp16.safetensors.index.json",
                                        "model.safetensors.index.json"}) {
            test::writeText(folder / index, map);
            QCOMPARE(namesFound(folder.path()), (Names{one, two}));
            QCOMPARE(readWeightsFiles(findModelFiles(folder.path())).size(), std::size_t(2));
            fs::rename(folder / two, folder / "away");
            auto refusal = errorOf([&] { findModelFiles(folder.path()); });
            QVERIFY2(contains(refusal, two) && contains(refusal, "fetch"), refusal.c_str());
            fs::rename(folder / "away", folder / two);
            fs::remove(folder / index);
        }
        fs::remove(folder / one);
        const auto refusal = errorOf([&] { findModelFiles(folder.path()); });
        QVERIFY2(contains(refusal, one), refusal.c_str());
    }

    void shardsOfPyTorchAreFoundWithoutAnIndex()
    {
        const TemporaryFolder folder;
        const auto one = "pytorch_model-00001-of-00002.bin", two = "pytorch_model-00002-of-00002.bin";
        test::writeText(folder / one, "x");
        const auto refusal = errorOf([&] { findModelFiles(folder.path()); });
        QVERIFY2(contains(refusal, two) && contains(refusal, "fetch"), refusal.c_str());
        test::writeText(folder / two, "x");
        QCOMPARE(namesFound(folder.path()), (Names{one, two}));
    }

    void indexesThatMakeNoSenseAreRefused()
    {
        const TemporaryFolder folder;
        for (const auto* const index :
             {"", "[]", "{}", R"({"weight_map": []})", R"({"weight_map": {"a": 3}})", R"({"weight_map": {"a": null}})",
              R"({"weight_map": {"a": "../x.safetensors"}})", R"({"weight_map": {"a": ".."}})"}) {
            test::writeText(folder / "model.safetensors.index.json", index);
            const auto refusal = errorOf([&] { findModelFiles(folder.path()); });
            QVERIFY2(contains(refusal, "model.safetensors.index.json"), refusal.c_str());
        }
        // A name that no file can have is none, and does not cut the sentence short.
        test::writeText(folder / "model.safetensors.index.json", R"({"weight_map": {"a": "b\u0000c"}})");
        const auto refusal = errorOf([&] { findModelFiles(folder.path()); });
        QVERIFY2(contains(refusal, "names no file of its own folder for a"), refusal.c_str());
    }

    void foldersWithoutWeightsSayWhatTheyHold()
    {
        const TemporaryFolder folder;
        const auto refusal = [&] { return errorOf([&] { findModelFiles(folder.path()); }); };
        QVERIFY(contains(refusal(), "it is empty"));
        test::writeText(folder / "config.json", "{}");
        QVERIFY(contains(refusal(), "it holds config.json"));
        fs::create_directory(folder / "checkpoints");
        QVERIFY(contains(refusal(), "name one of its checkpoints"));
        test::writeText(folder / "flax_model.msgpack", "x");
        QVERIFY(contains(refusal(), "another framework"));
        test::writeText(folder / "a.safetensors.incomplete", "x");
        QVERIFY(contains(refusal(), "interrupted download"));
        test::writeText(folder / "a.gguf", "x");
        QVERIFY(contains(refusal(), "GGUF"));
        fs::create_symlink("model.safetensors", folder / "model.safetensors"); // leads to itself
        QVERIFY(contains(refusal(), "model.safetensors is a link to model.safetensors, which does not exist"));
    }

    void aFolderOrAPipeInThePlaceOfWeightsIsNamed()
    {
        const test::TemporaryFolder folder;
        const auto refusal = [&] { return errorOf([&] { findModelFiles(folder.path()); }); };
        fs::create_directory(folder / "model.safetensors");
        QVERIFY(contains(refusal(), (folder / "model.safetensors").string() + " is a folder, where a file"));
        fs::remove(folder / "model.safetensors");
        QCOMPARE(::mkfifo((folder / "pytorch_model.bin").c_str(), 0600), 0);
        QVERIFY(contains(refusal(), (folder / "pytorch_model.bin").string() + " is a pipe or a device"));
    }

    void whatStandsInForWeightsIsNamed_data()
    {
        QTest::addColumn<QByteArray>("content");
        QTest::addColumn<QString>("says");
        QTest::newRow("pointer") << QByteArray("version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 9\n")
                                 << "git lfs pull";
        QTest::newRow("page") << QByteArray("<!DOCTYPE html><html><body>Sign in</body></html>") << "web page";
        QTest::newRow("nothing") << QByteArray() << "an empty file";
        QTest::newRow("zeros") << QByteArray(4096, '\0') << "zero bytes";
        QTest::newRow("text") << QByteArray("hello") << "plain text";
        QTest::newRow("compressed") << QByteArray("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", 10) << "gzip";
        QTest::newRow("gguf") << QByteArray("GGUF\x03\x00\x00\x00 and so on", 20) << "GGUF";
    }
    void whatStandsInForWeightsIsNamed()
    {
        QFETCH(QByteArray, content);
        QFETCH(QString, says);
        const TemporaryFolder folder;
        for (const auto* const name : {"model.safetensors", "pytorch_model.bin", "weights.pt", "weights.ckpt"}) {
            test::writeText(folder / name, content.toStdString());
            const auto refusal = errorOf([&] { readWeightsFile(folder / name); });
            QVERIFY2(contains(refusal, says.toStdString()) && contains(refusal, name), refusal.c_str());
        }
    }

    void adviceNamesTheFolderThatIsMeant()
    {
        const TemporaryFolder folder;
        const auto advice = [&](const std::string& name) { return adviceWithoutConfig(folder / name); };
        QVERIFY(contains(advice("facebook"), "not downloaded"));
        const auto cache = folder / "models--facebook--dinov2-small";
        test::writeText(cache / "snapshots" / "0123abcd" / "config.json", "{}");
        test::writeText(cache / "snapshots" / "older" / "config.json", "{}");
        test::writeText(cache / "refs" / "main", "0123abcd\n");
        QVERIFY(contains(advice("models--facebook--dinov2-small"), (cache / "snapshots" / "0123abcd").string()));
        test::writeText(folder / "flux" / "vae" / "config.json", "{}");
        QVERIFY(contains(advice("flux"), (folder / "flux" / "vae").string()));
        writeWeights(folder / "single" / "ae.safetensors", "w", 1);
        QVERIFY(contains(advice("single"), "ae.safetensors but not the config.json"));
        QVERIFY(contains(advice("single/ae.safetensors"), "it is a file"));
        // A cache that was copied without what its links lead to.
        fs::create_directory(folder / "copied");
        fs::create_symlink("../blobs/0123", folder / "copied" / "config.json");
        QVERIFY(contains(advice("copied"), "is a link to ../blobs/0123, which does not exist"));
    }
};

QTEST_APPLESS_MAIN(TestModelFolder)
#include "tst_model_folder.moc"
