#include "app/cli/wording.h"
#include "core/runtime/error.h"
#include "tests/app/cli/program.h"
#include "tests/support/every_word.h"

#include <QMap>
#include <QRegularExpression>
#include <QSet>
#include <QTest>

#include <algorithm>
#include <stdexcept>

using namespace nanodit;

namespace {

/// The help of a command ("demo create"), or of the program.
QString helpOf(const QStringList& command)
{
    static QMap<QStringList, QString> known;
    auto found = known.find(command);
    if (found == known.end()) {
        const auto result = test::runProgram(command + QStringList{"--help"});
        found = known.insert(command, result.exitCode == 0 ? result.out : QString());
    }
    return *found;
}

bool hasOption(const QStringList& command, const QString& option)
{
    const QRegularExpression whole(QRegularExpression::escape(option) + QStringLiteral("(?![a-z-])"));
    return helpOf(command).contains(whole);
}

QStringList optionsOf(const QString& text)
{
    static const QRegularExpression option(QStringLiteral("--[a-z][a-z-]*"));
    QStringList found;
    for (auto match = option.globalMatch(text); match.hasNext();)
        found << match.next().captured();
    return found;
}

} // namespace

/// The command line's words for what the engine says as data; commands and options in them are looked up in the
/// program's own help.
class CliWordingTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void everyStageHasItsOwnWords()
    {
        QSet<QString> seen;
        for (const auto& stage : test::everyStage()) {
            const auto text = QString::fromStdString(cli::stageText({.stage = stage}));
            QVERIFY2(!text.isEmpty(), qPrintable(QStringLiteral("kind %1").arg(static_cast<int>(stage.kind))));
            QVERIFY2(!seen.contains(text), qPrintable(text));
            seen.insert(text);
        }
    }

    void stagesNameTheirPassAndTheirPart()
    {
        const Stage encoding(Stage::Encoding, Pass::Dino);
        QCOMPARE(cli::stageText({.stage = encoding}), std::string("dinov3: encoding"));
        QCOMPARE(
            cli::stageText({.stage = Stage::Training, .part = Progress::Part{.number = 2, .count = 6, .name = "a"}}),
            std::string("model 2 of 6 (a): training"));
    }

    void everyUnitHasItsOwnWord()
    {
        QSet<QString> seen;
        for (const auto unit : test::everyUnit()) {
            const auto text = QString::fromStdString(cli::unitText(unit));
            QCOMPARE(text.isEmpty(), unit == Unit::None);
            QVERIFY2(!seen.contains(text), qPrintable(text));
            seen.insert(text);
        }
    }

    void amountsAndRates()
    {
        const Progress steps{.stage = {}, .done = 3, .total = 12, .unit = Unit::Steps, .perSecond = 0.5};
        QCOMPARE(cli::amountText(steps), std::string("3/12 steps"));
        QCOMPARE(cli::rateText(steps), std::string("2.0 s each"));
        const Progress bytes{
            .stage = {}, .done = 1'500'000, .total = 40'000'000, .unit = Unit::Bytes, .perSecond = 2e6};
        QCOMPARE(cli::amountText(bytes), std::string("1.5 MB of 40.0 MB"));
        QCOMPARE(cli::rateText(bytes), std::string("2.0 MB/s"));
        QCOMPARE(cli::amountText({.stage = {}, .done = 7, .unit = Unit::Pictures}), std::string("7 pictures"));
    }

    void everyRemedyNamesCommandsAndOptionsThatThereAre()
    {
        static const QRegularExpression quoted(QStringLiteral("\"nanodit ([^\"]*)\""));
        // Where an option without its command can be meant: it belongs to whatever was typed.
        const QList<QStringList> commands = {{},           {"preprocess"}, {"shard"},     {"train"},
                                             {"validate"}, {"sample"},     {"attention"}, {"experiment"}};
        for (const auto& remedy : test::everyRemedy()) {
            auto text = QString::fromStdString(cli::remedyText(remedy));
            QVERIFY2(text.size() > 10 && text[0].isLower() && !text.endsWith(QLatin1Char('.')),
                     qPrintable(QStringLiteral("kind %1: %2").arg(remedy.index()).arg(text)));
            for (auto match = quoted.globalMatch(text); match.hasNext();) {
                const auto typed = match.next().captured(1);
                QStringList command;
                for (const auto& word : typed.split(QLatin1Char(' '))) {
                    if (!word[0].isLower())
                        break; // an option, or the place of a value
                    command << word;
                }
                QVERIFY2(!helpOf(command).isEmpty(), qPrintable(typed));
                for (const auto& option : optionsOf(typed))
                    QVERIFY2(hasOption(command, option), qPrintable(typed));
            }
            for (const auto& option : optionsOf(text.remove(quoted)))
                QVERIFY2(std::any_of(commands.begin(), commands.end(),
                                     [&](const QStringList& command) { return hasOption(command, option); }),
                         qPrintable(text));
        }
    }

    void errorsAreFollowedByWhatHelps()
    {
        QCOMPARE(cli::errorText(DataError("a.npy is missing", remedy::RunPasses{.pass = Pass::Vae})),
                 std::string("a.npy is missing; run \"nanodit preprocess --pass-filter vae\""));
        QCOMPARE(cli::errorText(DataError("a.npy is missing")), std::string("a.npy is missing"));
        QVERIFY(cli::errorText(std::runtime_error("out of order")).ends_with("(out of order)"));
    }
};

QTEST_GUILESS_MAIN(CliWordingTest)
#include "tst_cli_wording.moc"
