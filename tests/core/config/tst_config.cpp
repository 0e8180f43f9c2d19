#include "core/config/settings.h"
#include "core/config/train_config.h"
#include "core/config/workspace_config.h"
#include "core/config/yaml.h"
#include "core/runtime/error.h"
#include "tests/support/test_data.h"

#include <QTest>

#include <algorithm>
#include <array>
#include <sys/stat.h>

using namespace nanodit;
using test::errorOf;

class ConfigTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void defaultsSurviveWritingAndReading();
    void aChangedValueSurvivesWritingAndReading();
    void anUnknownKeyNamesTheNearestOne_data();
    void anUnknownKeyNamesTheNearestOne();
    void aKeyThatIsThereTwiceIsRefused();
    void allIssuesAreReportedTogether();
    void wrongTypesNameWhatWasExpected_data();
    void wrongTypesNameWhatWasExpected();
    void brokenYamlNamesLineAndColumn();
    void longTextsAreNotRepeated();
    void valuesOutOfRangeAreRefused();
    void settingsThatAreHardlyMeantAreRemarkedOn_data();
    void settingsThatAreHardlyMeantAreRemarkedOn();
    void dropSharesMustNotExceedOne();
    void aCommandLineAssignmentSetsOneField();
    void whatWouldNotBeReadIsRefused_data();
    void whatWouldNotBeReadIsRefused();
    void differencesListOnlyWhatDiffers();
    void everySettingIsListedWithItsRange();
    void aWorkspaceIsCreatedAndOpened();
    void openingAFolderThatIsNoWorkspaceSaysWhatToDo();
    void whatIsWrongInWorkspaceYamlIsNamedWithItsLine_data();
    void whatIsWrongInWorkspaceYamlIsNamedWithItsLine();
    void foldersMayBeginWithATildeAndHoldNoBackslashes();
    void textsThatLookLikeOtherTypesStayTexts();
};

void ConfigTest::defaultsSurviveWritingAndReading()
{
    const TrainConfig defaults;
    for (const bool withHelp : {false, true}) {
        const auto text = toYaml(defaults, withHelp);
        QCOMPARE(toYaml(trainConfigFromYaml(text, "test")), toYaml(defaults));
    }
}

void ConfigTest::aChangedValueSurvivesWritingAndReading()
{
    TrainConfig config;
    config.optimiser.lr = 1.0 / 3.0;
    config.model.patchPosition = PatchPosition::Sincos;
    config.warmStart.rename = {"^module\\.(.*)=>$1", "with: colon # and hash"};
    const auto read = trainConfigFromYaml(toYaml(config), "test");
    QCOMPARE(read.optimiser.lr, config.optimiser.lr);
    QVERIFY(read.model.patchPosition == PatchPosition::Sincos);
    QCOMPARE(read.warmStart.rename, config.warmStart.rename);
}

void ConfigTest::anUnknownKeyNamesTheNearestOne_data()
{
    QTest::addColumn<QString>("yaml");
    QTest::addColumn<QString>("suggestion");
    QTest::newRow("a letter left out") << "data: {batchsize: 4}"
                                       << "\"data.batch_size\"";
    QTest::newRow("swapped letters") << "optimiser: {rl: 1e-4}"
                                     << "\"optimiser.lr\"";
    QTest::newRow("wrong group") << "data: {weight_decay: 0.1}"
                                 << "\"optimiser.weight_decay\"";
    QTest::newRow("misspelt group") << "optimizer: {lr: 1e-4}"
                                    << "\"optimiser\"";
}

void ConfigTest::anUnknownKeyNamesTheNearestOne()
{
    QFETCH(QString, yaml);
    QFETCH(QString, suggestion);
    const auto message = errorOf([&] { trainConfigFromYaml(yaml.toStdString(), "my.yaml"); });
    QVERIFY2(message.find("my.yaml") != std::string::npos, message.c_str());
    QVERIFY2(message.find(suggestion.toStdString()) != std::string::npos, message.c_str());
}

void ConfigTest::aKeyThatIsThereTwiceIsRefused()
{
    const auto message =
        errorOf([] { trainConfigFromYaml("seed: 1\ndata: {batch_size: 4,\n  batch_size: 8}\nseed: 2\n", "my.yaml"); });
    for (const char* const said : {"data.batch_size", "(lines 2 and 3)", "seed", "(lines 1 and 4)"})
        QVERIFY2(message.find(said) != std::string::npos, message.c_str());
}

