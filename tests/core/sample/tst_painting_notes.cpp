#include "core/io/atomic_file.h"
#include "core/io/foreign_text.h"
#include "core/sample/painting_notes.h"
#include "tests/support/contains.h"
#include "tests/support/test_data.h"

#include <QtTest/QTest>

using namespace nanodit;
using namespace nanodit::test;

class TestPaintingNotes : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void notesComeBackByFileName()
    {
        const TemporaryFolder folder;
        QVERIFY(readPaintingNotes(folder.path()).value.empty());
        const PaintingNote kept{.favourite = true, .text = "the \"best\"\nso far, ünïcode"};
        keepPaintingNote(folder / "a.png", kept);
        keepPaintingNote(folder / "b.png", {.favourite = false, .text = "burnt out"});
        auto notes = readPaintingNotes(folder.path()).value;
        QCOMPARE(notes.size(), std::size_t{2});
        QVERIFY(notes.at("a.png") == kept);
        keepPaintingNote(folder / "a.png", {});
        notes = readPaintingNotes(folder.path()).value;
        QCOMPARE(notes.size(), std::size_t{1});
        QCOMPARE(notes.at("b.png").text, std::string("burnt out"));
    }

    void namesAndTextsThatAreNoUtf8AreKept()
    {
        const TemporaryFolder folder;
        keepPaintingNote(folder / "caf\xe9.png", {.favourite = true, .text = "th\xe9"});
        keepPaintingNote(folder / "a.png", {.favourite = true, .text = {}});
        auto notes = readPaintingNotes(folder.path()).value;
        QCOMPARE(notes.size(), std::size_t{2});
        QCOMPARE(notes.at(printableText("caf\xe9.png")).text, printableText("th\xe9"));
        keepPaintingNote(folder / "caf\xe9.png", {});
        notes = readPaintingNotes(folder.path()).value;
        QCOMPARE(notes.size(), std::size_t{1});
    }

    void aDamagedFileIsMovedAsideAndTold()
    {
        const TemporaryFolder folder;
        const auto file = folder / "notes.json", aside = folder / "notes.json.damaged";
        for (const char* text : {"{\"pictures\": [1]}", "{\"pictures\": 3}", "[]", "{\"pictures\": {\"a.png\": {}}}"}) {
            writeText(file, text);
            const auto found = readPaintingNotes(folder.path());
            QVERIFY(found.value.empty());
            QVERIFY2(contains(found.damage, "notes.json holds notes on generated pictures and is damaged"),
                     found.damage.c_str());
            QVERIFY(!std::filesystem::exists(file));
            QCOMPARE(readTextFile(aside), std::string(text));
            std::filesystem::remove(aside);
        }
    }

    void aNoteIsKeptBesideADamagedFile()
    {
        const TemporaryFolder folder;
        writeText(folder / "notes.json", "{\"pictures\": {\"b.png\"");
        const auto damage = keepPaintingNote(folder / "a.png", {.favourite = true, .text = {}});
        QVERIFY2(contains(damage, "it was moved to notes.json.damaged beside it"), damage.c_str());
        QCOMPARE(readTextFile(folder / "notes.json.damaged"), std::string("{\"pictures\": {\"b.png\""));
        QVERIFY(readPaintingNotes(folder.path()).value.at("a.png").favourite);
        QCOMPARE(keepPaintingNote(folder / "c.png", {.favourite = true, .text = {}}), std::string());
        QCOMPARE(readPaintingNotes(folder.path()).value.size(), std::size_t{2});
    }
};

QTEST_APPLESS_MAIN(TestPaintingNotes)
#include "tst_painting_notes.moc"
