#include "core/sample/painting_notes.h"
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
        QVERIFY(readPaintingNotes(folder.path()).empty());
        const PaintingNote kept{.favourite = true, .text = "the \"best\"\nso far, ünïcode"};
        keepPaintingNote(folder / "a.png", kept);
        keepPaintingNote(folder / "b.png", {.favourite = false, .text = "burnt out"});
        auto notes = readPaintingNotes(folder.path());
        QCOMPARE(notes.size(), std::size_t{2});
        QVERIFY(notes.at("a.png") == kept);
        keepPaintingNote(folder / "a.png", {});
        notes = readPaintingNotes(folder.path());
        QCOMPARE(notes.size(), std::size_t{1});
        QCOMPARE(notes.at("b.png").text, std::string("burnt out"));
    }

    void aDamagedFileIsNamedAndNotOverwritten()
    {
        const TemporaryFolder folder;
        writeText(folder / "notes.json", "{\"pictures\": [1]}");
        QVERIFY(errorOf([&] { readPaintingNotes(folder.path()); }).find("notes.json") != std::string::npos);
        QVERIFY(!errorOf([&] { keepPaintingNote(folder / "a.png", {.favourite = true, .text = {}}); }).empty());
    }
};

QTEST_APPLESS_MAIN(TestPaintingNotes)
#include "tst_painting_notes.moc"
