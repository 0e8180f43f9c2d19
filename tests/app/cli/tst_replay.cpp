#include "core/config/train_config.h"
#include "core/io/atomic_file.h"
#include "tests/app/cli/program.h"
#include "tests/support/tiny_training.h"

#include <QJsonArray>
#include <QJsonValue>
#include <QTest>

using namespace nanodit;
using namespace nanodit::test;

/// `nanodit train --replay`, and what it says to a script.
class TestReplay : public QObject {
    Q_OBJECT

private Q_SLOTS:
    /// It was asked what the step does, and has told: a script reads the finding, not the exit code.
    void aStepThatIsNotFiniteAgainIsAnAnswer()
    {
        const TinyWorkspace tiny(1e30F); // every loss overflows
        writeFileAtomically(tiny.folder / "config.yaml", toYaml(tinyConfig(50)));
        const QStringList train = {"-w",    text(tiny.workspace.root), "--quiet", "--threads", "1", "train", "--run",
                                   "broken"};
        auto telling = train;
        telling.removeAll("--quiet");
        const auto trained =
            runProgram(telling + QStringList{"--log-every", "1", "--config", text(tiny.folder / "config.yaml")});
        QVERIFY2(trained.exitCode == 1, qPrintable(trained.errors)); // five steps in a row
        QVERIFY2(trained.errors.contains("step 1  loss not finite"), qPrintable(trained.errors));
        const auto told = runProgram(QStringList{"--json"} + train + QStringList{"--replay"});
        QVERIFY2(told.exitCode == 0, qPrintable(told.errors));
        const auto found = told.json();
        QCOMPARE(found.value("step").toInt(), 5);
        QVERIFY(found.value("finite") == QJsonValue(false));
        QVERIFY(!found.value("micro_batches").toArray().isEmpty());
        const auto none = runProgram(train + QStringList{"--replay=4000"});
        QVERIFY2(none.exitCode != 0, qPrintable(none.out));
    }
};

QTEST_GUILESS_MAIN(TestReplay)
#include "tst_replay.moc"
