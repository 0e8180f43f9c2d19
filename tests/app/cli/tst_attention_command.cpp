#include "core/front/attention.h"
#include "core/front/training.h"
#include "core/io/mapped_file.h"
#include "core/io/npy.h"
#include "core/io/zip_directory.h"
#include "tests/app/cli/program.h"
#include "tests/support/test_data.h"

#include <QImageReader>
#include <QJsonArray>
#include <QTest>

#include <algorithm>
#include <cmath>
#include <set>

namespace fs = std::filesystem;
using namespace nanodit;
using namespace nanodit::test;

namespace {

constexpr std::int64_t blocks = 6, heads = 6; ///< Of the demo's reference model.

/// Names and shapes in an .npz file.
std::map<std::string, std::vector<std::int64_t>> shapesIn(const fs::path& file)
{
    const auto mapped = MappedFile::open(file);
    std::map<std::string, std::vector<std::int64_t>> shapes;
    for (const auto& record : readZipDirectory(mapped->bytes(), file.string()))
        shapes[record.name] = parseNpyHeader(record.data, record.name).shape;
    return shapes;
}

} // namespace

/// `nanodit attention` as a user types it, on the demo's reference model.
class AttentionCommandTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        QCOMPARE(runProgram({"demo", "create", workspace(), "--count", "20", "--quiet"}).exitCode, 0);
    }

    void looksFromALatentToken()
    {
        const auto result = look({"--query", "3,3", "--t", "0.9"});
        QVERIFY2(result.exitCode == 0, qPrintable(result.errors));
        const auto shares = result.json().value("shares").toObject();
        const double sum = shares["text"].toDouble() + shares["cls"].toDouble() + shares["patches"].toDouble();
        QVERIFY(std::abs(sum - 1) < 1e-4);
        QVERIFY(result.json().value("alignment_patches").toDouble() > 0);
        QVERIFY(result.json().contains("radii"));
        for (const char* const picture : {"attention.png", "blocks_x_heads.png", "diagonal.png"})
            QVERIFY2(!readImage(out_ / picture).empty(), picture);
        const auto shapes = shapesIn(out_ / "attention.npz");
        QCOMPARE(shapes.at("patches.npy"), (std::vector<std::int64_t>{blocks, heads, 64}));
        QCOMPARE(shapes.at("by_row.npy"), (std::vector<std::int64_t>{blocks, heads, 64}));
        QVERIFY(!shapes.contains("self.npy"));
    }

    void selfAttentionIsAskedFor()
    {
        const auto result = look({"--query", "3,3:4,4", "--self"});
        QVERIFY2(result.exitCode == 0, qPrintable(result.errors));
        QCOMPARE(shapesIn(out_ / "attention.npz").at("self.npy"), (std::vector<std::int64_t>{blocks, heads, 64}));
    }

    void looksBackFromAWord()
    {
        const auto result = look({"--token", "word:1"});
        QVERIFY2(result.exitCode == 0, qPrintable(result.errors));
        QCOMPARE(result.json().value("latents").toArray().size(), 64);
        QCOMPARE(shapesIn(out_ / "attention.npz").at("latents.npy"), (std::vector<std::int64_t>{blocks, heads, 64}));
    }

    void contributionIsAnotherMeasure()
    {
        const auto mass = look({"--query", "3,3", "--block", "1"}).json();
        const auto result = look({"--query", "3,3", "--block", "1", "--measure", "contribution"});
        QVERIFY2(result.exitCode == 0, qPrintable(result.errors));
        const auto shares = result.json().value("shares").toObject();
        const double sum = shares["text"].toDouble() + shares["cls"].toDouble() + shares["patches"].toDouble();
        QVERIFY(std::abs(sum - 1) < 1e-4);
        QVERIFY(shares != mass.value("shares").toObject());
        QCOMPARE(result.json().value("measure").toString(), QString("contribution"));
        const auto list = result.json().value("blocks").toArray();
        QCOMPARE(list.size(), blocks);
        QCOMPARE(list, mass.value("blocks").toArray()); // the summaries are the same in both
        for (const auto& block : list) {
            const auto adds = block.toObject()["contribution"].toObject();
            QVERIFY(std::abs(adds["text"].toDouble() + adds["cls"].toDouble() + adds["patches"].toDouble() - 1) < 1e-4);
            for (const auto& sink : block.toObject()["sinks"].toArray()) {
                const auto s = sink.toObject();
                QVERIFY(!s["token"].toString().isEmpty());
                QVERIFY(s["contribution"].toDouble() < 0.5 * s["mass"].toDouble());
            }
        }
        QCOMPARE(shapesIn(out_ / "attention.npz").at("mean_contribution.npy"),
                 (std::vector<std::int64_t>{blocks, 1, 3}));
    }

    void tokensAreKnockedOutBesideAControl()
    {
        const auto result = look({"--knock-out", "patch:0,0:1,1", "--knock-out", "words", "--t", "0.9"});
        QVERIFY2(result.exitCode == 0, qPrintable(result.errors));
        const auto all = result.json().value("knock_out").toArray();
        const auto words = look({"--query", "0,0"}).json().value("words").toArray().size() - 1; // padding is no word
        QCOMPARE(all.size(), 1 + words);
        for (const auto& one : all) {
            const auto out = one.toObject();
            QCOMPARE(out["change"].toArray().size(), 64);
            QCOMPARE(out["change_of_control"].toArray().size(), 64);
            QCOMPARE(out["agreement_by_block"].toArray().size(), blocks);
            QVERIFY(out["mean_change"].toDouble() > 0);
            QVERIFY(std::abs(out["attention_mass"].toDouble() - out["attention_mass_of_control"].toDouble()) < 0.05);
        }
        QCOMPARE(all[0].toObject()["token"].toString(), QString("patch:0,0:1,1"));
        QVERIFY(!all[0].toObject()["control"].toArray().isEmpty());
        QVERIFY(result.json().value("grounding").toObject()["block"].isDouble());
    }

    void sharesAreGivenOverTime()
    {
        const auto result = look({"--query", "0,0", "--course", "4"});
        QVERIFY2(result.exitCode == 0, qPrintable(result.errors));
        const auto course = result.json().value("course").toArray();
        QCOMPARE(course.size(), 4);
        QCOMPARE(course[1].toObject().value("t").toDouble(), 0.75);
        for (const auto& at : course) {
            const auto list = at.toObject().value("blocks").toArray();
            QCOMPARE(list.size(), blocks);
            for (const auto& block : list) {
                const auto b = block.toObject();
                QVERIFY(std::abs(b["text"].toDouble() + b["cls"].toDouble() + b["patches"].toDouble() - 1) < 1e-4);
            }
        }
        QCOMPARE(shapesIn(out_ / "course.npz").at("shares.npy"), (std::vector<std::int64_t>{4, blocks, heads, 3}));
        QVERIFY(!readImage(out_ / "course.png").empty());
    }

    void aFilmOverTimeIsAGif()
    {
        const auto result = look({"--query", "3,3", "--film", "t", "--film-format", "gif", "--sampler-steps", "5"});
        QVERIFY2(result.exitCode == 0, qPrintable(result.errors));
        QImageReader reader(text(out_ / "film-t.gif"));
        std::set<QByteArray> pictures;
        int frames = 0;
        for (auto picture = reader.read(); !picture.isNull(); picture = reader.read(), ++frames)
            pictures.insert(QByteArray(reinterpret_cast<const char*>(picture.constBits()), picture.sizeInBytes()));
        QCOMPARE(frames, 5);
        QCOMPARE(pictures.size(), 5U); // each is another
        QCOMPARE(shapesIn(out_ / "film-t.npz").at("patches.npy"), (std::vector<std::int64_t>{5, blocks, heads, 64}));
    }

    void aFilmOfCheckpointsHasAPictureOfEach()
    {
        QCOMPARE(runProgram({"-w",       workspace(),
                             "--quiet",  "train",
                             "--config", "demo",
                             "--run",    "short",
                             "--set",    "data.batch_size=2",
                             "--set",    "previews.every=0",
                             "--set",    "model.depth=2",
                             "--set",    "saving.every=1",
                             "--set",    "saving.keep=0",
                             "--steps",  "3"})
                     .exitCode,
                 0);
        const auto runs = listRuns(Workspace::open(workspace().toStdString()));
        const auto run = std::find_if(runs.begin(), runs.end(), [](const RunInfo& r) { return r.name == "short"; });
        QVERIFY(run != runs.end() && run->checkpoints.size() == 3);
        const auto result =
            look({"--query", "3,3", "--film", "checkpoints", "--checkpoint", text(run->checkpoints[2])});
        QVERIFY2(result.exitCode == 0, qPrintable(result.errors));
        QCOMPARE(shapesIn(out_ / "film-checkpoints.npz").at("patches.npy").at(0), 3);
        QVERIFY(fs::exists(out_ / "film-checkpoints.png"));
    }

    void aReplacedWordChangesThePicture()
    {
        const auto plain = look({"--query", "3,3"}).json();
        const auto word = plain.value("words").toArray().at(1).toObject().value("text").toString();
        const auto result = look({"--query", "3,3", "--replace-word", "1=green", "--sampler-steps", "4"});
        QVERIFY2(result.exitCode == 0, qPrintable(result.errors));
        QCOMPARE(result.json().value("words").toArray().at(1).toObject().value("text").toString(), QString("green"));
        QVERIFY(result.json().value("caption").toString() != plain.value("caption").toString());
        QVERIFY2(!result.json().value("caption").toString().contains(" " + word + " green"), qPrintable(word));
        const auto both = readImage(out_ / "before_after.png");
        bool differ = false;
        const auto half = both.size.width / 2 + 4; // the second picture begins behind the gap
        for (std::int64_t y = 0; y < both.size.height; ++y) {
            for (std::int64_t x = 0; x < half - 8; ++x)
                differ = differ || both.at(x, y)[0] != both.at(half + x, y)[0];
        }
        QVERIFY(differ);
    }

    void aPaintedPictureIsASubject()
    {
        const auto picture = text(folder_ / "painted.png");
        QCOMPARE(runProgram({"-w", workspace(), "--quiet", "sample", "--prompt", "a red circle", "--sampler-steps", "3",
                             "--out", picture})
                     .exitCode,
                 0);
        const auto result = runProgram({"-w", workspace(), "--json", "--quiet", "attention", "--sample", picture,
                                        "--query", "1,1", "--out", text(out_)});
        QVERIFY2(result.exitCode == 0, qPrintable(result.errors));
        QCOMPARE(result.json().value("caption").toString(), QString("a red circle"));
        QCOMPARE(result.json().value("words").toArray().size(), 5); // three words, the end, padding
    }

    void wrongEditsAreToldBeforeAnythingIsSampled_data()
    {
        QTest::addColumn<QStringList>("edit");
        QTest::addColumn<QString>("says");
        QTest::newRow("no word") << QStringList{"--erase-word", "99"} << "no word 99";
        QTest::newRow("patches outside") << QStringList{"--erase-patches", "8,0"} << "outside the grid of 8 x 8";
        QTest::newRow("pasted outside") << QStringList{"--paste", "scene-000006@0,0:1,1>7,7"} << "do not fit";
    }

    void wrongEditsAreToldBeforeAnythingIsSampled()
    {
        QFETCH(QStringList, edit);
        QFETCH(QString, says);
        const auto result = runProgram(QStringList{"-w", workspace(), "attention", "--record", "scene-000005",
                                                   "--query", "3,3", "--sampler-steps", "2", "--out", text(out_)} +
                                       edit);
        QCOMPARE(result.exitCode, 2);
        QVERIFY2(result.errors.contains(says), qPrintable(result.errors));
        QVERIFY2(!result.errors.contains("sampling  "), qPrintable(result.errors)); // as progress is told
    }

    void saysWhatIsWrong_data()
    {
        QTest::addColumn<QStringList>("arguments");
        QTest::addColumn<QString>("says");
        QTest::newRow("nothing asked") << QStringList{} << "--query";
        QTest::newRow("outside") << QStringList{"--query", "8,0"} << "outside the grid of 8 x 8";
        QTest::newRow("no block") << QStringList{"--query", "1,1", "--block", "4"} << "no block 4";
        QTest::newRow("no head") << QStringList{"--query", "1,1", "--head", "9"} << "0 to 3";
        QTest::newRow("no token") << QStringList{"--token", "word:red"} << "word:NUMBER";
        QTest::newRow("no such knock-out") << QStringList{"--knock-out", "red"} << "--knock-out is";
        QTest::newRow("no word to knock out")
            << QStringList{"--query", "1,1", "--knock-out", "word:99"} << "--knock-out";
        QTest::newRow("no word") << QStringList{"--token", "word:99"} << "99";
        QTest::newRow("no such number") << QStringList{"--token", "word:99999999999999999999"} << "word:NUMBER";
        QTest::newRow("both subjects") << QStringList{"--query", "1,1", "--sample", "x.png"} << "--sample";
        QTest::newRow("no number") << QStringList{"--query", "1,1", "--replace-word", "red=green"} << "NUMBER=TEXT";
    }

    void saysWhatIsWrong()
    {
        QFETCH(QStringList, arguments);
        QFETCH(QString, says);
        const auto result = look(arguments);
        QCOMPARE(result.exitCode, 2);
        QVERIFY2((result.errors + result.out).contains(says), qPrintable(result.errors + result.out));
    }

private:
    QString workspace() const { return text(folder_ / "demo"); }
    ProgramResult look(const QStringList& arguments) const
    {
        fs::remove_all(out_);
        return runProgram(QStringList{"-w", workspace(), "--json", "--quiet", "attention", "--record", "scene-000005",
                                      "--out", text(out_)} +
                          arguments);
    }

    TemporaryFolder folder_;
    fs::path out_ = folder_ / "seen";
};

QTEST_GUILESS_MAIN(AttentionCommandTest)
#include "tst_attention_command.moc"
