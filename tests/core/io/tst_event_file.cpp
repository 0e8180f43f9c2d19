#include "core/io/atomic_file.h"
#include "core/io/event_file.h"
#include "core/runtime/error.h"
#include "tests/support/another_process.h"
#include "tests/support/test_data.h"

#include <QtTest/QTest>

#include <cstring>
#include <fstream>

using namespace nanodit;
using namespace nanodit::test;

namespace {

/// The payloads of a file of TFRecord frames: length (8), checksum (4), payload, checksum (4).
std::vector<std::string> frames(const std::string& bytes)
{
    std::vector<std::string> payloads;
    for (std::size_t at = 0; at < bytes.size();) {
        std::uint64_t length = 0;
        std::memcpy(&length, bytes.data() + at, 8);
        payloads.push_back(bytes.substr(at + 12, length));
        at += 12 + length + 4;
    }
    return payloads;
}

} // namespace

class TestEventFile : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void beginsAsTensorFlowsDo()
    {
        const TemporaryFolder folder;
        const EventFile file(folder.path(), 1);
        QVERIFY(file.path().filename().string().starts_with("events.out.tfevents."));
        const auto bytes = readTextFile(file.path());
        // Length 24 and its masked CRC-32C, the first twelve bytes of every event file that TensorFlow writes.
        QVERIFY(bytes.starts_with(std::string("\x18\0\0\0\0\0\0\0\xa3\x7fK\"", 12)));
        const auto events = frames(bytes);
        QCOMPARE(events.size(), 2U);
        QVERIFY(events[0].ends_with("\x1a\x0d"
                                    "brain.Event:2"));
        QVERIFY(events[1].ends_with(std::string("\x10\x01\x3a\x02\x08\x01"))); // step 1, session log: start
    }

    void holdsScalarsByTag()
    {
        const TemporaryFolder folder;
        EventFile file(folder.path(), 1);
        file.addScalars(300, {{"loss", 0.5}, {"lr", 2.0}});
        const auto summary = frames(readTextFile(file.path())).at(2).substr(9); // behind the wall time
        QCOMPARE(QByteArray::fromStdString(summary).toHex(),
                 QByteArray("10ac02" // step 300
                            "2a18"   // summary of 24 bytes
                            "0a0b"
                            "0a046c6f7373"
                            "150000003f" // "loss", 0.5
                            "0a09"
                            "0a026c72"
                            "1500000040")); // "lr", 2
    }

    void holdsPicturesAsPng()
    {
        const TemporaryFolder folder;
        EventFile file(folder.path(), 1);
        const Image grey{.size = {8, 4}, .rgb = std::vector<std::uint8_t>(3 * 8 * 4, 128)};
        file.addPicture(5, "preview/a", grey);
        const auto event = frames(readTextFile(file.path())).at(2);
        QVERIFY(event.find(std::string("\x08\x04\x10\x08\x18\x03")) != std::string::npos); // height, width, RGB
        const auto png = encodePng(grey);
        QVERIFY(event.ends_with(std::string(png.begin(), png.end())));
    }

    void aSecondPartOfARunGetsAFileOfItsOwn()
    {
        const TemporaryFolder folder;
        const EventFile first(folder.path(), 1), second(folder.path(), 4);
        QVERIFY(first.path() != second.path());
        QVERIFY(frames(readTextFile(second.path())).at(1).ends_with(std::string("\x10\x04\x3a\x02\x08\x01")));
    }

    void whatIsDoneAgainIsCutOffFromEarlierFiles()
    {
        const TemporaryFolder folder;
        const auto stepsIn = [](const std::filesystem::path& file) {
            std::vector<int> steps; // all below 128: one byte behind the key
            for (const auto& payload : frames(readTextFile(file)))
                steps.push_back(payload[9] == 0x10 ? payload[10] : 0);
            return steps;
        };
        std::filesystem::path first, second;
        {
            EventFile file(folder.path(), 1);
            first = file.path();
            for (int step = 1; step <= 4; ++step)
                file.addScalars(step, {{"loss", 0.5}});
        }
        {
            EventFile file(folder.path(), 5);
            second = file.path();
            file.addScalars(5, {{"loss", 0.5}});
        }
        std::ofstream(second, std::ios::app) << "half a frame";
        QCOMPARE(stepsIn(first), (std::vector<int>{0, 1, 1, 2, 3, 4}));
        const EventFile third(folder.path(), 3); // back to the checkpoint of step 2
        QCOMPARE(stepsIn(first), (std::vector<int>{0, 1, 1, 2}));
        QVERIFY(!std::filesystem::exists(second));
        QCOMPARE(stepsIn(third.path()), (std::vector<int>{0, 3}));
    }

    void aFileThatCannotBeReadIsLeftAlone()
    {
        const TemporaryFolder folder;
        std::filesystem::path first;
        {
            EventFile file(folder.path(), 1);
            first = file.path();
            file.addScalars(1, {{"loss", 0.5}});
        }
        const auto bytes = readTextFile(first);
        std::filesystem::permissions(folder.path(), std::filesystem::perms::all);
        std::filesystem::permissions(first, std::filesystem::perms::none);
        const int code = inAnotherProcess([&folder] {
            if (!becomeNobody())
                return 10;
            const auto message = errorOf([&folder] { EventFile(folder.path(), 2); });
            return message.find("could not be read to its end") != std::string::npos ? 0 : 1;
        });
        QVERIFY(std::filesystem::exists(first));
        std::filesystem::permissions(first, std::filesystem::perms::owner_all);
        QCOMPARE(code, 0);
        QVERIFY(readTextFile(first) == bytes);
    }

    void aLaterFileSortsBehindTheOthersWhateverTheClockSays()
    {
        const TemporaryFolder folder;
        writeText(folder / "events.out.tfevents.4000000000.nanodit.7.0", "from a clock that was wrong");
        writeText(folder / "events.out.tfevents.5000000000.elsewhere", "another program's");
        const EventFile file(folder.path(), 1);
        QVERIFY2(file.path().filename().string().starts_with("events.out.tfevents.4000000001.nanodit."),
                 file.path().c_str());
        QVERIFY(std::filesystem::exists(folder / "events.out.tfevents.5000000000.elsewhere"));
    }

    void aFolderThatIsNotThereIsAnError()
    {
        const TemporaryFolder folder;
        QVERIFY_EXCEPTION_THROWN(EventFile(folder / "missing", 1), StoreError);
    }
};

QTEST_APPLESS_MAIN(TestEventFile)
#include "tst_event_file.moc"
