#include "core/dataset/catalog.h"
#include "core/dataset/import_job.h"
#include "core/io/sha256.h"
#include "core/preprocess/jobs.h"
#include "tests/core/preprocess/pass_fixture.h"
#include "tests/support/drawn_picture.h"

#include <QTest>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <thread>

using namespace nanodit;
namespace fs = std::filesystem;

namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

/// Sixteen for each core, as an import reads on all of them.
const int pictures = 16 * static_cast<int>(std::max(2U, std::thread::hardware_concurrency()));
constexpr ImageSize large{4000, 3000};

double threadSeconds()
{
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// What reading one picture takes, and the second that a job has to stop within: longer only while other programs take
/// turns from this one, as reading the picture shows.
struct Yardstick {
    Seconds one{};
    Seconds second{};

    explicit Yardstick(const fs::path& picture)
    {
        const auto start = Clock::now();
        const double cpu = threadSeconds();
        static_cast<void>(readImage(picture));
        one = Clock::now() - start;
        const double busy = one.count() / std::max(1e-9, threadSeconds() - cpu);
        second = std::max(Seconds(busy < 1.2 ? 1 : 2.5 * busy), 3 * one); // of a build with sanitizers
    }
    /// Other programs may have begun since.
    void measureAgain(const fs::path& picture) { second = std::max(second, Yardstick(picture).second); }
};

/// Many large pictures, each a name of one file.
struct LargePictures {
    test::TemporaryFolder folder;
    fs::path pictureFolder = folder / "pictures";
    Workspace workspace;
    test::FakeEncoders fakes;

    LargePictures()
    {
        WorkspaceConfig config;
        config.buckets = {{96, 64}};
        config.validationShare = 0;
        config.exclusions.exactDuplicates = false;
        config.exclusions.nearDuplicateBits = -1;
        config.textTokens = 16;
        workspace = Workspace::create(folder / "workspace", config);
        fs::create_directories(pictureFolder);
        writePng(picture(0), test::drawnPicture(1, large));
        for (int i = 1; i < pictures; ++i)
            fs::create_hard_link(picture(0), picture(i));
    }
    /// All of them into the catalog, without reading each.
    void putRecords() const
    {
        auto catalog = Catalog::open(workspace);
        const auto hash = sha256OfFile(picture(0));
        catalog.together([&] {
            for (int i = 0; i < pictures; ++i) {
                Record record;
                record.id = "large" + std::to_string(i);
                record.image = picture(i);
                record.split = "train";
                record.original = large;
                record.bucket = {96, 64};
                record.imageHash = hash;
                record.imageStamp = *stampOf(picture(i));
                catalog.put(record);
            }
        });
    }
    fs::path picture(int index) const { return pictureFolder / ("large" + std::to_string(index) + ".png"); }

    struct Stopped {
        JobEnd end = JobEnd::Finished;
        Seconds took{}; ///< From the request to the end.
    };
    /// Runs the job and asks it to stop a moment after this stage has begun.
    static Stopped stopIn(Job& job, const Stage& stage, Seconds moment)
    {
        JobContext context;
        std::jthread stopper;
        Clock::time_point asked;
        context.report = [&](const Progress& progress) {
            if (stopper.joinable() || progress.stage != stage)
                return;
            stopper = std::jthread([&] {
                std::this_thread::sleep_for(moment);
                asked = Clock::now();
                context.control->requestStop();
            });
        };
        const auto end = job.run(context);
        const auto ended = Clock::now();
        if (stopper.joinable())
            stopper.join();
        return {.end = end, .took = ended - asked};
    }
};

QByteArray inWords(const LargePictures::Stopped& stopped, const Yardstick& yardstick, const char* what)
{
    std::array<char, 200> text{};
    std::snprintf(text.data(), text.size(),
                  "%s: stopped in %.3f s, within %.2f s allowed; one picture is read in %.3f s", what,
                  stopped.took.count(), yardstick.second.count(), yardstick.one.count());
    return text.data();
}

} // namespace

/// Jobs end within a second of being asked to, whatever waits in line.
class TestStopping : public QObject {
    Q_OBJECT

private Q_SLOTS:
    /// Many pictures are in line. Only the one that each thread is just decoding may be waited for.
    void picturesInLineDoNotHoldUpAnImportNorAPass()
    {
        LargePictures f;
        Yardstick yardstick(f.picture(0));
        // Or waiting for all of them would not be noticed; an import reads on as many threads as there are cores.
        const double together = std::max(2U, std::thread::hardware_concurrency());
        if (yardstick.one * pictures / together <= yardstick.second)
            QSKIP("this machine reads all the pictures within the time that it has to stop in");
        const auto import = makeImportJob({.workspace = f.workspace, .source = f.pictureFolder});
        auto stopped = LargePictures::stopIn(*import, Stage::FindingPictures, 1.5 * yardstick.one);
        yardstick.measureAgain(f.picture(0));
        auto words = inWords(stopped, yardstick, "import");
        qInfo("%s", words.constData());
        QVERIFY(stopped.end == JobEnd::Cancelled);
        QVERIFY2(stopped.took < yardstick.second, words);
        f.putRecords();

        f.fakes.pixelsAtOnce = pictures * 96 * 64; // one batch of all: it is read by one thread
        const auto pass =
            makePreprocessJobWith({.workspace = f.workspace, .passes = {Pass::Vae}, .device = {}}, f.fakes.encoders());
        stopped = LargePictures::stopIn(*pass, {Stage::Encoding, Pass::Vae}, 1.5 * yardstick.one);
        yardstick.measureAgain(f.picture(0));
        words = inWords(stopped, yardstick, "pass");
        qInfo("%s", words.constData());
        QVERIFY(stopped.end == JobEnd::Cancelled);
        QVERIFY2(stopped.took < yardstick.second, words);
        QCOMPARE(f.fakes.encoded, 0);
    }
};

QTEST_APPLESS_MAIN(TestStopping)
#include "tst_stopping.moc"
