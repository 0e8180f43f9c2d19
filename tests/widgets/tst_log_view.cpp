#include "widgets/colours.h"
#include "widgets/log_view.h"
#include "widgets/theme.h"

#include <QTest>
#include <QTextBlock>
#include <QTextCursor>
#include <QTextDocument>

using namespace nanodit;

namespace {

/// The colour of a line's last word; none where it has the palette's.
QColor colourOf(const LogView& log, int line)
{
    QTextCursor cursor(log.document()->findBlockByNumber(line));
    cursor.movePosition(QTextCursor::EndOfBlock);
    const auto format = cursor.charFormat(); // of the character before it
    return format.hasProperty(QTextFormat::ForegroundBrush) ? format.foreground().color() : QColor();
}

} // namespace

/// Lines of a log, as they come and as they were recorded.
class TestLogView : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void warningsAndErrorsHaveTheirColours()
    {
        LogView log;
        log.append(LogLevel::Warning, "too few");
        log.append(LogLevel::Info, "step 10");
        log.append(LogLevel::Error, "no room");
        QCOMPARE(log.document()->blockCount(), 3);
        QVERIFY(log.toPlainText().contains("too few"));
        QCOMPARE(colourOf(log, 0), themeColours().warningText());
        QVERIFY(!colourOf(log, 1).isValid());
        QCOMPARE(colourOf(log, 2), themeColours().problemText());
    }

    void aRecordedLogLooksAsItDidWhenItCame()
    {
        LogView log;
        log.append(LogLevel::Warning, "of another run"); // its colour must not stay
        log.showRecorded("2026-11-29 10:20:37 begun\n"
                         "2026-11-29 10:20:38 warning: the loader waits\n"
                         "a line of its own\n"
                         "2026-11-29 10:20:39 error: no room on the disk\n");
        QCOMPARE(log.toPlainText(), QString("2026-11-29 10:20:37  begun\n"
                                            "2026-11-29 10:20:38  the loader waits\n"
                                            "a line of its own\n"
                                            "2026-11-29 10:20:39  no room on the disk"));
        QVERIFY(!colourOf(log, 0).isValid());
        QCOMPARE(colourOf(log, 1), themeColours().warningText());
        QVERIFY(!colourOf(log, 2).isValid());
        QCOMPARE(colourOf(log, 3), themeColours().problemText());
        log.showRecorded("");
        QCOMPARE(log.toPlainText(), QString());
    }

    void linesThatAreShownTakeTheColoursOfANewTheme()
    {
        Theme theme(*qApp);
        theme.setMode(ThemeMode::Light);
        LogView log;
        log.append(LogLevel::Warning, "too few");
        log.append(LogLevel::Info, "step 10");
        log.append(LogLevel::Error, "no room");
        log.show();
        QVERIFY(QTest::qWaitForWindowExposed(&log));
        const auto text = log.toPlainText();
        for (const auto mode : {ThemeMode::Dark, ThemeMode::Light}) {
            theme.setMode(mode);
            QCOMPARE(themeColours().dark, mode == ThemeMode::Dark);
            QTRY_COMPARE_WITH_TIMEOUT(colourOf(log, 0), themeColours().warningText(), 60000);
            QVERIFY(!colourOf(log, 1).isValid());
            QCOMPARE(colourOf(log, 2), themeColours().problemText());
            QTextCursor time(log.document()->firstBlock());
            time.movePosition(QTextCursor::NextCharacter);
            QCOMPARE(time.charFormat().foreground().color(), themeColours().secondary);
        }
        QCOMPARE(log.toPlainText(), text);
    }
};

QTEST_MAIN(TestLogView)
#include "tst_log_view.moc"
