#include "tests/app/cli/program.h"

#include <QJsonArray>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QTest>

using namespace nanodit::test;

namespace {

/// What the doctor says of an area.
QJsonObject findingOf(const ProgramResult& result, const QString& area)
{
    for (const auto& finding : result.json().value("findings").toArray()) {
        if (finding.toObject().value("area").toString() == area)
            return finding.toObject();
    }
    return {};
}

} // namespace

/// The program itself, in surroundings that are not as they should be.
class DoctorCommandTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void oneOpenMpRuntimeIsRight()
    {
        const QTemporaryDir nowhere;
        const auto result = runProgram({"doctor", "--no-computing", "--json"}, 120000, nowhere.path());
        const auto finding = findingOf(result, "OpenMP");
        QVERIFY2(finding.value("health").toString() == "good", qPrintable(result.out));
    }

    void twoOpenMpRuntimesAreNamedWithWhatBringsThem()
    {
        const QTemporaryDir nowhere;
        const QString second = NANODIT_SECOND_OPENMP;
        qputenv("LD_PRELOAD", second.toLocal8Bit());
        const auto result = runProgram({"doctor", "--no-computing", "--json"}, 120000, nowhere.path());
        qunsetenv("LD_PRELOAD");
        QCOMPARE(result.exitCode, 1);
        const auto finding = findingOf(result, "OpenMP");
        QCOMPARE(finding.value("health").toString(), QString("wrong"));
        const auto text = finding.value("text").toString();
        const auto files = result.json().value("libtorch").toObject().value("openmp").toArray();
        QCOMPARE(files.size(), 2);
        for (const auto& file : files)
            QVERIFY2(text.contains(file.toString()), qPrintable(text));
        QVERIFY2(text.startsWith("2 OpenMP runtimes") && text.contains(second), qPrintable(text));
        const auto first = finding.value("remedies").toArray().first().toString();
        QVERIFY2(first.contains("LD_PRELOAD (" + second + ")") && first.endsWith("unset it."), qPrintable(first));
    }
};

QTEST_GUILESS_MAIN(DoctorCommandTest)
#include "tst_doctor_command.moc"
