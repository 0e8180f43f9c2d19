#include "tests/app/cli/program.h"
#include "tests/support/test_data.h"

#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QTest>
#include <QtEndian>

#include <array>
#include <filesystem>
#include <utility>

namespace fs = std::filesystem;
using namespace nanodit::test;

/// The program as a user types it, step after step on one workspace: from drawn scenes over a training to pictures,
/// validations and comparisons. Each step goes on from those before it.
class TestWholeChain : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void scenesAreMadeWithTheirArrays()
    {
        QCOMPARE(runProgram({"demo", "create", workspace_, "--count", "24", "--seed", "5", "--quiet"}).exitCode, 0);

        const auto verified = runProgram({"-w", workspace_, "--json", "--quiet", "verify"});
        QVERIFY2(verified.exitCode == 0 && verified.json().value("sound").toBool(), qPrintable(verified.out));

        const auto state = runProgram({"-w", workspace_, "--json", "status"}).json();
        QCOMPARE(state.value("records").toInt(), 24);
        const auto arrays = state.value("arrays").toArray();
        QCOMPARE(arrays.size(), 4);
        for (const auto& array : arrays)
            QCOMPARE(array.toObject().value("whole").toInt(), 24);
    }

    void aQueryMayExcludeRecords()
    {
        const auto found = [this](const QStringList& query) {
            const auto result = runProgram(QStringList{"-w", workspace_, "--json", "records"} + query);
            return result.exitCode == 0 ? result.json().value("records").toArray().size() : qsizetype(-1);
        };
        const auto validation = found({"split:val"});
        QVERIFY(validation > 0);
        QCOMPARE(found({"-split:val"}), 24 - validation);
        QCOMPARE(found({"-split:val", "state:whole", "--split", "train"}), 24 - validation);
        QCOMPARE(found({"state:whole -split:train"}), validation);
        const auto edit = runProgram(
            {"-w", workspace_, "captions", "edit", "--find", "records", "--where", "-split:val", "--dry-run"});
        QVERIFY2(edit.exitCode == 0, qPrintable(edit.errors));
    }

    void statesAreNamedAsInAQuery()
    {
        for (const auto* const state : {"valid", "whole"}) { // the second is an earlier name
            const auto result = runProgram({"-w", workspace_, "--json", "records", "--state", state});
            QVERIFY2(result.exitCode == 0, qPrintable(result.errors));
            QCOMPARE(result.json().value("records").toArray().size(), 24);
        }
        for (const auto* const state : {"invalid", "wrong"}) {
            const auto result = runProgram({"-w", workspace_, "--json", "records", "--state", state});
            QVERIFY2(result.exitCode == 0, qPrintable(result.errors));
            QVERIFY(result.json().value("records").toArray().isEmpty());
        }
        const auto help = runProgram({"records", "--help"}).out;
        QVERIFY2(help.contains("valid") && !help.contains("whole"), qPrintable(help));
        for (const auto& command :
             {QStringList{"status"}, QStringList{"verify"}, QStringList{"preprocess", "--dry-run"}}) {
            const auto table = runProgram(QStringList{"-w", workspace_} + command).out;
            QVERIFY2(table.contains("valid") && !table.contains("whole") && !table.contains("wrong  "),
                     qPrintable(table));
        }
    }

    void whatIsExportedIsImportedAndChangesNothing()
    {
        const auto records = text(folder_ / "demo/data/exported.jsonl");
        QCOMPARE(runProgram({"-w", workspace_, "--json", "export", records}).json().value("records").toInt(), 24);
        const auto imported = runProgram({"-w", workspace_, "--json", "--quiet", "import", records}).json();
        QCOMPARE(imported.value("unchanged").toInt(), 24);
    }

    void idsMayStandBehindTags()
    {
        const auto tagged = [this](const QStringList& edit) {
            QStringList found;
            const auto result = runProgram(QStringList{"-w", workspace_, "--json", "edit"} + edit);
            for (const auto& record : result.json().value("records").toArray()) {
                QStringList tags;
                for (const auto& tag : record.toObject().value("tags").toArray())
                    tags << tag.toString();
                found << record.toObject().value("id").toString() + ": " + tags.join(' ');
            }
            return found;
        };
        QCOMPARE(tagged({"--tags", "night,city", "scene-000001", "scene-000002"}),
                 (QStringList{"scene-000001: city night", "scene-000002: city night"}));
        QCOMPARE(tagged({"scene-000001", "scene-000002", "--tags"}), (QStringList{"scene-000001: ", "scene-000002: "}));
    }

    void passesAreForetoldAndDoWhatIsMissing()
    {
        // A second run of the passes has nothing to do.
        const auto again = runProgram({"-w", workspace_, "--json", "--quiet", "preprocess"});
        QCOMPARE(again.exitCode, 0);
        const auto passes = again.json().value("passes").toArray();
        QVERIFY(!passes.isEmpty());
        for (const auto& pass : passes)
            QCOMPARE(pass.toObject().value("made").toInt(-1), 0);

        // What would be done is told without doing it, with time and bytes.
        fs::remove_all(fs::path(workspace_.toStdString()) / "data/derived/vae");
        const auto foretold = runProgram({"-w", workspace_, "--json", "--quiet", "preprocess", "--dry-run"});
        QCOMPARE(foretold.exitCode, 0);
        const auto vae = foretold.json().value("passes").toArray().at(1).toObject();
        QCOMPARE(vae.value("missing").toInt(), 24);
        QCOMPARE(vae.value("due").toArray().at(0).toObject().value("why").toString(), QString("missing"));
        QVERIFY(vae.value("seconds").toDouble() > 0); // the demo's own passes were measured
        QVERIFY(!QFile::exists(workspace_ + "/data/derived/vae"));
        QCOMPARE(foretold.json().value("passes").toArray().at(0).toObject().value("to_make").toInt(-1), 0);
        const auto full =
            runProgram({"-w", workspace_, "--json", "status"}).json().value("arrays").toArray().at(1).toObject();
        QCOMPARE(full.value("bytes").toInt(), 0);
        QCOMPARE(full.value("full_bytes").toInt(), vae.value("bytes_to_write").toInt(-1));
        QCOMPARE(runProgram({"-w", workspace_, "--json", "--quiet", "preprocess", "--max-failures", "0"}).exitCode, 0);
        // One that cannot be read is one too many.
        const auto listed = runProgram({"-w", workspace_, "--json", "records"}).json().value("records").toArray();
        const auto image = listed.at(0).toObject().value("image").toString();
        QFile::rename(image, image + ".away");
        fs::remove_all(fs::path(workspace_.toStdString()) / "data/derived/vae");
        const auto ended = runProgram({"-w", workspace_, "--json", "--quiet", "preprocess", "--max-failures", "0"});
        QCOMPARE(ended.exitCode, 1);
        QVERIFY2(ended.errors.contains("vae ended after 1 failure"), qPrintable(ended.errors));
        QVERIFY(ended.json().value("error").toObject().value("message").toString().contains("where 0 were allowed"));
        QCOMPARE(ended.json().value("passes").toArray().size(), 2);
        QFile::rename(image + ".away", image);
        QCOMPARE(runProgram({"-w", workspace_, "--json", "--quiet", "preprocess"}).exitCode, 0);
    }

    void packingReplacesASetOnlyWhenTold()
    {
        QVERIFY(runProgram({"-w", workspace_, "--quiet", "shard"}).exitCode != 0);
        QCOMPARE(runProgram({"-w", workspace_, "--quiet", "shard", "--overwrite", "--shard-size", "7"}).exitCode, 0);
    }

    void whatATrainingTakesIsKnownBeforeItBegins()
    {
        // What it takes is known before it begins, and nothing is made for that.
        const auto forecast = runProgram(training_ + QStringList{"--dry-run"});
        QVERIFY2(forecast.exitCode == 0, qPrintable(forecast.errors));
        QVERIFY(forecast.json().value("fits").toBool());
        QVERIFY(forecast.json().value("parameters").toInt() > 100000);
        QVERIFY(forecast.json().value("step_seconds").toDouble() > 0);
        QVERIFY(forecast.json().value("step_flops").toDouble() > 1e8);
        QVERIFY(forecast.json().value("disk_needed").toDouble() > forecast.json().value("checkpoint_bytes").toDouble());
        QVERIFY(forecast.json().value("steps_per_epoch").toInt() > 0);
        const auto ofTwo = runProgram(training_ + QStringList{"--dry-run", "--ranks", "2"});
        QVERIFY(ofTwo.json().value("memory").toObject().value("total").toDouble() >
                1.2 * forecast.json().value("memory").toObject().value("total").toDouble());
        QVERIFY(ofTwo.json().value("steps_per_epoch").toInt() <= forecast.json().value("steps_per_epoch").toInt());
        QCOMPARE(ofTwo.json().value("step_flops").toDouble(), 2 * forecast.json().value("step_flops").toDouble());
        const QStringList tooLarge = {"--set", "model.hidden_size=16384"}; // two blocks of 200 GB
        const auto warned = runProgram(training_ + tooLarge + QStringList{"--dry-run"});
        QCOMPARE(warned.exitCode, 1);
        QVERIFY(!warned.json().value("fits").toBool());
        const auto refused = runProgram(training_ + tooLarge);
        QCOMPARE(refused.exitCode, 2);
        QVERIFY2(refused.json().value("error").toObject().value("message").toString().contains("of memory, but"),
                 qPrintable(refused.out));
        QVERIFY(!QFile::exists(workspace_ + "/runs/mine"));
    }

    void aTrainingGoesOnWhereItEnded()
    {
        const auto trained = runProgram(training_ + QStringList{"--steps", "3"});
        QVERIFY2(trained.exitCode == 0, qPrintable(trained.errors));
        QCOMPARE(trained.json().value("last_step").toInt(), 3);
        const auto resumed = runProgram(training_ + QStringList{"--steps", "5", "--resume"});
        QVERIFY2(resumed.exitCode == 0, qPrintable(resumed.errors));
        QCOMPARE(resumed.json().value("first_step").toInt(), 3);
        QCOMPARE(resumed.json().value("last_step").toInt(), 5);
        const auto forecast = runProgram(training_ + QStringList{"--steps", "15", "--resume", "--dry-run"});
        QVERIFY2(forecast.exitCode == 0, qPrintable(forecast.errors));
        QCOMPARE(forecast.json().value("steps_done").toInt(), 5);
    }

    void theSameSeedPaintsTheSamePicture()
    {
        const auto sampled = runProgram({"-w", workspace_, "--quiet", "sample", "--run", "mine", "--prompt",
                                         "a red circle", "--sampler-steps", "3", "--out", picture_});
        QVERIFY2(sampled.exitCode == 0, qPrintable(sampled.errors));
        const auto first = bytesOf(picture_);
        QVERIFY(!first.isEmpty());
        QFile::remove(picture_);
        QCOMPARE(runProgram({"-w", workspace_, "--quiet", "sample", "--run", "mine", "--prompt", "a red circle",
                             "--sampler-steps", "3", "--out", picture_})
                     .exitCode,
                 0);
        QCOMPARE(bytesOf(picture_), first);
    }

    void everyCheckpointPaintsWithTheWeightsThatWereChosen()
    {
        const auto painted =
            runProgram({"-w", workspace_, "--json", "--quiet", "sample", "--run", "mine", "--weights", "raw",
                        "--every-checkpoint", "--sampler-steps", "1", "--out", text(folder_ / "each.png")});
        QVERIFY2(painted.exitCode == 0, qPrintable(painted.errors));
        const auto pictures = painted.json().value("pictures").toArray();
        QCOMPARE(pictures.size(), qsizetype(2));
        const std::array<std::string, 2> steps{"step-00000003", "step-00000005"};
        for (qsizetype i = 0; i < 2; ++i) {
            const auto& step = steps[static_cast<std::size_t>(i)];
            const auto one = pictures.at(i).toObject();
            QCOMPARE(one.value("file").toString(), text(folder_ / ("each-" + step + ".png")));
            QVERIFY(one.value("checkpoint").toString().endsWith(QString::fromStdString(step + "/model.safetensors")));
        }
    }

    void withoutANameNothingIsOverwritten()
    {
        for (const auto* const name : {"sample.png", "sample-2.png"}) {
            const auto unnamed = runProgram({"-w", workspace_, "--json", "--quiet", "sample", "--sampler-steps", "1"},
                                            300000, text(folder_.path()));
            QVERIFY2(unnamed.exitCode == 0, qPrintable(unnamed.errors));
            QCOMPARE(unnamed.json().value("pictures").toArray().at(0).toObject().value("file").toString(),
                     QString(name));
            QVERIFY(QFile::exists(text(folder_ / name)));
        }
    }

    void aPlaneWithoutANameOverwritesNoneOfItsCells()
    {
        for (const auto* const name : {"grid", "grid-2"}) {
            const auto plane = runProgram({"-w", workspace_, "--json", "--quiet", "sample", "--sampler-steps", "1",
                                           "--grid", "text=1,dino=2", "--cells"},
                                          300000, text(folder_.path()));
            QVERIFY2(plane.exitCode == 0, qPrintable(plane.errors));
            QCOMPARE(plane.json().value("sheet").toString(), QString(name) + ".png");
            QCOMPARE(plane.json().value("pictures").toArray().at(0).toObject().value("file").toString(),
                     QString(name) + "-text1-dino2.png");
        }
    }

    void settingsNameTheReferenceWhereverTheyAreRead()
    {
        const auto listed = runProgram({"-w", workspace_, "--json", "records"}).json().value("records").toArray();
        const fs::path image = listed.at(0).toObject().value("image").toString().toStdString();
        const auto sampled =
            runProgram({"-w", workspace_, "--quiet", "sample", "--run", "mine", "--reference", text(image.filename()),
                        "--sampler-steps", "1", "--out", text(folder_ / "of-reference.PNG")},
                       300000, text(image.parent_path()));
        QVERIFY2(sampled.exitCode == 0, qPrintable(sampled.errors));
        // From another folder, and from a PNG whose ending is in capitals.
        const auto again =
            runProgram({"-w", workspace_, "--quiet", "sample", "--settings", "of-reference.PNG", "--out", "again.png"},
                       300000, text(folder_.path()));
        QVERIFY2(again.exitCode == 0, qPrintable(again.errors));
        QCOMPARE(bytesOf(text(folder_ / "again.png")), bytesOf(text(folder_ / "of-reference.PNG")));
    }

    void branchesArePaintedAloneAndSettingsMakeThemAgain()
    {
        // The picture, and what its branches alone become: there is no reference.
        QFile::remove(picture_);
        const auto branches = runProgram({"-w", workspace_, "--json", "--quiet", "sample", "--run", "mine", "--prompt",
                                          "a red circle", "--sampler-steps", "1", "--branches", "--out", picture_});
        QVERIFY2(branches.exitCode == 0, qPrintable(branches.errors));
        const auto written = branches.json().value("pictures").toArray();
        QCOMPARE(written.size(), qsizetype(3));
        QCOMPARE(written.at(0).toObject().value("file").toString(), picture_);
        const std::array names{"picture-no-conditions.png", "picture-text-alone.png"};
        for (qsizetype i = 0; i < 2; ++i) {
            const auto file = text(folder_ / names[static_cast<std::size_t>(i)]);
            QCOMPARE(written.at(i + 1).toObject().value("file").toString(), file);
            QVERIFY(QFile::exists(file));
            QCOMPARE(written.at(i + 1).toObject().value("text_scale").toDouble(), static_cast<double>(i));
        }

        // Its settings make it again, from the PNG with its model, and from their JSON.
        const auto json = text(folder_ / "settings.json"), second = text(folder_ / "second.png");
        QFile settings(json);
        QVERIFY(settings.open(QIODevice::WriteOnly));
        settings.write(QJsonDocument(written.at(0).toObject().value("settings").toObject()).toJson());
        settings.close();
        for (const auto& from :
             {QStringList{"--settings", picture_}, QStringList{"--settings", json, "--run", "mine"}}) {
            QFile::remove(second);
            const auto made = runProgram(QStringList{"-w", workspace_, "--quiet", "sample", "--out", second} + from);
            QVERIFY2(made.exitCode == 0, qPrintable(made.errors));
            QVERIFY(!bytesOf(second).isEmpty());
            QCOMPARE(bytesOf(second), bytesOf(picture_));
        }
        const auto both = runProgram({"-w", workspace_, "sample", "--settings", json, "--prompt", "a blue square"});
        QCOMPARE(both.exitCode, 2);
        QVERIFY2(both.errors.contains("--prompt"), qPrintable(both.errors));
    }

    void settingsWithoutWhatTheyAreOfAreRefused()
    {
        const std::array<std::pair<const char*, const char*>, 4> options{
            {{"--momentum", "--rule projected"},
             {"--threshold", "--rule projected"},
             {"--internal-scale", "--rule internal"},
             {"--start-time", "a picture to start from: give --start or --start-record"}}};
        for (const auto& [option, needed] : options) {
            const auto refused = runProgram({"-w", workspace_, "sample", option, "0.5"});
            QCOMPARE(refused.exitCode, 2);
            QVERIFY2(refused.errors.contains(QString(option) + " needs " + needed), qPrintable(refused.errors));
        }
    }

    void otherPicturesGiveTheirClsAndBlends()
    {
        // CLS of another picture needs the patches of a reference beside it.
        const auto alone = runProgram({"-w", workspace_, "sample", "--cls-record", "scene-0000"});
        QCOMPARE(alone.exitCode, 2);
        QVERIFY2(alone.errors.contains("--cls-record needs a reference"), qPrintable(alone.errors));

        const auto unmixed = runProgram({"-w", workspace_, "sample", "--blend-record", "scene-0000"});
        QCOMPARE(unmixed.exitCode, 2);
        QVERIFY2(unmixed.errors.contains("--blend-record needs a reference"), qPrintable(unmixed.errors));
        const auto nothing = runProgram({"-w", workspace_, "sample", "--blend-weight", "0.5"});
        QCOMPARE(nothing.exitCode, 2);
        QVERIFY2(nothing.errors.contains("--blend-weight needs a second picture"), qPrintable(nothing.errors));

        // A picture has the size of the record whose patches it is given.
        const auto wide = runProgram({"-w", workspace_, "--json", "records", "bucket:160x112"})
                              .json()
                              .value("records")
                              .toArray()
                              .at(0)
                              .toObject()
                              .value("id")
                              .toString();
        QVERIFY(!wide.isEmpty());
        QFile::remove(picture_);
        const auto referred = runProgram({"-w", workspace_, "--json", "--quiet", "sample", "--run", "mine", "--record",
                                          wide, "--cls-record", wide, "--sampler-steps", "1", "--out", picture_});
        QVERIFY2(referred.exitCode == 0, qPrintable(referred.errors));
        const auto kept = referred.json().value("pictures").toArray().at(0).toObject().value("settings").toObject();
        QCOMPARE(kept.value("cls_from").toObject().value("record").toString(), wide);
        const auto blended = runProgram(
            {"-w", workspace_,     "--json", "--quiet",         "sample", "--run",          "mine",  "--record",
             wide, "--cls-record", wide,     "--blend-record",  wide,     "--blend-weight", "0.25",  "--seed",
             "7",  "--count",      "2",      "--sampler-steps", "1",      "--out",          picture_});
        QVERIFY2(blended.exitCode == 0, qPrintable(blended.errors));
        const auto mixtures = blended.json().value("pictures").toArray();
        QCOMPARE(mixtures.size(), qsizetype(2)); // computed together, and named by their seeds
        for (qsizetype i = 0; i < 2; ++i) {
            const auto one = mixtures.at(i).toObject();
            QCOMPARE(one.value("seed").toInt(), static_cast<int>(7 + i));
            QCOMPARE(one.value("file").toString(), text(folder_ / ("picture-" + std::to_string(7 + i) + ".png")));
            const auto mixture = one.value("settings").toObject().value("blend").toObject();
            QCOMPARE(mixture.value("with").toObject().value("record").toString(), wide);
            QCOMPARE(mixture.value("weight").toDouble(), 0.25);
        }
        QFile painted(picture_);
        QVERIFY(painted.open(QIODevice::ReadOnly));
        const auto head = painted.read(24); // width and height are the first numbers of a PNG's first chunk
        QCOMPARE(qFromBigEndian<quint32>(head.constData() + 16), 160U);
        QCOMPARE(qFromBigEndian<quint32>(head.constData() + 20), 112U);
    }

    void aDemoIsTrainedWithItsOwnConfiguration()
    {
        // A demo workspace is trained with the demo's configuration unless told otherwise.
        const auto unnamed = runProgram({"-w", workspace_, "--json", "--quiet", "train", "--steps", "1", "--set",
                                         "data.batch_size=2", "--set", "previews.every=0"});
        QVERIFY2(unnamed.exitCode == 0, qPrintable(unnamed.errors));
        QCOMPARE(unnamed.json().value("run").toString(), QString("run"));
        const auto own = runProgram({"--json", "config", workspace_ + "/runs/run"}).json().value("settings").toArray();
        QCOMPARE(own.at(0).toObject().value("key").toString(), QString("model.hidden_size"));
        QCOMPARE(own.at(0).toObject().value("value").toInt(), 128);
    }

    void aWarmStartIsNamedFromWhereTheProgramWasStarted()
    {
        const QStringList train = {"-w",     workspace_,         "--quiet",     "train", "--run",
                                   "warmed", "--steps",          "1",           "--set", "data.batch_size=2",
                                   "--set",  "previews.every=0", "--warm-start"};
        const auto warmed =
            runProgram(train + QStringList{"step-00000005"}, 300000, workspace_ + "/runs/mine/checkpoints");
        QVERIFY2(warmed.exitCode == 0, qPrintable(warmed.errors));
        auto again = train; // what is only in the workspace is taken from there, as ever
        again.replace(again.indexOf("warmed"), "warmed-too");
        const auto relative = runProgram(again + QStringList{"runs/mine/checkpoints/step-00000005"}, 300000);
        QVERIFY2(relative.exitCode == 0, qPrintable(relative.errors));
    }

    void whatConditionsAreWorthIsSaidOfAsManyPicturesAsWereAskedFor()
    {
        const auto worth =
            runProgram({"-w", workspace_, "--quiet", "worth", "--run", "mine", "--validation", "1", "--training", "0"});
        QVERIFY2(worth.exitCode == 0, qPrintable(worth.errors));
        QVERIFY2(worth.out.contains("mine, step 5") && worth.out.contains(", 1 picture\n"), qPrintable(worth.out));
    }

    void whatWasTrainedIsValidatedAndCompared()
    {
        // What was trained is validated and compared with the reference, on a page with its numbers beside it.
        const QStringList suite = {"-w", workspace_,        "--json", "--quiet", "validate",      "--count",
                                   "2",  "--sampler-steps", "1",      "--tasks", "reconstruction"};
        for (const auto* name : {"reference", "mine"}) {
            const auto validated = runProgram(suite + QStringList{"--run", name});
            QVERIFY2(validated.exitCode == 0, qPrintable(validated.errors));
            QCOMPARE(validated.json().value("run").toString(), QString(name));
            QCOMPARE(validated.json().value("pictures").toArray().size(), 2);
        }
        const auto compared = runProgram({"-w", workspace_, "--json", "compare", "mine", "reference"});
        QVERIFY2(compared.exitCode == 0, qPrintable(compared.errors));
        QVERIFY(compared.json().value("differences").toArray().size() >= 5);
        QVERIFY(QFile::exists(text(folder_ / "demo/comparisons/mine-reference.html")));
        QVERIFY(QFile::exists(text(folder_ / "demo/comparisons/mine-reference.json")));
        QCOMPARE(runProgram({"-w", workspace_, "compare", "mine", "nobody"}).exitCode, 2);
        QCOMPARE(runProgram({"-w", workspace_, "compare", "mine", "reference", "--out", "page.pdf"}).exitCode, 2);
    }

    void runsAreListedNotedAndRenamed()
    {
        const auto runs = runProgram({"-w", workspace_, "--json", "runs", "reference", "mine"}).json();
        QCOMPARE(runs.value("runs").toArray().size(), 2);
        QCOMPARE(runs.value("runs").toArray()[1].toObject().value("steps").toInt(), 5);
        QVERIFY(runs.value("differences").toArray().size() >= 2);
        QCOMPARE(runProgram({"-w", workspace_, "runs", "nobody"}).exitCode, 2);
        const auto noted =
            runProgram({"-w", workspace_, "--json", "runs", "mine", "--note", "two words", "--tags", "small,sincos"})
                .json();
        const auto run = noted.value("runs").toArray()[0].toObject();
        QCOMPARE(run.value("note").toString(), QString("two words"));
        QCOMPARE(run.value("tags").toArray().size(), 2);
        QCOMPARE(runProgram({"-w", workspace_, "runs", "mine", "--rename", "reference"}).exitCode, 2); // is taken
        QCOMPARE(runProgram({"-w", workspace_, "runs", "--note", "of which?"}).exitCode, 2);
        const auto renamed = runProgram({"-w", workspace_, "--json", "runs", "mine", "--rename", "yours"}).json();
        QCOMPARE(renamed.value("runs").toArray()[0].toObject().value("run").toString(), QString("yours"));
        QCOMPARE(renamed.value("runs").toArray()[0].toObject().value("note").toString(), QString("two words"));
        QCOMPARE(runProgram({"-w", workspace_, "runs", "yours", "--rename", "mine"}).exitCode, 0);
    }

    void checkpointsAreStarred()
    {
        const auto keptAs = [this](const QStringList& more) {
            const auto found = runProgram(QStringList{"-w", workspace_, "--json", "runs", "mine"} + more).json();
            return found.value("checkpoints").toArray().last().toObject().value("kept_as").toArray();
        };
        QVERIFY(keptAs({"--checkpoints"}).contains("validated"));
        QVERIFY(!keptAs({"--checkpoints"}).contains("starred"));
        QVERIFY(keptAs({"--star", "5"}).contains("starred"));
        QVERIFY(!keptAs({"--unstar", "5"}).contains("starred"));
        QCOMPARE(runProgram({"-w", workspace_, "runs", "mine", "--star", "4000"}).exitCode, 2);
        QCOMPARE(runProgram({"-w", workspace_, "runs", "--checkpoints"}).exitCode, 2);
    }

    void modelsOfAnExperimentPaintWithTheShiftTheyAreTrainedWith()
    {
        const auto folder = text(folder_ / "sweep");
        const auto report = [&] {
            return runProgram({"-w", workspace_, "--quiet", "experiment", "sweep", "--arm", "a", "--arm",
                               "b:optimiser.lr=1e-4", "--set", "flow.shift=2", "--report", "--out", folder})
                .errors;
        };
        const auto errors = report();
        QVERIFY2(errors.contains("no seed of the experiment"), qPrintable(errors)); // but there is a plan
        auto plan = QJsonDocument::fromJson(bytesOf(folder + "/plan.json")).object();
        auto validation = plan.value("validation").toObject();
        QCOMPARE(validation.value("shift").toDouble(), 2.0);
        // One that was begun when all had a shift of 1 goes on with it.
        validation["shift"] = 1.0;
        plan["validation"] = validation;
        QFile file(folder + "/plan.json");
        QVERIFY(file.open(QIODevice::WriteOnly | QIODevice::Truncate));
        file.write(QJsonDocument(plan).toJson());
        file.close();
        const auto again = report();
        QVERIFY2(again.contains("no seed of the experiment"), qPrintable(again));
    }

    void aDamagedArrayIsNamedAndFailsTheCheck()
    {
        const auto arrays = fs::path(workspace_.toStdString()) / "data/derived/dinov3_patches";
        const auto victim = fs::directory_iterator(arrays)->path();
        fs::resize_file(victim, fs::file_size(victim) / 2);
        const auto damaged = runProgram({"-w", workspace_, "--json", "--quiet", "verify"});
        QCOMPARE(damaged.exitCode, 1);
        QVERIFY2(damaged.out.contains(text(victim.stem())), qPrintable(damaged.out));
    }

private:
    static QByteArray bytesOf(const QString& file)
    {
        QFile read(file);
        return read.open(QIODevice::ReadOnly) ? read.readAll() : QByteArray();
    }

    TemporaryFolder folder_;
    const QString workspace_ = text(folder_ / "demo"), picture_ = text(folder_ / "picture.png");
    const QStringList training_ = {
        "-w",    workspace_,          "--json", "--quiet",          "train", "--config",     "demo", "--run", "mine",
        "--set", "data.batch_size=4", "--set",  "previews.every=0", "--set", "model.depth=2"};
};

QTEST_GUILESS_MAIN(TestWholeChain)
#include "tst_whole_chain.moc"