void ConfigTest::allIssuesAreReportedTogether()
{
    const auto message = errorOf([] { trainConfigFromYaml("data: {batch_size: many}\nsede: 1\nema: 3\n", "my.yaml"); });
    for (const char* key : {"data.batch_size", "sede", "ema"})
        QVERIFY2(message.find(key) != std::string::npos, message.c_str());
}

void ConfigTest::wrongTypesNameWhatWasExpected_data()
{
    QTest::addColumn<QString>("yaml");
    QTest::addColumn<QString>("expected");
    QTest::newRow("fraction for a count") << "data: {batch_size: 1.5}"
                                          << "a whole number";
    QTest::newRow("text for a number") << "optimiser: {lr: fast}"
                                       << "a number";
    QTest::newRow("word for a switch") << "checkpointing: perhaps"
                                       << "true or false";
    QTest::newRow("unknown choice") << "model: {gate: zero}"
                                    << "one of none, adaln_zero";
    QTest::newRow("three betas") << "optimiser: {betas: [1, 2, 3]}"
                                 << "two numbers";
    QTest::newRow("texts for betas") << "optimiser: {betas: [fast, slow]}"
                                     << "two numbers";
    QTest::newRow("list in betas") << "optimiser: {betas: [[0.9], 0.95]}"
                                   << "two numbers";
    QTest::newRow("list in a list of texts") << "warm_start: {rename: [\"a=>b\", [c]]}"
                                             << "item 2 is a list or group (line 1)";
    QTest::newRow("nothing in a list of texts") << "warm_start: {rename: [~]}"
                                                << "item 1 is nothing (line 1)";
    QTest::newRow("not a number") << "optimiser: {lr: .nan}"
                                  << "between";
}

void ConfigTest::wrongTypesNameWhatWasExpected()
{
    QFETCH(QString, yaml);
    QFETCH(QString, expected);
    const auto message = errorOf([&] { trainConfigFromYaml(yaml.toStdString(), "my.yaml"); });
    QVERIFY2(message.find(expected.toStdString()) != std::string::npos, message.c_str());
}

void ConfigTest::brokenYamlNamesLineAndColumn()
{
    const auto message = errorOf([] { trainConfigFromYaml("data:\n  shards: [a, b\nmodel: }", "my.yaml"); });
    QVERIFY2(message.find("my.yaml is not valid YAML at line") != std::string::npos, message.c_str());
}

void ConfigTest::valuesOutOfRangeAreRefused()
{
    QVERIFY(!errorOf([] { trainConfigFromYaml("data: {batch_size: 0}", "x"); }).empty());
    QVERIFY(!errorOf([] { trainConfigFromYaml("model: {hidden_size: 100, num_heads: 12}", "x"); }).empty());
    QVERIFY(!errorOf([] { trainConfigFromYaml("optimiser: {betas: [0.9, 1]}", "x"); }).empty());
    QCOMPARE(errorOf([] { trainConfigFromYaml("schedule: {steps: 1e6}", "x"); }), std::string());
    // Weights that a batch does not use would become 0 / 0, and an average that keeps everything never moves.
    QVERIFY(errorOf([] { trainConfigFromYaml("optimiser: {eps: 0}", "x"); }).find("optimiser.eps") !=
            std::string::npos);
    QVERIFY(errorOf([] { trainConfigFromYaml("ema: {decay: 1.0}", "x"); }).find("ema.decay") != std::string::npos);
    QCOMPARE(errorOf([] { trainConfigFromYaml("ema: {decay: 1.0, enabled: false}", "x"); }), std::string());
    QCOMPARE(errorOf([] { trainConfigFromYaml("ema: {decay: 0}", "x"); }), std::string());
}

