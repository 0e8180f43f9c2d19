#include "core/encoders/t5.h"
#include "core/golden/golden.h"
#include "core/io/atomic_file.h"
#include "core/runtime/compute.h"
#include "tests/support/test_data.h"

#include <ATen/ATen.h>
#include <QTest>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <fstream>
#include <string>
#include <unistd.h>

using namespace nanodit;

namespace {

std::filesystem::path goldenFolder()
{
    return test::dataPath("golden/03_t5_encoder");
}

T5Config tinyConfig()
{
    T5Config config;
    config.vocabulary = 720;
    config.width = 16;
    config.headWidth = 6;
    config.mlpWidth = 24;
    config.layers = 2;
    config.heads = 3;
    return config;
}

/// A model.safetensors of the right size whose data were never written: sparse, so that it takes no room.
void writeSparseModel(const std::filesystem::path& file, const T5Config& config)
{
    nlohmann::json header;
    std::int64_t end = 0;
    for (const auto& tensor : config.expectedTensors()) {
        std::int64_t bytes = 2;
        for (const auto side : tensor.shape)
            bytes *= side;
        header[tensor.name] = {{"dtype", "BF16"}, {"shape", tensor.shape}, {"data_offsets", {end, end + bytes}}};
        end += bytes;
    }
    auto text = header.dump();
    text.append((8 - text.size() % 8) % 8, ' ');
    std::ofstream out(file, std::ios::binary);
    const std::uint64_t length = text.size();
    out.write(reinterpret_cast<const char*>(&length), sizeof length);
    out << text;
    out.close();
    std::filesystem::resize_file(file, 8 + length + std::uint64_t(end));
}

/// Of this process, with what it has touched of mapped files.
std::int64_t residentBytes()
{
    std::int64_t all = 0, resident = 0;
    std::ifstream("/proc/self/statm") >> all >> resident;
    return resident * ::sysconf(_SC_PAGESIZE);
}

} // namespace

