#include "core/io/image_header.h"

#include <QTest>

#include <cstddef>
#include <span>
#include <string>

using namespace nanodit;
using namespace std::string_literals;

namespace {

bool animated(const std::string& file)
{
    return tellsOfAnimation(std::as_bytes(std::span(file.data(), file.size())));
}

/// A box of HEIF: its length, its type and what it holds.
std::string box(const std::string& type, const std::string& data)
{
    constexpr std::size_t headBytes = 8;
    return "\0\0\0"s + static_cast<char>(headBytes + data.size()) + type + data;
}

/// A directory of a TIFF with one tag, a short number, and the place of the next directory: 18 bytes.
std::string directory(const std::string& tag, char value, char next)
{
    return "\1\0"s + tag + "\3\0\1\0\0\0"s + value + "\0\0\0"s + next + "\0\0\0"s;
}

} // namespace

class TestImageHeader : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void sequencesOfHeifAreAnimations()
    {
        const auto begin = box("ftyp", "avis\0\0\0\0mif1avif"s) + box("meta", std::string(12, '\0'));
        const auto pictures = box("mdat", std::string(20, 'x')), times = box("moov", std::string(20, '\0'));
        QVERIFY(!animated(begin + pictures));
        QVERIFY(animated(begin + times + pictures));
        QVERIFY(animated(begin + pictures + times));
        QVERIFY(animated(begin + "\0\0\0\1mdat\0\0\0\0\0\0\0\x12xx"s + times)); // a length of 64 bits
        QVERIFY(!animated(begin + "\0\0\0\0mdat"s + times));                    // to the end of the file
        QVERIFY(!animated(begin + "\xff\xff\xff\xffmdat"s + times));            // behind it
        QVERIFY(!animated(begin + "\0\0\0\x08moo"s));
    }

    void pagesOfTiffCountAsFrames()
    {
        const auto begin = "II*\0\10\0\0\0"s, width = "\0\1"s, subfileType = "\xfe\0"s;
        const auto first = begin + directory(width, 5, 8 + 18);
        QVERIFY(!animated(begin + directory(width, 5, 0)));
        QVERIFY(animated(first + directory(width, 5, 0)));
        QVERIFY(!animated(first));
        QVERIFY(!animated(first + directory(subfileType, 0, 8 + 18))); // leads to itself
        // A smaller one of the first page: two tags, 30 bytes.
        const auto smaller = "\2\0"s + subfileType + "\4\0\1\0\0\0\1\0\0\0"s + width + "\3\0\1\0\0\0\2\0\0\0"s;
        QVERIFY(!animated(first + smaller + "\0\0\0\0"s));
        QVERIFY(animated(first + smaller + "\x38\0\0\0"s + directory(width, 5, 0)));
        QCOMPARE(parseImageHeader(std::as_bytes(std::span(first.data(), first.size()))).orientation, 1);
    }
};

QTEST_APPLESS_MAIN(TestImageHeader)
#include "tst_image_header.moc"