void ConfigTest::settingsThatAreHardlyMeantAreRemarkedOn_data()
{
    QTest::addColumn<QString>("yaml");
    QTest::addColumn<QString>("key");
    QTest::newRow("usual") << "seed: 1"
                           << "";
    QTest::newRow("no rate") << "optimiser: {lr: 0}"
                             << "optimiser.lr";
    QTest::newRow("warm-up beyond the end") << "schedule: {steps: 2000, warmup_steps: 2000}\nema: {decay: 0.99}"
                                            << "schedule.warmup_steps";
    QTest::newRow("average of the beginning") << "schedule: {steps: 2000}"
                                              << "ema.decay";
    QTest::newRow("no average") << "schedule: {steps: 2000}\nema: {enabled: false}"
                                << "";
    QTest::newRow("no rate after a warm start") << "warm_start: {checkpoint: a.pt, lr_factor: 0}"
                                                << "warm_start.lr_factor";
    QTest::newRow("all conditions dropped") << "conditions: {drop_both: 0.5, drop_dino: 0.4, drop_text: 0.1}"
                                            << "conditions";
    QTest::newRow("decay of all weights") << "optimiser: {lr: 0.5, weight_decay: 4}"
                                          << "optimiser.weight_decay";
    const QString validated = "ema: {decay: 0.99}\nvalidation: {every: 100, weights: %1}\nsaving: {best_by: %2/ssim}";
    QTest::newRow("best of the average") << validated.arg("average", "reconstruction") << "";
    QTest::newRow("best of raw weights") << validated.arg("both", "raw/reconstruction") << "";
    QTest::newRow("best of what is not validated") << validated.arg("raw", "reconstruction") << "saving.best_by";
    QTest::newRow("best of raw weights, not validated")
        << validated.arg("average", "raw/reconstruction") << "saving.best_by";
    QTest::newRow("best of raw weights without an average")
        << "ema: {enabled: false}\nvalidation: {every: 100, weights: both}\nsaving: {best_by: raw/reconstruction/ssim}"
        << "saving.best_by";
    QTest::newRow("sums in a fixed order") << "deterministic: true"
                                           << "";
    QTest::newRow("sums in a fixed order, but for the alignment") << "deterministic: true\nrepa: {weight: 0.5}"
                                                                  << "deterministic";
    QTest::newRow("clipped to nothing") << "optimiser: {clip: 1e-9}"
                                        << "optimiser.clip";
}

void ConfigTest::settingsThatAreHardlyMeantAreRemarkedOn()
{
    QFETCH(QString, yaml);
    QFETCH(QString, key);
    QStringList keys;
    for (const auto& remark : trainConfigFromYaml(yaml.toStdString(), "x").remarks())
        keys << QString::fromStdString(remark.key);
    QCOMPARE(keys, key.isEmpty() ? QStringList() : QStringList(key));
}

void ConfigTest::dropSharesMustNotExceedOne()
{
    QVERIFY(!errorOf([] {
                 trainConfigFromYaml("conditions: {drop_both: 0.5, drop_dino: 0.4, drop_text: 0.2}", "x");
             }).empty());
    QCOMPARE(errorOf([] { trainConfigFromYaml("conditions: {drop_both: 0.5, drop_dino: 0.4, drop_text: 0.1}", "x"); }),
             std::string());
    // Patches are left out of samples that keep DINO: no share of its own.
    QCOMPARE(trainConfigFromYaml("conditions: {drop_both: 0.5, drop_dino: 0.5, drop_text: 0, patch_dropout: 1}", "x")
                 .conditions.patchDropout,
             1.0);
    QVERIFY(errorOf([] {
                trainConfigFromYaml("conditions: {patch_dropout: 1.5}", "x");
            }).find("conditions.patch_dropout") != std::string::npos);
}

void ConfigTest::longTextsAreNotRepeated()
{
    const std::string digits(100'000, '9'), letters(100'000, 'k');
    for (const auto& yaml : {"model:\n  depth: " + digits + "\n", "? " + letters + "\n: 1\n"}) {
        const auto message = errorOf([&] { trainConfigFromYaml(yaml, "test"); });
        QVERIFY2(message.find("...") != std::string::npos && message.size() < 400, message.substr(0, 400).c_str());
    }
}

