#include "core/runtime/child_process.h"
#include "tests/support/test_data.h"

#include <QTest>

#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using namespace nanodit;
using End = ChildResult::End;

namespace {

ChildProgram shell(const std::string& script)
{
    ChildProgram program;
    program.arguments = {"sh", "-c", script};
    program.folder = "/";
    return program;
}

ChildResult run(const ChildProgram& program)
{
    return runChild(program, [] { return false; });
}

/// Whether a process with the number that a file holds is there.
bool lives(const std::filesystem::path& file)
{
    std::ifstream stream(file);
    pid_t process = 0;
    stream >> process;
    if (process <= 1)
        return true;                // no number: as good as a failure
    for (int i = 0; i < 100; ++i) { // init may take a moment to bury it
        std::ifstream state("/proc/" + std::to_string(process) + "/stat");
        std::string number, name, letter;
        if (!(state >> number >> name >> letter) || letter == "Z")
            return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return true;
}

} // namespace

class TestChildProcess : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void outputErrorsAndCodeComeBack()
    {
        const auto result = run(shell("echo out; echo first >&2; echo 'the cause' >&2; exit 3"));
        QVERIFY(result.end == End::Exited && !result.succeeded());
        QCOMPARE(result.code, 3);
        QCOMPARE(result.output, std::string("out\n"));
        QCOMPARE(result.inWords({}), std::string("ended with code 3: the cause"));
        QVERIFY(run(shell("true")).succeeded());
    }

    void argumentsArriveAsTheyAre()
    {
        const test::TemporaryFolder folder;
        ChildProgram program;
        program.folder = folder.path();
        const std::string wild = "a b; $(touch hurt) `touch hurt` \"'*\n\xE2\x82\xAC";
        program.arguments = {"printf", "%s|", wild, ""};
        QCOMPARE(run(program).output, wild + "||");
        QVERIFY(!std::filesystem::exists(folder / "hurt"));
        program.arguments = {"pwd"};
        QCOMPARE(std::filesystem::canonical(folder.path()).string() + "\n", run(program).output);
    }

    void standardInputIsEmpty() { QCOMPARE(run(shell("wc -c")).output, std::string("0\n")); }

    void standardInputIsWhatItWasGiven()
    {
        auto program = shell("cat");
        program.input = "{\"event\": \"spike\"}\nand a second line";
        QCOMPARE(run(program).output, program.input);
        program = shell("exec true"); // leaves it unread, however long it is
        program.input = std::string(1 << 20, 'x');
        QVERIFY(run(program).succeeded());
        program = shell("wc -c");
        program.input = std::string(1 << 20, 'x');
        QCOMPARE(run(program).output, std::string("1048576\n"));
    }

    void whatCannotBeStartedIsNamed()
    {
        ChildProgram program;
        program.folder = "/";
        program.arguments = {"no-such-program-anywhere"};
        const auto message = test::errorOf([&] { run(program); });
        QVERIFY2(message.find("no-such-program-anywhere") != std::string::npos, message.c_str());
    }

    void signalsAreNamed()
    {
        const auto result = run(shell("kill -SEGV $$"));
        QVERIFY(result.end == End::Killed);
        QCOMPARE(result.code, SIGSEGV);
        QVERIFY(result.inWords({}).find("signal 11") != std::string::npos);
    }

    void itsEndIsHeardOfWhereWeWereStartedWithoutThat()
    {
        auto* const before = std::signal(SIGCHLD, SIG_IGN);
        const auto result = run(shell("exit 3"));
        std::signal(SIGCHLD, before);
        QVERIFY(result.end == ChildResult::End::Exited);
        QCOMPARE(result.code, 3);
    }

    void timeIsLimited()
    {
        auto program = shell("echo begun; sleep 1000");
        program.limit = std::chrono::seconds(2); // a shell on a busy machine needs some to begin
        const auto result = run(program);
        QVERIFY(result.end == End::TooLong);
        QCOMPARE(result.output, std::string("begun\n"));
    }

    void outputIsLimitedAndErrorsAreCut()
    {
        const auto flood = run(shell("yes"));
        QVERIFY(flood.end == End::TooMuch);
        auto program = shell("yes >&2");
        program.limit = std::chrono::seconds(1);
        const auto noise = run(program);
        QVERIFY(noise.end == End::TooLong);
        QVERIFY(!noise.errors.empty() && noise.errors.size() <= 2000);
        const auto full = run(shell("head -c 60000 /dev/zero")); // much, but not too much: all of it
        QCOMPARE(full.output.size(), 60000U);
    }

    void stoppingKillsAllThatItStarted()
    {
        const test::TemporaryFolder folder;
        auto program = shell("sleep 300 & echo $! > inner; echo $$ > outer; wait");
        program.folder = folder.path();
        const auto result = runChild(program, [&] { return std::filesystem::exists(folder / "outer"); });
        QVERIFY(result.end == End::Stopped);
        QVERIFY(!lives(folder / "inner"));
        QVERIFY(!lives(folder / "outer"));
    }

    void whatItLeavesRunningIsKilledToo()
    {
        const test::TemporaryFolder folder;
        auto program = shell("sleep 300 & echo $! > inner; echo caption");
        program.folder = folder.path();
        const auto result = run(program); // although the sleeper holds its output open
        QVERIFY(result.succeeded());
        QCOMPARE(result.output, std::string("caption\n"));
        QVERIFY(!lives(folder / "inner"));
    }

    void filesOfOursAreNotHandedOn()
    {
        int pipe[2];
        QCOMPARE(::pipe2(pipe, O_CLOEXEC), 0);
        struct stat status {};
        QCOMPARE(::fstat(pipe[0], &status), 0);
        const auto listed = run(shell("ls -l /proc/self/fd")).output;
        QVERIFY(listed.find("/dev/null") != std::string::npos);
        QVERIFY2(listed.find("pipe:[" + std::to_string(status.st_ino) + "]") == std::string::npos, listed.c_str());
        ::close(pipe[0]);
        ::close(pipe[1]);
    }
};

QTEST_APPLESS_MAIN(TestChildProcess)
#include "tst_child_process.moc"
