#include "core/dataset/catalog.h"
#include "core/dataset/loss_mask.h"
#include "core/dataset/record_edits.h"
#include "core/io/atomic_file.h"
#include "core/runtime/job.h"
#include "tests/support/contains.h"
#include "tests/support/import_fixture.h"
#include "tests/support/sparse_member.h"

#include <QTest>
#include <nlohmann/json.hpp>

#include <lzma.h>
#include <set>
#include <tuple>
#include <zlib.h>

using namespace nanodit;
using test::contains;
using test::Members;
using test::reasonFor;
using test::tarOf;
namespace fs = std::filesystem;

namespace {

std::string png(std::uint64_t seed, ImageSize size = {80, 70})
{
    const auto bytes = encodePng(test::drawnPicture(seed, size));
    return {bytes.begin(), bytes.end()};
}

struct Fixture : test::ImportFixture {
    fs::path tar(const std::string& name, const Members& members) const
    {
        text(name, tarOf(members));
        return source / name;
    }
    std::set<std::string> ids() const
    {
        std::set<std::string> found;
        for (const auto& record : Catalog::open(workspace).records())
            found.insert(record.id);
        return found;
    }
};

std::string gzipOf(const std::string& bytes)
{
    z_stream stream{};
    constexpr int withGzipHeader = 16, memoryLevel = 8;
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, withGzipHeader + MAX_WBITS, memoryLevel,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return {};
    std::string in = bytes, out(deflateBound(&stream, bytes.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(in.data());
    stream.avail_in = static_cast<uInt>(in.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

std::string xzOf(const std::string& bytes)
{
    std::string out(lzma_stream_buffer_bound(bytes.size()), '\0');
    std::size_t size = 0;
    lzma_easy_buffer_encode(LZMA_PRESET_DEFAULT, LZMA_CHECK_CRC32, nullptr,
                            reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(),
                            reinterpret_cast<std::uint8_t*>(out.data()), &size, out.size());
    out.resize(size);
    return out;
}

/// Everything below a folder, hidden files too.
std::set<std::string> filesBelow(const fs::path& folder)
{
    std::set<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
        files.insert(entry.path().lexically_relative(folder).string());
    return files;
}

} // namespace

class TestTarSource : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void picturesAndCaptionsBecomeRecords()
    {
        const Fixture f;
        const auto tar = f.tar(
            "00042.tar", {{"000420000.png", png(1)},
                          {"000420000.txt", "a red\nhill"},
                          {"000420000.json", R"({"caption": "not this one", "url": "example.org/x", "tags": ["web"]})"},
                          {"000420001.json", R"({"caption": "from its fields", "width": 80})"},
                          {"000420001.PNG", png(2)},
                          {"000420002.png", png(3)},
                          {"000420002.cls", "7"},
                          {"000420002.mask.png", "not looked at"},
                          {"__meta__/info", "nor this"}});
        const auto report = f.import(tar);
        QCOMPARE(report.rejects.size(), 0U);
        QCOMPARE(report.added, 3);
        QVERIFY((f.ids() == std::set<std::string>{"00042__000420000", "00042__000420001", "00042__000420002"}));
        const auto first = f.record("00042__000420000");
        QCOMPARE(first.caption, std::string("a red hill"));
        QVERIFY((first.tags == std::vector<std::string>{"web"}));
        QCOMPARE(nlohmann::json::parse(first.extra).at("url").get<std::string>(), std::string("example.org/x"));
        QCOMPARE(first.image, f.workspace.imagesFolder() / "00042/000420000.png");
        QCOMPARE(readTextFile(first.image), png(1));
        QCOMPARE(f.record("00042__000420001").caption, std::string("from its fields"));
        QCOMPARE(f.record("00042__000420002").caption, std::string());
    }

    void membersWithHolesAndNumberedOnesAreTold()
    {
        const Fixture f;
        const auto tar = f.source / "set.tar";
        const std::string piece(512, 'x');
        test::writeText(tar, test::sparseMember("hole.png", {{0, piece}, {5120, piece}}, 5632) +
                                 tarOf({{"a.png", png(1)}, {"f.0001", "x"}, {"f.0002", "x"}, {"b.png", png(2)}}));
        const auto report = f.import(tar);
        QCOMPARE(report.added, 2);
        QCOMPARE(report.rejects.size(), 1U);
        QVERIFY(contains(reasonFor(report, "hole.png"), "sparse"));
        QCOMPARE(report.passedBy.kinds().at(".(number) members of archives").count, 2);
    }

    void picturesAndCaptionsMayBeNamedByWords()
    {
        const Fixture f;
        const auto report = f.import(f.tar("set.tar", {{"a.image.png", png(1)},
                                                       {"a.caption.txt", "of a"},
                                                       {"b.image.png", png(2)},
                                                       {"b.json", R"({"caption": "of b"})"},
                                                       {"2023.05.png", png(3)},
                                                       {"2023.06.txt", "of another day"},
                                                       {"c.left.png", png(4)},
                                                       {"c.right.png", png(5)},
                                                       {"c.txt", "of both"}}));
        QCOMPARE(report.added, 5);
        std::multiset<std::string> captions;
        for (const auto& record : Catalog::open(f.workspace).records())
            captions.insert(record.caption);
        QVERIFY((captions == std::multiset<std::string>{"", "", "", "of a", "of b"}));
        QCOMPARE(report.rejects.size(), 2U); // 2023.06 and c have no picture
    }

    void foldersNamedByADotMeanNothing()
    {
        const Fixture f;
        const auto report = f.import(f.tar("mac.tar", {{"./a.png", png(1)},
                                                       {"./a.txt", "of a"},
                                                       {"./dot/./c.png", png(2)},
                                                       {"./dot/c.txt", "of c"},
                                                       {"dot./d.png", png(3)}}));
        QVERIFY(report.rejects.empty());
        QCOMPARE(report.added, 3);
        QCOMPARE(f.caption("mac__a"), std::string("of a"));
        std::multiset<std::string> captions;
        for (const auto& record : Catalog::open(f.workspace).records())
            captions.insert(record.caption);
        QVERIFY((captions == std::multiset<std::string>{"", "of a", "of c"}));
    }

    void masksOfTheLossLieBesideTheirPictures()
    {
        const Fixture f;
        const auto mask = png(9, {40, 35});
        const auto report = f.import(f.tar("set.tar", {{"plain-mask.png", mask}, // before its picture
                                                       {"plain.png", png(1)},
                                                       {"a cat.png", png(2)},
                                                       {"a cat-mask.PNG", mask},
                                                       {"deep/er.png", png(3)},
                                                       {"deep/er-mask.png", mask},
                                                       {"DSC.0001.png", png(4)},
                                                       {"DSC.0001-mask.png", mask},
                                                       {"plain-mask.jpg", png(5)}, // a mask is a PNG
                                                       {"lone-mask.png", png(6)}}));
        QCOMPARE(report.rejects.size(), 0U);
        QCOMPARE(report.passedBy.kinds().at("loss masks").count, 4);
        std::size_t masked = 0;
        for (const auto& record : Catalog::open(f.workspace).records()) {
            const auto file = LossMasks().of(record.image);
            if (file.empty())
                continue;
            ++masked;
            QCOMPARE(readTextFile(file), mask);
        }
        QCOMPARE(masked, 4U);
        QVERIFY(f.ids().contains("set__lone-mask")); // of no picture: one itself
        QCOMPARE(report.added, 5);
    }

    void brokenMembersAreToldAndEndNothing()
    {
        const Fixture f;
        const auto tar = f.tar("set.tar", {{"a.jpg", "no picture"},
                                           {"b.txt", "a caption without a picture"},
                                           {"c.png", png(1)},
                                           {"c.json", "{no json"},
                                           {"d.png", png(2)},
                                           {"d.jpg", "a second picture"},
                                           {"e.png", png(3)},
                                           {"e.png", png(4)},
                                           {"f.png", ""},
                                           {"good.png", png(5)}});
        const auto report = f.import(tar);
        QCOMPARE(report.added, 6); // a, c, d, e, f, good
        QCOMPARE(report.excluded.at("broken"), 2);
        QVERIFY(f.record("set__a").excluded.starts_with("broken"));
        QVERIFY(contains(reasonFor(report, ": b"), "no picture"));
        QVERIFY(report.notes.size() == 1 && contains(report.notes[0].reason, "not valid JSON"));
        QVERIFY(contains(reasonFor(report, "d.jpg"), "picture already, d.png"));
        QVERIFY(!reasonFor(report, "e.png").empty());
        QCOMPARE(readTextFile(f.record("set__e").image), png(3));
        QCOMPARE(report.rejects.size(), 3U);
        const auto again = f.import(tar); // what is told once is told again
        QCOMPARE(again.rejects.size(), 3U);
        QCOMPARE(again.notes.size(), 1U);
        QCOMPARE(again.unchanged, 6);
    }

    void whatSystemsAndToolsMakeIsPassedBy()
    {
        const Fixture f;
        const auto report = f.import(f.tar("mac.tar", {{"a.png", png(1)},
                                                       {"./._a.png", "of the Finder"},
                                                       {"./__MACOSX/._a.png", "of the Finder"},
                                                       {"cats/__MACOSX/b.png", png(2)},
                                                       {"cats/@eaDir/c.png/SYNOPHOTO_THUMB_M.jpg", png(3)},
                                                       {".thumbnails/d.png", png(4)},
                                                       {".DS_Store", "of the Finder"}}));
        QVERIFY((f.ids() == std::set<std::string>{"mac__a"}));
        QCOMPARE(report.passedBy.kinds().at("hidden or nameless members of archives").count, 6);
        QVERIFY(report.rejects.empty());
    }

    void tablesInTarsAreToldOf()
    {
        const Fixture f;
        const auto report = f.import(f.tar("set.tar", {{"a.png", png(1)}, {"metadata.jsonl", "{}"}}));
        QVERIFY(contains(report.passedBy.kinds().at(".jsonl members of archives").advice, "unpack the archive"));
    }

    void aCompressedTarThatEndsEarlyIsNamedAsThat()
    {
        const Fixture f;
        const auto whole = readTextFile(test::dataPath("tars/a.tar.gz"));
        const auto cut = f.source / "cut.tar.gz";
        test::writeText(cut, whole.substr(0, whole.size() / 2));
        const auto reason = reasonFor(f.import(cut), "cut.tar.gz");
        QVERIFY2(contains(reason, "end early") && !contains(reason, "does not contain"), reason.c_str());
    }

    void aCompressedTarThatEndsEarlyGivesWhatLiesBeforeItsEnd()
    {
        Members members;
        for (int i = 0; i < 6; ++i)
            members.emplace_back("p" + std::to_string(i) + ".png", png(static_cast<std::uint64_t>(i)));
        const auto tar = tarOf(members);
        for (const auto& [name, whole] : {std::pair("cut.tar.gz", gzipOf(tar)), std::pair("cut.tar.xz", xzOf(tar))}) {
            const Fixture f;
            test::writeText(f.source / name, whole.substr(0, whole.size() * 2 / 3));
            const auto report = f.import();
            QVERIFY2(report.added >= 2 && report.added < 6, name);
            QCOMPARE(report.rejects.size(), 1U);
            QVERIFY2(contains(report.rejects[0].reason, "end early"), report.rejects[0].reason.c_str());
            test::writeText(f.source / name, whole);
            QCOMPARE(f.import().added, 6 - report.added);
        }
    }

    void whatFollowsCompressedDataIsNoFault()
    {
        const auto first = tarOf({{"a.png", png(1)}}), second = tarOf({{"b.png", png(2)}});
        for (const auto& [name, one, other] : {std::tuple("set.tar.gz", gzipOf(first), gzipOf(second)),
                                               std::tuple("set.tar.xz", xzOf(first), xzOf(second))}) {
            const Fixture f;
            test::writeText(f.source / name, one + std::string(512, '\0') + other + "trailing");
            const auto report = f.import();
            QCOMPARE(report.added, 2);
            QVERIFY(report.rejects.empty());
        }
    }

    void otherArchivesAreToBeUnpacked()
    {
        const Fixture f;
        test::writeText(f.source / "x.zip", std::string("PK\x03\x04\x14\0\0\0", 8) + std::string(60, 'x'));
        const auto error = test::errorOf([&] { f.import(f.source / "x.zip"); });
        QVERIFY2(contains(error, "is a ZIP archive") && contains(error, "unpack it"), error.c_str());
    }

    void namesReachNothingOutside()
    {
        const Fixture f;
        const auto tar = f.tar("evil.tar", {{"../../../escaped.png", png(1)},
                                            {"/absolute.png", png(2)},
                                            {"deep/er/inside.png", png(3)},
                                            {"deep.er/inside.png", png(4)},
                                            {"a\nb.png", png(5)},
                                            {std::string(150, 'x') + ".png", png(6)}});
        const auto before = filesBelow(f.folder.path());
        f.import(tar);
        for (const auto& file : filesBelow(f.folder.path())) {
            if (before.contains(file))
                continue;
            QVERIFY2(file.starts_with("workspace/data"), file.c_str());
        }
        for (const auto& record : Catalog::open(f.workspace).records()) {
            QVERIFY(isSafeId(record.id));
            QCOMPARE(record.image.parent_path(), f.workspace.imagesFolder() / "evil");
        }
        QVERIFY(f.ids().size() >= 5);
    }

    void aDamagedTarGivesWhatLiesBeforeTheDamage()
    {
        const Fixture f;
        Members members;
        for (int i = 0; i < 6; ++i)
            members.emplace_back("p" + std::to_string(i) + ".png", png(static_cast<std::uint64_t>(i)));
        const auto tar = f.tar("cut.tar", members);
        const auto bytes = readTextFile(tar);
        test::writeText(tar, bytes.substr(0, bytes.size() / 2 + 700)); // within a member
        const auto report = f.import(tar);
        QVERIFY(report.added >= 2 && report.added < 6);
        QVERIFY2(contains(reasonFor(report, "cut.tar"), "truncated"), reasonFor(report, "cut.tar").c_str());
        test::writeText(tar, bytes); // fetched again
        const auto whole = f.import(tar);
        QCOMPARE(whole.rejects.size(), 0U);
        QCOMPARE(whole.added + whole.unchanged, 6);
        QCOMPARE(whole.unchanged, report.added);
        const auto text = f.source / "text.tar";
        test::writeText(text, "no tar at all");
        QCOMPARE(f.import(text).rejects.size(), 1U);
    }

    void aTarIsUnpackedOnce()
    {
        const Fixture f;
        const auto tar = f.tar("set.tar", {{"a.png", png(1)}, {"a.txt", "one"}});
        f.import(tar);
        setCaption(f.workspace, "set__a", "edited");
        const auto time = fs::last_write_time(tar);
        // Of the same size and time: not looked into.
        auto bytes = readTextFile(tar);
        test::writeText(tar, std::string(bytes.size(), 'x'));
        fs::last_write_time(tar, time);
        QCOMPARE(f.import(tar).unchanged, 1);
        QCOMPARE(f.record("set__a").caption, std::string("edited"));

        f.tar("set.tar", {{"a.png", png(1)}, {"a.txt", "two"}, {"b.png", png(2)}});
        const auto changed = f.import(tar);
        QCOMPARE(changed.added, 1);
        QCOMPARE(f.record("set__a").caption, std::string("two"));
    }

    void tarsOfAFolderKeepApart()
    {
        const Fixture f;
        f.tar("train/0000.tar", {{"a.png", png(1)}});
        f.tar("other/0000.tar", {{"a.png", png(2)}});
        writePng(f.source / "plain.png", test::drawnPicture(3, {80, 70}));
        QCOMPARE(f.import(f.source).added, 3);
        QVERIFY((f.record("plain").image == f.source / "plain.png"));
        QCOMPARE(f.ids().size(), 3U);
        QCOMPARE(f.import(f.source).unchanged, 3);
        QVERIFY(f.ids().contains("train__0000__a"));
        // Named by itself it is the same tar.
        QCOMPARE(f.import(f.source / "train/0000.tar").unchanged + f.import(f.source / "other/0000.tar").unchanged, 2);
        QVERIFY(f.ids().size() == 3);
    }

    void stoppedUnpackingLeavesNothing()
    {
        const Fixture f;
        Members members;
        for (int i = 0; i < 40; ++i)
            members.emplace_back("p" + std::to_string(i) + ".png", png(static_cast<std::uint64_t>(i), {200, 200}));
        const auto tar = f.tar("set.tar", members);
        JobContext context;
        int asked = 0;
        context.report = [&](const Progress& progress) {
            if (progress.stage.kind == Stage::UnpackingArchive && ++asked == 1)
                context.control->requestStop();
        };
        QCOMPARE(f.import(tar, context).added, 0);
        QVERIFY(filesBelow(f.workspace.imagesFolder()).empty());
        QCOMPARE(f.import(tar).added, 40);
    }
};

QTEST_APPLESS_MAIN(TestTarSource)
#include "tst_tar_source.moc"
