/// How fluidly the Sample page's picture follows a slider: bench_sample_page [WORKSPACE], a demo workspace; without one
/// it makes a small one. Without a display: QT_QPA_PLATFORM=offscreen. Times are from the move to the picture drawn.

#include "app/controllers.h"
#include "app/pages/sample/sample_page.h"
#include "app/sampling.h"
#include "app/session.h"
#include "core/front/demo.h"
#include "tests/support/scripted_dialogs.h"
#include "widgets/guidance_slider.h"
#include "widgets/theme.h"

#include <QApplication>
#include <QCheckBox>
#include <QElapsedTimer>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <cstdio>

using namespace nanodit;

namespace {

constexpr int moves = 60, minute = 60000;

double millisecondsSince(const QElapsedTimer& timer)
{
    return static_cast<double>(timer.nsecsElapsed()) / 1e6;
}

/// Moves the slider, each time once the last move is on the screen; at once, or while the picture is being refined.
void drag(SamplePage& page, Sampling& sampling, bool whileRefining)
{
    auto* const slider = page.findChild<GuidanceSlider*>("textScale");
    std::vector<double> answers;
    double longestTurn = 0;
    for (int i = 0; i < moves; ++i) {
        bool shown = false;
        const auto connection = QObject::connect(&sampling, &Sampling::followed, &page, [&] { shown = true; });
        QElapsedTimer one;
        one.start();
        slider->setValue(0.1 * (i + 1));
        while (!shown && one.elapsed() < minute) {
            QElapsedTimer turn;
            turn.start();
            QCoreApplication::processEvents(QEventLoop::AllEvents, 1);
            longestTurn = std::max(longestTurn, millisecondsSince(turn));
        }
        page.repaint();
        answers.push_back(millisecondsSince(one));
        QObject::disconnect(connection);
        if (!whileRefining && !QTest::qWaitFor([&] { return !sampling.busy(); }, minute))
            break;
    }
    std::ranges::sort(answers);
    std::printf("slider, %-22s median %5.1f ms, 95 %% within %5.1f ms; the window waits at most %5.1f ms\n",
                whileRefining ? "while it refines:" : "at rest:", answers[answers.size() / 2],
                answers[answers.size() * 95 / 100], longestTurn);
}

} // namespace

int main(int argc, char** argv)
{
    QApplication application(argc, argv);
    QStandardPaths::setTestModeEnabled(true);
    const Theme theme(application);
    const QTemporaryDir folder;
    const QString workspace = argc > 1 ? QString::fromLocal8Bit(argv[1]) : folder.filePath("demo");
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
    page.findChild<QCheckBox*>("live")->setChecked(true);
    page.findChild<GuidanceSlider*>("textScale")->setValue(5); // opens the model
    QTest::qWaitFor([&] { return !sampling.busy(); }, minute);
    drag(page, sampling, false);
    drag(page, sampling, true);
    return 0;
}
