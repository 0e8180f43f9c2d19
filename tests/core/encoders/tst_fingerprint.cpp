#include "core/encoders/fingerprint.h"
#include "tests/support/test_data.h"

#include <QTest>
#include <nlohmann/json.hpp>

#include <fstream>
#include <iterator>
#include <string>
#include <utility>

using namespace nanodit;

namespace {

void makeEncoder(const std::filesystem::path& folder)
{
    test::writeText(folder / "config.json", "{}");
    test::writeText(folder / "model.safetensors", std::string(100'000, 'w'));
    test::writeText(folder / "README.md", "words");
}

} // namespace

class TestFingerprint : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void changesWithWhatDecidesTheOutputAndOnlyWithThat()
    {
        const test::TemporaryFolder temporary;
        makeEncoder(temporary / "vit");
        const auto cache = temporary / "cache.json";
        const auto first = encoderFingerprint(temporary / "vit", cache);
        QCOMPARE(first.size(), std::size_t(64));
        test::writeText(temporary / "vit" / "README.md", "other words");
        QCOMPARE(encoderFingerprint(temporary / "vit", cache), first);
        test::writeText(temporary / "vit" / "config.json", "{ }");
        const auto second = encoderFingerprint(temporary / "vit", cache);
        QVERIFY(second != first);
        test::writeText(temporary / "vit" / "spiece.model", "pieces");
        QVERIFY(encoderFingerprint(temporary / "vit", cache) != second);
    }

    void coversExactlyWhatIsRead()
    {
        const test::TemporaryFolder temporary;
        const auto folder = temporary / "flux" / "text_encoder_2", cache = temporary / "cache.json";
        makeEncoder(folder);
        test::writeText(folder / "config.json", R"({"model_type": "t5"})");
        auto last = encoderFingerprint(folder, cache);
        const auto changed = [&] {
            const auto before = std::exchange(last, encoderFingerprint(folder, cache));
            return before != last;
        };
        test::writeText(temporary / "flux" / "tokenizer_2" / "spiece.model", "pieces");
        QVERIFY(changed()); // a tokenizer next door decides as well
        test::writeText(temporary / "flux" / "tokenizer_2" / "tokenizer_config.json", "{}");
        QVERIFY(changed());
        test::writeText(folder / "processor_config.json", "{}");
        QVERIFY(changed());
        test::writeText(folder / "model.fp16.safetensors", "not used beside model.safetensors");
        test::writeText(folder / "training_args.bin", "not weights");
        test::writeText(folder / "model-00001-of-00002.safetensors.incomplete", "");
        QVERIFY(!changed());
        std::filesystem::rename(temporary / "flux", temporary / "moved");
        QCOMPARE(encoderFingerprint(temporary / "moved" / "text_encoder_2", cache), last);
    }

    void aConfigurationInUtf16CallsForItsTokenizerToo()
    {
        const test::TemporaryFolder temporary;
        const auto folder = temporary / "flux" / "text_encoder_2", cache = temporary / "cache.json";
        makeEncoder(folder);
        std::string config = "\xff\xfe"; // the low byte of each character first
        for (const char c : std::string(R"({"model_type": "t5"})")) {
            config += c;
            config += '\0';
        }
        test::writeText(folder / "config.json", config);
        const auto alone = encoderFingerprint(folder, cache);
        test::writeText(temporary / "flux" / "tokenizer_2" / "spiece.model", "pieces");
        QVERIFY(encoderFingerprint(folder, cache) != alone);
    }

    void doesNotDependOnTheFoldersPlace()
    {
        const test::TemporaryFolder temporary;
        makeEncoder(temporary / "a");
        makeEncoder(temporary / "b");
        QCOMPARE(encoderFingerprint(temporary / "a", temporary / "c.json"),
                 encoderFingerprint(temporary / "b", temporary / "c.json"));
    }

    void filesAreReadOnce()
    {
        const test::TemporaryFolder temporary;
        makeEncoder(temporary / "vit");
        const auto weights = temporary / "vit" / "model.safetensors";
        const auto cache = temporary / "deep" / "cache.json";
        const auto first = encoderFingerprint(temporary / "vit", cache);
        // What is remembered of the file's state is believed: another hash there comes out again.
        std::ifstream in(cache);
        std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
        const std::string before = "\"sha256\":\"";
        const auto at = text.find(before) + before.size();
        QVERIFY(at < text.size());
        text.replace(at, 4, text.compare(at, 4, "0000") == 0 ? "1111" : "0000");
        test::writeText(cache, text);
        QVERIFY(encoderFingerprint(temporary / "vit", cache) != first);
        std::filesystem::remove(cache);
        QCOMPARE(encoderFingerprint(temporary / "vit", cache), first);
        // Other contents of the same size and time are seen all the same.
        const auto time = std::filesystem::last_write_time(weights);
        test::writeText(weights, std::string(100'000, 'x'));
        std::filesystem::last_write_time(weights, time);
        QVERIFY(encoderFingerprint(temporary / "vit", cache) != first);
    }

    void aBrokenCacheIsMadeAgain()
    {
        const test::TemporaryFolder temporary;
        makeEncoder(temporary / "vit");
        const auto cache = temporary / "cache.json";
        const auto first = encoderFingerprint(temporary / "vit", cache);
        std::ifstream in(cache);
        const auto good = nlohmann::json::parse(in);
        for (const auto& broken : {nlohmann::json(), nlohmann::json(3), nlohmann::json::array(), nlohmann::json("x")}) {
            for (const auto* const key : {"state", "sha256"}) {
                auto spoilt = good;
                for (auto& [file, entry] : spoilt.items())
                    entry[key] = broken;
                test::writeText(cache, spoilt.dump());
                QCOMPARE(encoderFingerprint(temporary / "vit", cache), first);
            }
        }
        for (const char* const text : {"", "[1, 2]", "{\"cut", "{\"a\": 3}", "null"}) {
            test::writeText(cache, text);
            QCOMPARE(encoderFingerprint(temporary / "vit", cache), first);
        }
    }

    void stopsWhenAskedAndRemembersNothingHalf()
    {
        const test::TemporaryFolder temporary;
        makeEncoder(temporary / "vit");
        JobContext context;
        context.control->requestStop();
        QCOMPARE(encoderFingerprint(temporary / "vit", temporary / "cache.json", context), std::string());
        QVERIFY(!std::filesystem::exists(temporary / "cache.json"));
    }

    void foldersWithoutConfigAreRefused()
    {
        const test::TemporaryFolder temporary;
        const auto error = test::errorOf([&] { encoderFingerprint(temporary.path(), temporary / "cache.json"); });
        QVERIFY(error.find("config.json") != std::string::npos);
    }
};

QTEST_APPLESS_MAIN(TestFingerprint)
#include "tst_fingerprint.moc"
