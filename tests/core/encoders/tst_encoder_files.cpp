#include "core/encoders/json_fields.h"
#include "core/encoders/weights.h"
#include "tests/support/contains.h"
#include "tests/support/peak_bytes.h"
#include "tests/support/test_data.h"

#include <ATen/ATen.h>
#include <QTest>

#include <string>

using namespace nanodit;
using nanodit::test::contains;
using nanodit::test::errorOf;

namespace {

std::filesystem::path stateDict(const std::string& name)
{
    return test::dataPath("golden/torch_pt/" + name);
}

/// The text as an editor of Windows saves it as "Unicode": UTF-16, the low byte first, with a mark.
std::string utf16(const std::string& ascii)
{
    std::string bytes = "\xff\xfe";
    for (const char c : ascii) {
        bytes += c;
        bytes += '\0';
    }
    return bytes;
}

} // namespace

/// What an encoder is read from: its weights and its configuration.
class TestEncoderFiles : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void safetensorsGoBeforeFilesOfTorch()
    {
        const test::TemporaryFolder temporary;
        std::filesystem::copy_file(stateDict("protocol2.pt"), temporary / "pytorch_model.bin");
        const auto fromTorch = readModelFolder(temporary.path());
        QVERIFY(!fromTorch.empty());
        writeTensors(temporary / "model.safetensors", {{"only", at::ones({2})}});
        const auto fromSafetensors = readModelFolder(temporary.path());
        QCOMPARE(fromSafetensors.size(), std::size_t(1));
        QVERIFY(at::equal(fromSafetensors.at("only"), at::ones({2})));
    }

    void shardsOfTorchAreReadTogether()
    {
        const test::TemporaryFolder temporary;
        std::filesystem::copy_file(stateDict("protocol2.pt"), temporary / "pytorch_model-00001-of-00002.bin");
        std::filesystem::copy_file(stateDict("bare_state_dict.pt"), temporary / "pytorch_model-00002-of-00002.bin");
        test::writeText(
            temporary / "pytorch_model.bin.index.json",
            R"({"weight_map": {"a": "pytorch_model-00001-of-00002.bin", "b": "pytorch_model-00002-of-00002.bin"}})");
        std::filesystem::copy_file(stateDict("protocol2.pt"), temporary / "one.pt");
        const auto tensors = readModelFolder(temporary.path());
        const test::TemporaryFolder single;
        std::filesystem::copy_file(stateDict("bare_state_dict.pt"), single / "pytorch_model.bin");
        const auto ofOne = readModelFolder(single.path());
        QVERIFY(!ofOne.empty());
        for (const auto& [name, tensor] : ofOne)
            QVERIFY2(tensors.count(name) == 1, name.c_str());
    }

    void indexesThatLeadOutOfTheFolderAreRefused()
    {
        const test::TemporaryFolder temporary;
        for (const char* const index : {R"({"weight_map": {"a": "../other.bin"}})", R"({"weight_map": {"a": 3}})",
                                        R"({"weight_map": [1]})", R"({})"}) {
            test::writeText(temporary / "pytorch_model.bin.index.json", index);
            const auto error = test::errorOf([&] { readModelFolder(temporary.path()); });
            QVERIFY2(error.find("pytorch_model.bin.index.json") != std::string::npos, error.c_str());
        }
    }

    void foldersWithoutWeightsAreRefused()
    {
        const test::TemporaryFolder temporary;
        const auto error = test::errorOf([&] { readModelFolder(temporary.path()); });
        QVERIFY2(error.find(temporary.path().string()) != std::string::npos, error.c_str());
    }

    void halfPrecisionStaysAsStoredUntilUsed()
    {
        const std::vector<ExpectedTensor> expected = {{"w.weight", {3, 2}, {}}};
        const auto stored = at::randn({3, 2}).to(at::kBFloat16);
        const EncoderWeights weights({{"w.weight", stored}, {"decoder.w", at::ones({1})}}, expected, "x", {});
        QCOMPARE(weights.all().size(), std::size_t(1));
        QCOMPARE(weights.stored("w.weight").data_ptr(), stored.data_ptr());
        QCOMPARE(weights.get("w.weight").scalar_type(), at::kFloat);
        QVERIFY(!weights.find("w.bias").defined());
        const auto x = at::randn({4, 2});
        QVERIFY(at::allclose(weights.linear(x, "w"), at::matmul(x, stored.to(at::kFloat).t())));
    }

    /// Of 10 MB in float32, 4 MB at a time.
    void largeWeightsAreConvertedInParts()
    {
        const at::NoGradGuard noGradient;
        const std::vector<ExpectedTensor> expected = {{"a.weight", {2500, 1024}, {}}, {"a.bias", {2500}, {}}};
        at::manual_seed(5);
        const auto stored = at::randn({2500, 1024}).to(at::kBFloat16), bias = at::randn({2500});
        const EncoderWeights weights({{"a.weight", stored}, {"a.bias", bias}}, expected, "here", {});
        const auto x = at::randn({1, 3, 1024});
        at::Tensor product;
        const auto bytes = test::peakBytes([&] { product = weights.linear(x, "a"); });
        QVERIFY2(bytes < 6'000'000, std::to_string(bytes).c_str());
        const auto should = at::matmul(x, stored.to(at::kFloat).t()) + bias;
        QCOMPARE(product.sizes(), should.sizes());
        QVERIFY(at::allclose(product, should, 1e-4, 1e-3)); // sums of 1024 products, in another order
        std::int64_t asked = 0;
        const auto stop = [&asked] { return ++asked == 2; };
        bool stopped = false;
        try {
            weights.linear(x, "a", stop);
        } catch (const EncodingStopped&) {
            stopped = true;
        }
        QVERIFY(stopped);
    }

    void productsStayInTheirTypeWhereThatIsAskedFor()
    {
        const std::vector<ExpectedTensor> expected = {{"a.weight", {6, 8}, {}}, {"a.bias", {6}, {}}};
        at::manual_seed(5);
        const EncoderWeights weights({{"a.weight", at::randn({6, 8})}, {"a.bias", at::randn({6})}}, expected, "here",
                                     {.products = at::kBFloat16});
        const auto x = at::randn({2, 3, 8});
        const auto product = weights.product(x, "a"), wide = weights.linear(x, "a");
        QVERIFY(product.scalar_type() == at::kBFloat16);
        QVERIFY(wide.scalar_type() == at::kFloat);
        QVERIFY(at::equal(product.to(at::kFloat), wide));
        QVERIFY(at::equal(weights.product(weights.factor(x), "a"), product)); // rounded before or within
    }

    void aConfigurationIsReadInTheEncodingsOfEditors()
    {
        const test::TemporaryFolder folder;
        const std::string text = R"({"patch_size": 14})";
        for (const auto& bytes : {text, "\xef\xbb\xbf" + text, utf16(text)}) {
            test::writeText(folder / "config.json", bytes);
            QCOMPARE(JsonFields::read(folder / "config.json").integer("patch_size", 16), 14);
        }
    }

    void whatIsNoConfigurationIsNamed()
    {
        const test::TemporaryFolder folder;
        const auto refusalOf = [&](const std::string& bytes) {
            test::writeText(folder / "config.json", bytes);
            return errorOf([&] { JsonFields::read(folder / "config.json"); });
        };
        QVERIFY(contains(refusalOf(R"({"patch_size": )"), "config.json is not valid JSON"));
        QVERIFY(contains(refusalOf(utf16("[1]")), "config.json holds a JSON array where an object was expected"));
        QVERIFY(contains(refusalOf("\xff\xfe\x00"), "config.json"));
        QVERIFY(contains(refusalOf("<!DOCTYPE html><html></html>"), "config.json is a web page"));
    }

    void whatIsWrongInAConfigurationIsToldWithWhatToDo()
    {
        const JsonFields fields(nlohmann::json::parse(R"({"width": "wide"})"), "config.json");
        const std::string remedy = "; copy it again from where it came from";
        QCOMPARE(errorOf([&] { fields.integer("width", 1); }),
                 "config.json has \"width\": \"wide\", where a whole number was expected" + remedy);
        QCOMPARE(errorOf([&] { fields.require({"heads"}); }), "config.json lacks \"heads\"" + remedy);
        QVERIFY(errorOf([] { JsonFields(nlohmann::json(3), "config.json"); }).ends_with(remedy));
    }
};

QTEST_APPLESS_MAIN(TestEncoderFiles)
#include "tst_encoder_files.moc"