void ConfigTest::aCommandLineAssignmentSetsOneField()
{
    TrainConfig config;
    const VisitFunction visit = [&config](FieldVisitor& v) { config.visit(v); };
    setField("optimiser.lr=1e-5", visit);
    setField("seed=7", visit);
    setField("model.gate=adaln_zero", visit);
    QCOMPARE(config.optimiser.lr, 1e-5);
    QCOMPARE(config.seed, 7);
    QVERIFY(config.model.gate == Gate::AdalnZero);
    QVERIFY(!errorOf([&] { setField("optimiser.lr", visit); }).empty());
    const auto unknown = errorOf([&] { setField("optimiser.speed=1", visit); });
    QVERIFY2(unknown.find("optimiser.speed is not a known setting") != std::string::npos &&
                 unknown.find("line") == std::string::npos,
             unknown.c_str());
    setField("seed=9007199254740993", visit); // 2^53 + 1, which no double holds
    QCOMPARE(config.seed, std::int64_t{9007199254740993});
    // What YAML would take for a comment, a second setting or the beginning of a list is part of the value.
    for (const auto* text :
         {"my run #2: a.pt", "#1.pt", "a: b", "- a", "[draft] best.pt", "{x} y", "*.pt", "50% !best", "\"half"}) {
        setField(std::string("warm_start.checkpoint=") + text, visit);
        QCOMPARE(config.warmStart.checkpoint, std::string(text));
    }
    setField("warm_start.checkpoint=\"a # b\"", visit);
    QCOMPARE(config.warmStart.checkpoint, std::string("a # b"));
    for (const auto* nothing : {"", " ", "~", "null"}) {
        config.warmStart.checkpoint = "a.pt";
        setField(std::string("warm_start.checkpoint=") + nothing, visit);
        QCOMPARE(config.warmStart.checkpoint, std::string());
    }
    setField("seed= 5", visit);
    QCOMPARE(config.seed, 5);
    setField("optimiser.betas=[0.8, 0.9]", visit);
    QCOMPARE(config.optimiser.betas, (std::array<double, 2>{0.8, 0.9}));
    setField("optimiser={lr: 0.5}", visit); // a group at once
    QCOMPARE(config.optimiser.lr, 0.5);
    QVERIFY(errorOf([&] { setField("optimiser.betas=[0.8, 0.9", visit); }).find("two numbers") != std::string::npos);
    QVERIFY(errorOf([&] { setField("seed=1\noptimiser.lr: 3", visit); }).find("whole number") != std::string::npos);
    QVERIFY(errorOf([&] { setField("data.shards=caf\xe9", visit); }).find("UTF-8") != std::string::npos);
}

void ConfigTest::whatWouldNotBeReadIsRefused_data()
{
    QTest::addColumn<QByteArray>("yaml");
    QTest::addColumn<QString>("expected");
    QTest::newRow("a second document") << QByteArray("seed: 1\n---\nseed: 2\n") << "line 3";
    QTest::newRow("a merge key") << QByteArray("optimiser: {<<: {lr: 1}}") << "merge key";
    QTest::newRow("a list for a key") << QByteArray("? [seed]\n: 1\n") << "a list or group";
    QTest::newRow("a pointer") << QByteArray("version https://git-lfs.github.com/spec/v1\noid sha256:00\n")
                               << "Git LFS pointer";
    QTest::newRow("a code page") << QByteArray("seed: 1 # caf\xe9\n") << "UTF-8";
    QTest::newRow("more than 64 bits") << QByteArray("seed: 18446744073709551615\n") << "64 bits";
}

void ConfigTest::whatWouldNotBeReadIsRefused()
{
    QFETCH(QByteArray, yaml);
    QFETCH(QString, expected);
    const auto message = errorOf([&] { trainConfigFromYaml(yaml.toStdString(), "my.yaml"); });
    QVERIFY2(message.starts_with("my.yaml") && message.find(expected.toStdString()) != std::string::npos,
             message.c_str());
    QCOMPARE(errorOf([] { trainConfigFromYaml("---\nseed: 1\n...\n---\n", "my.yaml"); }), std::string());
}

void ConfigTest::differencesListOnlyWhatDiffers()
{
    TrainConfig a, b;
    b.data.batchSize = 3;
    const auto visitA = [&a](FieldVisitor& v) { a.visit(v); };
    const auto visitB = [&b](FieldVisitor& v) { b.visit(v); };
    const auto found = differences({visitA, visitB, visitA});
    const auto usual = std::to_string(a.data.batchSize);
    QCOMPARE(found.size(), std::size_t{1});
    QCOMPARE(found[0].key, std::string("data.batch_size"));
    QCOMPARE(found[0].values, (std::vector<std::string>{usual, "3", usual}));
    QVERIFY(differences({visitA, visitA}).empty());
    QCOMPARE(differences({visitA, {}})[0].values[1], std::string());
}