class TestT5 : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { at::manual_seed(4); }

    void matchesGolden()
    {
        const auto lines = encoderGoldenRunners().at("t5_encoder")(goldenFolder(), Compute{});
        QVERIFY(lines.size() >= 8);
        for (const auto& line : lines)
            QVERIFY2(line.passed, (line.name + " " + std::to_string(line.largestError) + " " + line.note).c_str());
    }

    void captionsWithoutPaddingEqualPaddedOnes()
    {
        const auto encoder = T5Encoder::load(goldenFolder());
        const std::vector<std::string> captions = {
            "A photo of a small red fox sitting in the snow.", "", "a <extra_id_0> b",
            "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"};
        constexpr std::int64_t maxTokens = 24;
        const auto trimmed = encoder->encodeCaptions(captions, maxTokens);
        QCOMPARE(trimmed.size(), captions.size());
        for (std::size_t i = 0; i < captions.size(); ++i) {
            const auto ids = encoder->tokenizer().encode(captions[i], maxTokens);
            const auto length = std::int64_t(ids.size());
            auto row = at::zeros({1, maxTokens}, at::kLong), mask = at::zeros({1, maxTokens}, at::kLong);
            row[0].narrow(0, 0, length).copy_(at::tensor(ids, at::kLong));
            mask[0].narrow(0, 0, length).fill_(1);
            const auto padded = encoder->encode(row, mask)[0].narrow(0, 0, length);
            QCOMPARE(trimmed[i].sizes(), padded.sizes());
            QVERIFY((trimmed[i] - padded).abs().max().item<double>() < 1e-5);
            QVERIFY((encoder->encodeCaption(captions[i], maxTokens) - padded).abs().max().item<double>() < 1e-5);
        }
        QCOMPARE(trimmed[1].size(0), 1);
        QCOMPARE(trimmed[3].size(0), maxTokens);
    }

    void wordsSeeEachOther()
    {
        const auto encoder = T5Encoder::load(goldenFolder());
        const auto red = encoder->encodeCaption("a red fox", 32), green = encoder->encodeCaption("a old fox", 32);
        QVERIFY((red[0] - green[0]).abs().max().item<double>() > 1e-3); // "▁a" differs by what follows
    }

    void gradientReachesEveryWeight_data()
    {
        QTest::addColumn<bool>("gated");
        QTest::newRow("gated") << true;
        QTest::newRow("plain") << false;
    }
    void gradientReachesEveryWeight()
    {
        QFETCH(bool, gated);
        auto config = tinyConfig();
        config.gated = gated;
        auto weights = T5Encoder::initialWeights(config, 1);
        for (auto& [name, tensor] : weights)
            tensor.requires_grad_(true);
        const T5Encoder encoder(config, weights);
        encoder.encode(at::randint(0, 720, {2, 9}, at::kLong), {}).square().sum().backward();
        for (const auto& [name, tensor] : weights) {
            QVERIFY2(tensor.grad().defined(), name.c_str());
            QVERIFY2(tensor.grad().abs().max().item<double>() > 0, name.c_str());
        }
    }

    void captionsCarryGradientsToo()
    {
        auto weights = T5Encoder::initialWeights(tinyConfig(), 1);
        auto& table = weights["shared.weight"].requires_grad_(true);
        const T5Encoder encoder(tinyConfig(), weights,
                                std::make_shared<const T5Tokenizer>(goldenFolder() / "spiece.model"));
        encoder.encodeCaptions({"a fox", "snow"}, 8)[1].sum().backward();
        const auto rows = table.grad().abs().sum(1);
        for (const auto id : encoder.tokenizer().encode("snow"))
            QVERIFY(rows[id].item<double>() > 0);
        QCOMPARE(rows[encoder.tokenizer().encode("a")[0]].item<double>(), 0.0);
    }

    void bothHalvesOfASeedCount()
    {
        const auto embeddings = [](std::uint64_t seed) {
            return T5Encoder::initialWeights(tinyConfig(), seed).at("shared.weight");
        };
        QVERIFY(at::equal(embeddings(1), embeddings(1)));
        QVERIFY(!at::equal(embeddings(1), embeddings(1 + (std::uint64_t{1} << 32))));
    }

    void bfloat16IsNearFloat32()
    {
        const auto weights = T5Encoder::initialWeights(tinyConfig(), 1);
        const auto ids = at::randint(0, 720, {2, 7}, at::kLong);
        const auto mask = at::tensor({1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0}, at::kLong).view({2, 7});
        const auto exact = T5Encoder(tinyConfig(), weights).encode(ids, mask);
        const EncoderOptions half{.device = at::kCPU, .compute = at::kBFloat16};
        const auto rough = T5Encoder(tinyConfig(), weights, {}, half).encode(ids, mask);
        QCOMPARE(rough.scalar_type(), at::kBFloat16);
        const auto error = (rough.to(at::kFloat) - exact).abs().max().item<double>();
        QVERIFY2(error > 0 && error < 0.2, std::to_string(error).c_str());
    }

    void aTextOfPaddingAloneStaysFinite()
    {
        const T5Encoder encoder(tinyConfig(), T5Encoder::initialWeights(tinyConfig(), 1));
        const auto encoded = encoder.encode(at::zeros({1, 4}, at::kLong), at::zeros({1, 4}, at::kLong));
        QVERIFY(encoded.isfinite().all().item<bool>());
    }

    void sharedTableIsKnownByEitherName()
    {
        auto weights = T5Encoder::initialWeights(tinyConfig(), 1);
        const auto ids = at::randint(0, 720, {1, 5}, at::kLong);
        const auto wanted = T5Encoder(tinyConfig(), weights).encode(ids, {});
        weights["encoder.embed_tokens.weight"] = weights["shared.weight"];
        weights.erase("shared.weight");
        QVERIFY(at::equal(T5Encoder(tinyConfig(), weights).encode(ids, {}), wanted));
    }

    void stopsWhenAsked()
    {
        const auto encoder = T5Encoder::load(goldenFolder());
        QVERIFY(encoder->encodeCaptions({"a", "b"}, 8, [] { return true; }).empty());
        QVERIFY(encoder->encodeCaptions({}, 8).empty());
    }

    void writtenFoldersLoadAgain()
    {
        const test::TemporaryFolder temporary;
        const auto folder = temporary / "t5";
        const auto weights = T5Encoder::initialWeights(tinyConfig(), 2);
        writeT5Folder(folder, tinyConfig(), weights, goldenFolder() / "spiece.model", 20);
        const auto encoder = T5Encoder::load(folder);
        QCOMPARE(encoder->tokenizer().size(), 620);
        const auto again = encoder->encodeCaption("A photo <extra_id_19>", 16);
        const T5Encoder direct(tinyConfig(), weights,
                               std::make_shared<const T5Tokenizer>(goldenFolder() / "spiece.model", 20));
        QVERIFY(at::equal(again, direct.encodeCaption("A photo <extra_id_19>", 16)));
    }

    void writtenFilesHoldWhatUpstreamsFilesHold()
    {
        const test::TemporaryFolder temporary;
        const auto upstream = readModelFolder(goldenFolder());
        writeT5Folder(temporary / "t5", T5Config::load(goldenFolder()), upstream, goldenFolder() / "spiece.model");
        const auto ours = readModelFolder(temporary / "t5");
        QCOMPARE(ours.size(), upstream.size());
        for (const auto& [name, tensor] : upstream)
            QVERIFY2(ours.count(name) == 1 && at::equal(ours.at(name), tensor.to(at::kFloat)), name.c_str());
        const auto theirs = nlohmann::json::parse(readTextFile(goldenFolder() / "config.json"));
        const auto written = nlohmann::json::parse(readTextFile(temporary / "t5" / "config.json"));
        for (const auto& [key, value] : theirs.items()) {
            if (key == "transformers_version" || key == "scale_decoder_outputs" || key == "tie_word_embeddings" ||
                key == "dtype" || key == "is_decoder")
                continue; // of no meaning to an encoder, or another storage
            QVERIFY2(written.contains(key) && written[key] == value, key.c_str());
        }
    }

    void aModelOfTheSizeOfXxlIsMappedNotRead()
    {
        const test::TemporaryFolder temporary;
        const nlohmann::json xxl = {
            {"model_type", "t5"}, {"vocab_size", 32128}, {"d_model", 4096}, {"d_kv", 64},
            {"d_ff", 10240},      {"num_layers", 24},    {"num_heads", 64}, {"feed_forward_proj", "gated-gelu"}};
        test::writeText(temporary / "config.json", xxl.dump());
        std::filesystem::copy_file(goldenFolder() / "spiece.model", temporary / "spiece.model");
        writeSparseModel(temporary / "model.safetensors", T5Config::load(temporary.path()));
        QVERIFY(std::filesystem::file_size(temporary / "model.safetensors") > 9'400'000'000u);
        const auto before = residentBytes();
        const auto encoder = T5Encoder::load(temporary.path());
        const auto more = residentBytes() - before;
        QCOMPARE(encoder->config().width, 4096);
        QVERIFY2(more < 1'000'000'000, std::to_string(more).c_str());
    }

    void configurationsThatCannotBeUsedAreRefused_data()
    {
        QTest::addColumn<QString>("changes");
        QTest::addColumn<QString>("named");
        QTest::newRow("another model") << R"({"model_type": "umt5"})"
                                       << "umt5";
        QTest::newRow("feed forward") << R"({"feed_forward_proj": "mixed-gelu"})"
                                      << "mixed-gelu";
        QTest::newRow("activation") << R"({"feed_forward_proj": "gated-selu_twice"})"
                                    << "selu_twice";
        QTest::newRow("buckets") << R"({"relative_attention_num_buckets": 2})"
                                 << "2 relative attention buckets";
        QTest::newRow("no number") << R"({"d_model": "wide"})"
                                   << "d_model";
        QTest::newRow("zero") << R"({"num_heads": 0})"
                              << "num_heads";
    }
    void configurationsThatCannotBeUsedAreRefused()
    {
        QFETCH(QString, changes);
        QFETCH(QString, named);
        auto config = tinyConfig().toJson();
        config.update(nlohmann::json::parse(changes.toStdString()));
        const auto error = test::errorOf([&] { T5Config::fromJson(config, "models/t5/config.json"); });
        QVERIFY2(error.find(named.toStdString()) != std::string::npos &&
                     error.find("models/t5/config.json") != std::string::npos,
                 error.c_str());
    }

    void brokenFoldersAreRefusedByName()
    {
        const test::TemporaryFolder temporary;
        const auto folder = temporary / "t5";
        writeT5Folder(folder, tinyConfig(), T5Encoder::initialWeights(tinyConfig(), 2),
                      goldenFolder() / "spiece.model");
        const auto refusal = [&] { return test::errorOf([&] { T5Encoder::load(folder); }); };
        QCOMPARE(refusal(), std::string());
        auto config = tinyConfig();
        config.layers = 3;
        test::writeText(folder / "config.json", config.toJson().dump());
        QVERIFY(refusal().find("encoder.block.2.layer.0.SelfAttention") != std::string::npos);
        config.layers = 1;
        test::writeText(folder / "config.json", config.toJson().dump());
        QVERIFY(refusal().find("holds encoder.block.1.") != std::string::npos);
        config = tinyConfig();
        config.vocabulary = 650;
        test::writeText(folder / "config.json", config.toJson().dump());
        QVERIFY(refusal().find("do not belong together") != std::string::npos);
        test::writeText(folder / "config.json", tinyConfig().toJson().dump());
        std::filesystem::resize_file(folder / "spiece.model", 100'000);
        QVERIFY(refusal().find("spiece.model") != std::string::npos);
        std::filesystem::remove(folder / "spiece.model");
        QVERIFY(refusal().find("has no spiece.model") != std::string::npos);
    }

    void idsOutsideTheVocabularyAreRefused()
    {
        const T5Encoder encoder(tinyConfig(), T5Encoder::initialWeights(tinyConfig(), 2));
        QVERIFY(test::errorOf([&] {
                    encoder.encode(at::full({1, 3}, 720, at::kLong), {});
                }).find("vocabulary of 720") != std::string::npos);
        QVERIFY(test::errorOf([&] { encoder.encodeCaption("a", 8); }).find("no tokenizer") != std::string::npos);
    }
};

QTEST_APPLESS_MAIN(TestT5)
#include "tst_t5.moc"
