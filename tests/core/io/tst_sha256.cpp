#include "core/io/file_hash.h"
#include "core/io/sha256.h"
#include "tests/support/test_data.h"

#include <QTest>

using namespace nanodit;

/// Digests of the published examples of FIPS 180-4 and of lengths around the 64-byte block.
class TestSha256 : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void hashesThePublishedExamples()
    {
        QCOMPARE(sha256Hex(""), std::string("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
        QCOMPARE(sha256Hex("abc"), std::string("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
        QCOMPARE(sha256Hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
                 std::string("248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"));
        QCOMPARE(sha256Hex(std::string(1000000, 'a')),
                 std::string("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"));
    }

    void piecesGiveTheSameAsTheWhole()
    {
        std::string text;
        for (int i = 0; i < 300; ++i)
            text += static_cast<char>(i * 7);
        for (std::size_t piece = 1; piece < 130; ++piece) {
            Sha256 hash;
            for (std::size_t at = 0; at < text.size(); at += piece)
                hash.update(std::string_view(text).substr(at, piece));
            QCOMPARE(hash.hex(), sha256Hex(text));
        }
    }

    void fileGivesTheSameAsItsText()
    {
        const test::TemporaryFolder folder;
        const std::string text(3 << 20, 'x');
        test::writeText(folder / "long", text);
        QCOMPARE(sha256OfFile(folder / "long"), sha256Hex(text));
    }

    void aStoppedReadingGoesOnWhereItWasLeft()
    {
        const test::TemporaryFolder folder;
        const std::string text(5 << 20, 'x');
        test::writeText(folder / "long", text);
        FileHash hash(folder / "long");
        std::size_t read = 0;
        int turns = 0;
        while (!hash.read([&read](std::size_t bytes) {
            read += bytes;
            return false;
        }))
            ++turns;
        QVERIFY(turns >= 5);
        QCOMPARE(read, text.size()); // no byte twice
        QCOMPARE(*hash.read([](std::size_t) { return true; }), sha256Hex(text));
        QCOMPARE(read, text.size());
    }

    void absentFileIsNamed()
    {
        const auto message = test::errorOf([] { sha256OfFile("/nowhere/at/all"); });
        QVERIFY(message.find("/nowhere/at/all") != std::string::npos);
    }
};

QTEST_APPLESS_MAIN(TestSha256)
#include "tst_sha256.moc"
