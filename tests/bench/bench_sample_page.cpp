/// How fluidly the Sample page's picture follows a slider: bench_sample_page [WORKSPACE [SET]], a demo workspace;
/// without one it makes a small one. SET is an instruction set as nameOf() writes it (AVX2) for our kernels: LibTorch's
/// kernels follow ATEN_CPU_CAPABILITY=avx2, and OpenBLAS follows OPENBLAS_CORETYPE=Haswell. Without a display:
/// QT_QPA_PLATFORM=offscreen. Times are from the move to the sketch drawn, and from a cancel to the end of what runs.
/// Between events it sleeps, as the window does: a loop that asks for events all the time would take one of the cores
/// from the sampler that it times. Each line is printed as soon as it is known; all take about half a minute.

#include "app/controllers.h"
#include "app/pages/sample/sample_page.h"
#include "app/sampling.h"
#include "app/session.h"
#include "core/front/demo.h"
#include "core/kernels/instruction_set.h"
#include "core/runtime/waiting_threads.h"
#include "tests/support/scripted_dialogs.h"
#include "widgets/guidance_slider.h"
#include "widgets/image_canvas.h"
#include "widgets/theme.h"

#include <QApplication>
#include <QCheckBox>
#include <QElapsedTimer>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

using namespace nanodit;

namespace {

constexpr int moves = 40, minute = 60000;
constexpr std::chrono::microseconds rest(200); ///< Between turns of the event loop.

double millisecondsSince(const QElapsedTimer& timer)
{
    return static_cast<double>(timer.nsecsElapsed()) / 1e6;
}

/// When half of them have come, and nearly all.
void print(const char* what, std::vector<double> times)
{
    std::ranges::sort(times);
    std::printf("%-38s median %6.1f ms, 95 %% within %6.1f ms, slowest %6.1f ms\n", what, times[times.size() / 2],
                times[times.size() * 95 / 100], times.back());
    std::fflush(stdout);
}

class Drag {
public:
    Drag(SamplePage& page, Sampling& sampling)
        : slider_(page.findChild<GuidanceSlider*>(QStringLiteral("textScale")))
        , canvas_(page.findChild<ImageCanvas*>(QStringLiteral("sampleCanvas")))
        , sampling_(sampling)
    {
        QObject::connect(&sampling_, &Sampling::followed, &page,
                         [this](const QImage&, bool refined) { sketches_ += refined ? 0 : 1; });
    }

    /// Moves the slider, each time once the last move is on the screen: while its picture is being refined, or after
    /// that was cancelled. False: nothing came within a minute.
    bool go(bool whileRefining)
    {
        std::vector<double> answers, turns, ends;
        for (int i = 0; i < moves; ++i) {
            const int before = sketches_;
            QElapsedTimer one;
            one.start();
            slider_->setValue(0.1 * (i + 1));
            if (!turnUntil([&] { return sketches_ > before; }, turns))
                return false;
            canvas_->repaint();
            answers.push_back(millisecondsSince(one));
            if (whileRefining)
                continue;
            one.start();
            sampling_.cancel();
            if (!turnUntil([&] { return !sampling_.busy(); }, turns))
                return false;
            ends.push_back(millisecondsSince(one));
        }
        print(whileRefining ? "slider while the last is refined:" : "slider at rest:", answers);
        if (!ends.empty())
            print("cancelled refinement ends after:", ends);
        print("the window's event loop waits:", turns);
        return true;
    }

private:
    /// Lets the window do its work until `done`; each turn's time is kept. False: it took longer than a minute.
    template<typename Done>
    static bool turnUntil(const Done& done, std::vector<double>& turns)
    {
        QElapsedTimer all;
        all.start();
        while (!done() && all.elapsed() < minute) {
            QElapsedTimer turn;
            turn.start();
            QCoreApplication::processEvents(QEventLoop::AllEvents, 1);
            turns.push_back(millisecondsSince(turn));
            if (!done())
                std::this_thread::sleep_for(rest);
        }
        return done();
    }

    GuidanceSlider* slider_;
    ImageCanvas* canvas_;
    Sampling& sampling_;
    int sketches_ = 0;
};

} // namespace

int main(int argc, char** argv)
{
    letWaitingThreadsSleep(argv); // as the window does
    QApplication application(argc, argv);
    QStandardPaths::setTestModeEnabled(true);
    std::optional<InstructionSetScope> lesser;
    if (argc > 2) {
        const auto& sets = usableInstructionSets();
        const auto set =
            std::ranges::find_if(sets, [&](auto each) { return std::string_view(argv[2]) == nameOf(each); });
        if (set == sets.end()) {
            std::fprintf(stderr, "this processor has no instruction set \"%s\"\n", argv[2]);
            return 2;
        }
        lesser.emplace(*set);
    }
    const Theme theme(application);
    const QTemporaryDir folder;
    const QString workspace = argc > 1 ? QString::fromLocal8Bit(argv[1]) : folder.filePath(QStringLiteral("demo"));
    if (argc < 2)
        makeDemoJob({.folder = workspace.toStdString(), .scenes = 20})->run({});
    Session session;
    test::ScriptedDialogs dialogs;
    Controllers controllers(session);
    SamplePage page(session, controllers.sampling, dialogs);
    page.resize(1848, 1048);
    page.show();
    session.openWorkspace(workspace);
    if (!QTest::qWaitFor([&] { return session.hasWorkspace() && session.idle() && page.settled(); }, minute) ||
        session.runs().empty()) {
        std::fprintf(stderr, "%s has no run\n", qPrintable(workspace));
        return 1;
    }
    auto& sampling = controllers.sampling;
    QObject::connect(&sampling, &Sampling::failed, &page,
                     [](const Notice& why) { std::fprintf(stderr, "%s\n", why.text.c_str()); });
    page.findChild<QCheckBox*>(QStringLiteral("live"))->setChecked(true);
    page.findChild<GuidanceSlider*>(QStringLiteral("textScale"))->setValue(5); // opens the model
    if (!QTest::qWaitFor([&] { return !sampling.busy(); }, 2 * minute)) {
        std::fprintf(stderr, "the first live picture took longer than two minutes\n");
        return 1;
    }
    Drag drag(page, sampling);
    if (!drag.go(false) || !drag.go(true)) {
        std::fprintf(stderr, "no picture followed the slider within a minute\n");
        return 1;
    }
    sampling.cancel();
    return QTest::qWaitFor([&] { return !sampling.busy(); }, minute) ? 0 : 1;
}