void ConfigTest::everySettingIsListedWithItsRange()
{
    TrainConfig config;
    const auto settings = settingsOf([&config](FieldVisitor& v) { config.visit(v); });
    const auto find = [&settings](const std::string& key) {
        const auto found = std::ranges::find(settings, key, &Setting::key);
        return found == settings.end() ? Setting{} : *found;
    };
    QCOMPARE(find("optimiser.lr").value, std::string("0.0003"));
    QCOMPARE(find("optimiser.lr").range(), std::string("0 to 1"));
    QCOMPARE(find("optimiser.betas").value, std::string("[0.9, 0.95]"));
    QCOMPARE(find("flow.timestep_sampling").range(), std::string("uniform, logit_normal"));
    QCOMPARE(find("ema.enabled").range(), std::string("true or false"));
    QCOMPARE(find("schedule.steps").unit, std::string("steps"));
    QCOMPARE(find("schedule.steps").range(), std::string("1 to 1000000000"));
    QCOMPARE(numberText(-9e15), std::string("-9000000000000000"));
    QCOMPARE(numberText(1e300), std::string("1e+300"));
    const auto yaml = QString::fromStdString(toYaml(config)); // a line for each, and one for each group
    for (const auto& setting : settings) {
        QVERIFY2(!setting.help.empty(), setting.key.c_str());
    }
    QCOMPARE(static_cast<qsizetype>(settings.size()), yaml.count('\n') - yaml.count(":\n"));
}

void ConfigTest::aWorkspaceIsCreatedAndOpened()
{
    const test::TemporaryFolder folder;
    WorkspaceConfig config;
    config.buckets = {{128, 128}, {160, 112}};
    config.textTokens = 48;
    config.t5Encoder = "models/my t5";
    Workspace::create(folder / "w", config);
    const auto opened = Workspace::open(folder / "w");
    QCOMPARE(opened.config.buckets, config.buckets);
    QCOMPARE(opened.config.textTokens, 48);
    QCOMPARE(opened.path(opened.config.t5Encoder), opened.root / "models/my t5");
    QVERIFY(!errorOf([&] { Workspace::create(folder / "w", config); }).empty());
}

void ConfigTest::openingAFolderThatIsNoWorkspaceSaysWhatToDo()
{
    const test::TemporaryFolder folder;
    const auto message = errorOf([&] { Workspace::open(folder.path()); });
    QVERIFY2(message.find("no workspace") != std::string::npos, message.c_str());
    const auto remedy = test::remedyOf([&] { Workspace::open(folder.path()); });
    QVERIFY(test::remedyAs<remedy::ChooseWorkspace>(remedy) != nullptr);
    test::writeText(folder / "workspace.yaml", "buckets: [1024x1000]\n");
    QVERIFY(errorOf([&] { Workspace::open(folder.path()); }).find("multiple of 16") != std::string::npos);
    for (const auto& lost : {std::string(), std::string("\r\n"), std::string(100, '\0')}) {
        test::writeText(folder / "workspace.yaml", lost);
        QVERIFY(errorOf([&] { Workspace::open(folder.path()); }).find("is empty") != std::string::npos);
        QVERIFY(errorOf([&] { trainConfigFromYaml(lost, "my.yaml"); }).starts_with("my.yaml is empty"));
    }
    test::writeText(folder / "workspace.yaml", "format: 1\n");
    QCOMPARE(errorOf([&] { Workspace::open(folder.path()); }), std::string());
    std::filesystem::remove(folder / "workspace.yaml");
    QCOMPARE(::mkfifo((folder / "workspace.yaml").c_str(), 0600), 0); // which is not waited for
    QVERIFY(errorOf([&] { Workspace::open(folder.path()); }).find("a pipe") != std::string::npos);
}

