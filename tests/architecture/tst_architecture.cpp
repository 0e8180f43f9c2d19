#include "tests/architecture/include_graph.h"

#include <QFile>
#include <QRegularExpression>
#include <QTest>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

/// Who may include whom, read from the sources themselves, and whether the rules notice an include that breaks them.
class ArchitectureTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void theSourcesKeepTheOrderOfTheHouse();
    void theOrderStandsAlikeInTheBuildAndTheDescription();
    void theFrontReachesNoTorch();
    void aPlantedIncludeIsFound_data();
    void aPlantedIncludeIsFound();

private:
    IncludeGraph graph_;
};

void ArchitectureTest::initTestCase()
{
    graph_ = readIncludes(SOURCE_ROOT, {"core", "widgets", "app", "tests"});
    QVERIFY(graph_.size() > 500);
}

void ArchitectureTest::theSourcesKeepTheOrderOfTheHouse()
{
    std::string all;
    for (const auto& sentence : violations(graph_))
        all += sentence + "\n";
    QVERIFY2(all.empty(), all.c_str());
}

void ArchitectureTest::theOrderStandsAlikeInTheBuildAndTheDescription()
{
    const auto textOf = [](const QString& file) {
        QFile read(QStringLiteral(SOURCE_ROOT "/") + file);
        return read.open(QIODevice::ReadOnly) ? QString::fromUtf8(read.readAll()) : QString();
    };
    QStringList order;
    for (const auto& folder : coreFolders())
        order << QString::fromStdString(folder);
    static const QRegularExpression list("foreach\\(folder ([a-z ]+)\\)");
    QCOMPARE(list.match(textOf("core/CMakeLists.txt")).captured(1).split(' '), order);
    static const QRegularExpression row("^\\| `core/([a-z]+)` \\|", QRegularExpression::MultilineOption);
    QStringList described;
    const auto page = textOf("docs/architecture.md");
    for (auto it = row.globalMatch(page); it.hasNext();)
        described << it.next().captured(1);
    QCOMPARE(described, order);
}

void ArchitectureTest::theFrontReachesNoTorch()
{
    int headers = 0;
    for (const auto& [file, includes] : graph_) {
        if (file.rfind("core/front/", 0) != 0 || !file.ends_with(".h"))
            continue;
        ++headers;
        for (const auto& include : reach(graph_, file))
            QVERIFY2(include.rfind("torch/", 0) != 0 && include.rfind("ATen/", 0) != 0 && include.rfind("c10/", 0) != 0,
                     (file + " reaches " + include).c_str());
    }
    QVERIFY(headers >= 6);
}

void ArchitectureTest::aPlantedIncludeIsFound_data()
{
    QTest::addColumn<QString>("file");
    QTest::addColumn<QString>("include");
    QTest::addColumn<QString>("alsoFoundIn"); // reaches the planted one through `file`
    QTest::addColumn<bool>("allowedThere");   // `file` itself may include it
    QTest::newRow("a later folder") << "core/io/npy.h"
                                    << "core/train/trainer.h"
                                    << "core/io/npy.cpp" << false;
    QTest::newRow("the front, in core") << "core/train/train_job.h"
                                        << "core/front/training.h"
                                        << "core/train/train_job.cpp" << false;
    QTest::newRow("a geometry that knows pictures") << "core/geometry/bucket.h"
                                                    << "core/io/image.h"
                                                    << "core/geometry/bucket.cpp" << false;
    QTest::newRow("a suite that knows scenes") << "core/validate/measures.h"
                                               << "core/demo/truth.h"
                                               << "core/validate/measures.cpp" << false;
    QTest::newRow("Qt in core") << "core/runtime/job.h"
                                << "QObject"
                                << "core/train/train_job.cpp" << false;
    QTest::newRow("a window in core") << "core/io/image.h"
                                      << "app/session.h"
                                      << "core/io/image.cpp" << false;
    QTest::newRow("LibTorch in the front") << "core/sample/sample_request.h"
                                           << "ATen/ATen.h"
                                           << "app/sampling.cpp" << true;
    QTest::newRow("the engine in widgets") << "widgets/banner.h"
                                           << "core/sample/sample_request.h"
                                           << "widgets/banner.cpp" << false;
    QTest::newRow("app in widgets") << "widgets/banner.h"
                                    << "app/session.h"
                                    << "widgets/banner.cpp" << false;
    QTest::newRow("the engine in app, past the front") << "app/session.h"
                                                       << "core/train/train_job.h"
                                                       << "" << false;
    QTest::newRow("all of LibTorch") << "core/model/nanodit.h"
                                     << "torch/torch.h"
                                     << "" << false;
}

void ArchitectureTest::aPlantedIncludeIsFound()
{
    QFETCH(QString, file);
    QFETCH(QString, include);
    QFETCH(QString, alsoFoundIn);
    QFETCH(bool, allowedThere);
    auto planted = graph_;
    QVERIFY2(planted.count(file.toStdString()) == 1, qPrintable(file));
    planted[file.toStdString()].push_back(include.toStdString());
    const auto names = [found = violations(planted)](const QString& wanted) {
        for (const auto& sentence : found) {
            if (sentence.rfind(wanted.toStdString() + " ", 0) == 0)
                return true;
        }
        return false;
    };
    QCOMPARE(names(file), !allowedThere);
    QVERIFY2(alsoFoundIn.isEmpty() || names(alsoFoundIn), qPrintable(alsoFoundIn));
}

QTEST_APPLESS_MAIN(ArchitectureTest)
#include "tst_architecture.moc"
