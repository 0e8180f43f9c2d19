#include "core/runtime/standard_streams.h"
#include "tests/support/another_process.h"

#include <QTest>

#include <fcntl.h>
#include <unistd.h>

using namespace nanodit;

class StandardStreamsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void noFileTakesTheirPlace()
    {
        const int first = test::inAnotherProcess([] {
            for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
                ::close(stream);
            holdStandardStreams();
            return ::open("/dev/null", O_RDONLY);
        });
        QVERIFY2(first > STDERR_FILENO, std::to_string(first).c_str());
    }

    void whatIsPrintedThereIsAnErrorAsBefore()
    {
        const int written = test::inAnotherProcess([] {
            ::close(STDOUT_FILENO);
            holdStandardStreams();
            return ::write(STDOUT_FILENO, "x", 1) < 0 ? 1 : 2;
        });
        QCOMPARE(written, 1);
    }

    void openOnesStayAsTheyAre()
    {
        int ends[2] = {};
        QCOMPARE(::pipe(ends), 0);
        const int code = test::inAnotherProcess([&] {
            ::dup2(ends[1], STDOUT_FILENO);
            holdStandardStreams();
            return ::write(STDOUT_FILENO, "x", 1) == 1 ? 0 : 1;
        });
        char got = 0;
        QCOMPARE(code, 0);
        QCOMPARE(::read(ends[0], &got, 1), ssize_t(1));
        QCOMPARE(got, 'x');
        ::close(ends[0]);
        ::close(ends[1]);
    }
};

QTEST_APPLESS_MAIN(StandardStreamsTest)
#include "tst_standard_streams.moc"