void ConfigTest::whatIsWrongInWorkspaceYamlIsNamedWithItsLine_data()
{
    QTest::addColumn<QString>("yaml");
    QTest::addColumn<QString>("said");
    QTest::newRow("no size") << "format: 1\nbuckets: [128x128, 128X128]\n"
                             << "buckets must be sizes, WIDTHxHEIGHT in pixels, for example 1216x832, but item 2 is "
                                "\"128X128\" (line 2)";
    QTest::newRow("no size in a list of lines") << "buckets:\n- 128x128\n- wide\n"
                                                << "\"wide\" (line 3)";
    QTest::newRow("one number") << "buckets: [1024]"
                                << "item 1 is \"1024\" (line 1)";
    QTest::newRow("nothing in it") << "buckets: [128x128, 0x128]"
                                   << "item 2 is \"0x128\"";
    QTest::newRow("a size that is too large for a number") << "buckets: [99999999999999999999x16]"
                                                           << "item 1";
    QTest::newRow("a list in it") << "buckets: [[128, 128]]"
                                  << "item 1 is a list or group (line 1)";
    QTest::newRow("a group in it") << "buckets: [{width: 128}]"
                                   << "item 1 is a list or group (line 1)";
    QTest::newRow("no list") << "buckets: 1024x1024"
                             << "a list";
    QTest::newRow("no bucket") << "\nbuckets: []"
                               << "at least one size, for example [1024x1024] (line 2)";
    QTest::newRow("no multiple of 16") << "format: 1\nbuckets: [120x120]"
                                       << "(line 2)";
    QTest::newRow("huge") << "buckets: [1000000x1000000]"
                          << "at most 16384 pixels";
    QTest::newRow("out of range") << "format: 1\n\ntext_tokens: 0\n"
                                  << "(line 3)";
    QTest::newRow("of another version") << "format: 2\n"
                                        << "format must be 1, but is 2 (line 1)";
    QTest::newRow("backslash in a group") << "encoders:\n  t5: a\n  vae: models\\vae\n"
                                          << "(line 3)";
}

void ConfigTest::whatIsWrongInWorkspaceYamlIsNamedWithItsLine()
{
    QFETCH(QString, yaml);
    QFETCH(QString, said);
    const test::TemporaryFolder folder;
    test::writeText(folder / "workspace.yaml", yaml.toStdString());
    const auto message = errorOf([&] { Workspace::open(folder.path()); });
    QVERIFY2(message.starts_with((folder / "workspace.yaml").string() + ": "), message.c_str());
    QVERIFY2(message.find(said.toStdString()) != std::string::npos, message.c_str());
}

void ConfigTest::foldersMayBeginWithATildeAndHoldNoBackslashes()
{
    const test::TemporaryFolder folder;
    test::writeText(folder / "workspace.yaml", "encoders: {dino: ~/models/dino, vae: \"models/~vae\"}\n");
    const auto home = qgetenv("HOME");
    qputenv("HOME", "/home/somebody");
    const auto workspace = Workspace::open(folder.path());
    QCOMPARE(workspace.path(workspace.config.dinoEncoder), std::filesystem::path("/home/somebody/models/dino"));
    QCOMPARE(workspace.path(workspace.config.vae), workspace.root / "models/~vae");
    QCOMPARE(workspace.path("models/vae/"), workspace.root / "models/vae"); // what it is called has a name
    QCOMPARE(workspace.path("/"), std::filesystem::path("/"));
    QCOMPARE(workspace.path(""), workspace.root);
    qputenv("HOME", home);
    for (const auto* const value : {"\"models\\vae\"", "models\\vae", "\"a\\tb\""}) {
        test::writeText(folder / "workspace.yaml", std::string("encoders: {vae: ") + value + "}\n");
        const auto message = errorOf([&] { Workspace::open(folder.path()); });
        QVERIFY2(message.find("encoders.vae") != std::string::npos &&
                     message.find("write folders with /") != std::string::npos,
                 message.c_str());
    }
}

void ConfigTest::textsThatLookLikeOtherTypesStayTexts()
{
    TrainConfig config;
    for (const char* name : {"true", "1", "a: b", "null", "~", "ünï", "line\nbreak", "#"}) {
        config.data.shards = name;
        QCOMPARE(trainConfigFromYaml(toYaml(config), "x").data.shards, std::string(name));
    }
}

QTEST_APPLESS_MAIN(ConfigTest)
#include "tst_config.moc"
