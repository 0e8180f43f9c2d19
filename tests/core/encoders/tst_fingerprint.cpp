#include "core/encoders/fingerprint.h"
#include "tests/support/test_data.h"

#include <QtTest>

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
        // Same size, same time: not read again, so the change goes unseen. Another time: read again, and seen.
        const auto time = std::filesystem::last_write_time(weights);
        test::writeText(weights, std::string(100'000, 'x'));
        std::filesystem::last_write_time(weights, time);
        QCOMPARE(encoderFingerprint(temporary / "vit", cache), first);
        std::filesystem::last_write_time(weights, time + std::chrono::seconds(1));
        QVERIFY(encoderFingerprint(temporary / "vit", cache) != first);
    }

    void aBrokenCacheIsMadeAgain()
    {
        const test::TemporaryFolder temporary;
        makeEncoder(temporary / "vit");
        const auto cache = temporary / "cache.json";
        const auto first = encoderFingerprint(temporary / "vit", cache);
        for (const char* const text : {"", "[1, 2]", "{\"cut", "{\"a\": 3}"}) {
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
