#include "app/wording.h"
#include "core/runtime/error.h"
#include "tests/support/every_word.h"

#include <QLocale>
#include <QRegularExpression>
#include <QSet>
#include <QTest>

#include <stdexcept>

using namespace nanodit;

/// The window's words for what the engine says as data.
class WordingTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void everyStageHasItsOwnWords()
    {
        QSet<QString> seen;
        for (const auto& stage : test::everyStage()) {
            const auto text = stageText(stage);
            QVERIFY2(!text.isEmpty(), qPrintable(QStringLiteral("kind %1").arg(static_cast<int>(stage.kind))));
            QVERIFY2(!seen.contains(text), qPrintable(text));
            seen.insert(text);
        }
        QVERIFY(stageText(Stage(Stage::CheckingShards, "train")).contains(QLatin1String("train")));
    }

    void stagesNameTheirPassAndTheirPart()
    {
        const Stage encoding(Stage::Encoding, Pass::Dino);
        QCOMPARE(stageText(encoding), QStringLiteral("DINOv3: encoding"));
        QCOMPARE(stageText(Progress{.stage = encoding, .part = Progress::Part{.number = 2, .count = 6, .name = "a"}}),
                 QStringLiteral("model 2 of 6 (a): DINOv3: encoding"));
    }

    void everyUnitHasItsOwnWord()
    {
        QSet<QString> seen;
        for (const auto unit : test::everyUnit()) {
            QCOMPARE(unitText(unit).isEmpty(), unit == Unit::None);
            QVERIFY2(!seen.contains(unitText(unit)), qPrintable(unitText(unit)));
            seen.insert(unitText(unit));
        }
    }

    void everyRemedyIsASentenceWithoutCommands()
    {
        static const QRegularExpression command(QStringLiteral("--[a-z]|\\bnanodit\\b"));
        for (const auto& remedy : test::everyRemedy()) {
            const auto text = remedyText(remedy);
            QVERIFY2(text.size() > 10 && text[0].isUpper() && text.endsWith(QLatin1Char('.')),
                     qPrintable(QStringLiteral("kind %1: %2").arg(remedy.index()).arg(text)));
            QVERIFY2(!text.contains(command), qPrintable(text));
        }
    }

    void errorsAreFollowedByWhatHelps()
    {
        QCOMPARE(errorText(DataError("a.npy is missing", remedy::RunPasses{.pass = Pass::Vae})),
                 QStringLiteral("a.npy is missing. Run the VAE pass."));
        QCOMPARE(errorText(DataError("a.npy is missing")), QStringLiteral("a.npy is missing"));
        QVERIFY(errorText(std::runtime_error("out of order")).contains(QLatin1String("(out of order)")));
    }

    void progressLeavesOutWhatIsUnknown()
    {
        const QLocale before;
        QLocale::setDefault(QLocale(QLocale::English, QLocale::UnitedStates)); // as the window has it
        QCOMPARE(
            progressText(
                {.stage = {}, .done = 812, .total = 2000, .unit = Unit::Steps, .perSecond = 2.6, .secondsLeft = 461}),
            QStringLiteral("812/2,000 steps · 2.60 steps/s · 7:41 left"));
        QCOMPARE(progressText({.stage = {}, .done = 3, .unit = Unit::Pictures}), QStringLiteral("3 pictures"));
        QCOMPARE(progressText({}), QString());
        QLocale::setDefault(before);
    }

    void checkpointsHaveTheNameOfTheirStep()
    {
        QCOMPARE(checkpointTitle("/runs/mine/checkpoints/step-00002000"), QStringLiteral("step 2000"));
        QCOMPARE(checkpointTitle("/models/wide-2"), QStringLiteral("wide-2"));
        QCOMPARE(checkpointTitle("/models/step-by-step"), QStringLiteral("step-by-step"));
    }

    void bytesAreRead()
    {
        QCOMPARE(
            progressText({.stage = {}, .done = 1'500'000, .total = 40'000'000, .unit = Unit::Bytes, .perSecond = 2e6}),
            QStringLiteral("1.5 MB/40.0 MB · 2.0 MB/s"));
    }
};

QTEST_GUILESS_MAIN(WordingTest)
#include "tst_wording.moc"
