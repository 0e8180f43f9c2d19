#include "tests/support/contains.h"
#include "tests/support/import_fixture.h"

#include <QTest>
#include <nlohmann/json.hpp>

#include <string>
#include <utility>
#include <vector>

using namespace nanodit;
using test::contains;
using test::ImportFixture;
using test::noteFor;
using test::passedBy;
using test::reasonFor;
using namespace std::string_literals;

/// Captions as other programs write them beside pictures.
class TestForeignCaptions : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void captionsStandInManyKindsOfFiles()
    {
        const ImportFixture f;
        for (const auto* name : {"a", "b", "c", "d", "e", "f", "g", "h", "i"})
            f.picture(name + ".png"s);
        f.picture("IMG.PNG");
        f.text("a.caption", "by sd-scripts");
        f.text("b.TXT", "in capitals");
        f.text("c.txt", " \n");
        f.text("c.caption", "the second says something");
        f.text("d.tags", "night, city");
        f.text("i.tags", "night\r\n\r\ncity\r\n");
        f.text("e.Json", R"({"caption": "", "text": "by its second key"})");
        f.text("f.png.caption", "with both endings");
        f.text("g.json", R"({"caption": ["one of several", "another"], "tags": "x, y"})");
        f.text("h.txt", "a text");
        f.text("h.json", "{broken");
        f.text("IMG.TXT", "of capitals");
        const auto report = f.import();
        QCOMPARE(report.added, 10);
        QVERIFY(report.rejects.empty());
        QCOMPARE(f.caption("a"), "by sd-scripts"s);
        QCOMPARE(f.caption("b"), "in capitals"s);
        QCOMPARE(f.caption("c"), "the second says something"s);
        QCOMPARE(f.caption("d"), "night, city"s);
        QCOMPARE(f.caption("i"), "night, city"s);
        for (const auto* const name : {"d", "i"})
            QVERIFY2((f.record(name).tags == std::vector<std::string>{"city", "night"}), name);
        QCOMPARE(f.caption("e"), "by its second key"s);
        QCOMPARE(f.caption("f"), "with both endings"s);
        QCOMPARE(f.caption("g"), "one of several"s);
        QVERIFY(contains(f.record("g").extra, "another"));
        QCOMPARE(f.caption("h"), "a text"s);
        QVERIFY(contains(noteFor(report, "h.png"), "not valid JSON"));
        QCOMPARE(f.caption("IMG"), "of capitals"s);
    }

    void capitalsInNamesOfFieldsDoNotMatter()
    {
        const ImportFixture f;
        f.pictures({"a.png", "table/b.png"});
        f.text("a.json", R"({"Caption": "of a", "Tags": ["night"], "Camera": "x"})");
        f.text("table/metadata.jsonl", R"({"File_Name": "b.png", "TEXT": "of b"})");
        QVERIFY(f.import().rejects.empty());
        QCOMPARE(f.caption("a"), "of a"s);
        QVERIFY((f.record("a").tags == std::vector<std::string>{"night"}));
        QCOMPARE(nlohmann::json::parse(f.record("a").extra).dump(), R"({"Camera":"x"})"s);
        QCOMPARE(f.caption("table__b"), "of b"s);

        const ImportFixture lines;
        lines.picture("c.png");
        lines.text("records.jsonl", R"({"id": "c", "Image": "c.png", "Prompt": "of c"})");
        QVERIFY(lines.import().rejects.empty());
        QCOMPARE(lines.caption("c"), "of c"s);
    }

    void aListWithoutATextIsToldOf()
    {
        const ImportFixture f;
        f.pictures({"a.png", "b.png"});
        f.text("a.json", R"({"captions": [["a"]]})");
        f.text("b.json", R"({"caption": [["b"]], "captions": ["of b"]})");
        const auto report = f.import();
        QCOMPARE(report.notes.size(), 1U);
        QVERIFY(contains(noteFor(report, "a.png"), "a list without a text"));
        QCOMPARE(f.caption("b"), "of b"s);
    }

    void encodingsAreReadOrNamedAndCostNoPicture()
    {
        const ImportFixture f;
        const std::vector<std::pair<std::string, std::string>> captions = {{"utf16", "\xFF\xFE"
                                                                                     "a\0 \0r\0e\0d\0"s},
                                                                           {"powershell", "a\0 \0r\0e\0d\0"s},
                                                                           {"nul", "a red\0\0"s},
                                                                           {"nbsp", "\xc2\xa0\xe2\x80\x8b\xef\xbb\xbf"},
                                                                           {"latin", "caf\xe9 au lait"},
                                                                           {"shift-jis", "\x90\xd4\x82\xa2"}};
        for (const auto& [name, content] : captions) {
            f.picture(name + ".png");
            f.text(name + ".txt", content);
        }
        const auto report = f.import();
        QCOMPARE(report.added, 6);
        for (const auto* name : {"utf16", "powershell", "nul"})
            QCOMPARE(f.caption(name), "a red"s);
        for (const auto* name : {"nbsp", "latin", "shift-jis"})
            QCOMPARE(f.caption(name), ""s);
        QVERIFY(contains(noteFor(report, "latin.png"), "latin.txt is not UTF-8"));
        QVERIFY(contains(noteFor(report, "shift-jis.png"), "save it as UTF-8"));
        QCOMPARE(noteFor(report, "nbsp.png"), ""s);
    }

    void jsonOfPythonCostsNoPicture()
    {
        const ImportFixture f;
        for (const auto* name : {"n", "i", "s", "t"})
            f.picture(name + ".png"s);
        f.text("n.txt", "from its text");
        f.text("n.json", R"({"caption": "a red car", "similarity": NaN, "width": 160})");
        f.text("i.json", R"({"caption": "a blue car", "score": Infinity})");
        f.text("s.json", R"({"caption": "half an emoji \ud83d here"})");
        f.text("t.json", R"({"caption": "a green car",})");
        const auto report = f.import();
        QCOMPARE(report.added, 4);
        QCOMPARE(f.caption("n"), "from its text"s);
        QVERIFY(nlohmann::json::parse(f.record("n").extra).at("similarity").is_null());
        QCOMPARE(f.caption("i"), "a blue car"s);
        QCOMPARE(f.caption("s"), "half an emoji \xEF\xBF\xBD here"s);
        QVERIFY(contains(noteFor(report, "t.png"), "not valid JSON"));

        f.text("lines.jsonl", "{\"image\": \"n.png\", \"clip\": NaN}\n{\"image\": \"i.png\", \"clip\": 0.3}\n");
        QCOMPARE(f.import(f.source / "lines.jsonl").rejects.size(), 0U);
    }

    void whatStandsInThePlaceOfATextIsNoCaption()
    {
        const ImportFixture f;
        for (const auto* name : {"a.png", "b.png", "c.png", "d.png", "e.png"})
            f.picture(name);
        const auto pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"s;
        f.text("a.txt", pointer);
        f.text("b.txt", "<!DOCTYPE html><html>Please log in</html>");
        f.text("c.txt", std::string(40, '\0'));
        f.text("d.txt", "\x1f\x8b\x08\0\xff\xfe"s);
        f.text("e.txt", "BMX rider, <body of water> behind");
        f.text("metadata.csv", pointer);
        f.text("sub/records.jsonl", "{}\n");
        const auto report = f.import();
        QCOMPARE(report.added, 5);
        for (const auto& [id, says] :
             {std::pair{"a", "Git LFS pointer"}, {"b", "web page"}, {"c", "zero bytes"}, {"d", "gzip"}}) {
            QCOMPARE(f.caption(id), ""s);
            QVERIFY2(contains(noteFor(report, id + ".png"s), says), id);
        }
        QCOMPARE(f.caption("e"), "BMX rider, <body of water> behind"s);
        QVERIFY(contains(reasonFor(report, "metadata.csv"), "Git LFS pointer"));
        QCOMPARE(passedBy(report, "records.jsonl files below the top"), 1);
        f.text("records.jsonl", pointer);
        QVERIFY(contains(test::errorOf([&] { f.import(); }), "records.jsonl is a Git LFS pointer"));
    }

    void captionsAreFoundWhateverTheirCapitals()
    {
        const ImportFixture f;
        for (const auto* name : {"Photo.PNG", "b.png", "B.png", "c.png"})
            f.picture(name);
        f.text("photo.txt", "of the photo");
        f.text("b.txt", "of b alone");
        f.text("c.png.TXT", "with both endings");
        f.text("C.caption", "not beside what c has");
        const auto report = f.import();
        QCOMPARE(f.caption("Photo"), "of the photo"s);
        QCOMPARE(f.caption("b"), "of b alone"s);
        QCOMPARE(f.caption("B"), ""s);
        QCOMPARE(f.caption("c"), "with both endings"s);
        QCOMPARE(passedBy(report, "captions without a picture"), 1);
    }

    void numbersThatNoDoubleHoldsCostNoCaption()
    {
        const ImportFixture f;
        f.picture("a.png");
        f.text("a.json", R"({"caption": "a car", "score": [1e999, 0.5e999, 0.5e-999]})");
        const auto report = f.import();
        QCOMPARE(f.caption("a"), "a car"s);
        QVERIFY(report.notes.empty());
    }
};

QTEST_APPLESS_MAIN(TestForeignCaptions)
#include "tst_foreign_captions.moc"
