/// How fluidly the Attention page follows the mouse: bench_attention_page [WORKSPACE], a demo workspace; without one it
/// makes a small one. Without a display: QT_QPA_PLATFORM=offscreen. Every answer is drawn: words, patches, readout,
/// small multiples.

#include "app/controllers.h"
#include "app/pages/attention/attention_page.h"
#include "app/session.h"
#include "core/front/demo.h"
#include "core/runtime/waiting_threads.h"
#include "tests/support/scripted_dialogs.h"
#include "widgets/attention_map.h"
#include "widgets/theme.h"

#include <QApplication>
#include <QCheckBox>
#include <QElapsedTimer>
#include <QSpinBox>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

using namespace nanodit;

namespace {

constexpr int moves = 300, minute = 60000;
constexpr std::chrono::microseconds rest(200); ///< Between turns of the event loop, as the window has it.

double millisecondsSince(const QElapsedTimer& timer)
{
    return static_cast<double>(timer.nsecsElapsed()) / 1e6;
}

/// Moves over the picture's tokens, each once what the last one asked for is on the screen.
void hover(AttentionPage& page, const char* what)
{
    auto* const picture = page.findChild<AttentionMap*>("attentionPicture");
    const auto cells = picture->grid().count();
    std::vector<double> answers;
    double longestTurn = 0;
    QElapsedTimer all;
    all.start();
    for (int i = 0; i < moves; ++i) {
        QElapsedTimer one;
        one.start();
        const auto point = picture->cellRect((7 * i + 3) % cells).center().toPoint();
        QTest::mouseMove(picture, point);
        while (true) {
            QElapsedTimer turn;
            turn.start();
            QCoreApplication::processEvents(QEventLoop::AllEvents, 1);
            longestTurn = std::max(longestTurn, millisecondsSince(turn));
            if (page.settled())
                break;
            std::this_thread::sleep_for(rest); // else it took a core from what it times
        }
        page.repaint();
        answers.push_back(millisecondsSince(one));
    }
    std::ranges::sort(answers);
    std::printf("%-34s %7.1f a second, median %5.1f ms, 95 %% within %5.1f ms; the window waits at most %5.1f ms\n",
                what, 1000 * moves / millisecondsSince(all), answers[moves / 2], answers[moves * 95 / 100],
                longestTurn);
}

} // namespace

int main(int argc, char** argv)
{
    letWaitingThreadsSleep(argv); // as the window does
    QApplication application(argc, argv);
    QStandardPaths::setTestModeEnabled(true);
    const Theme theme(application);
    const QTemporaryDir folder;
    QString workspace = argc > 1 ? QString::fromLocal8Bit(argv[1]) : folder.filePath("demo");
    if (argc < 2)
        makeDemoJob({.folder = workspace.toStdString(), .scenes = 20})->run({});
    Session session;
    test::ScriptedDialogs dialogs;
    Controllers controllers(session);
    AttentionPage page(session, controllers.looking, controllers.comparison, controllers.training, dialogs);
    page.resize(1848, 1048);
    page.show();
    session.openWorkspace(workspace);
    const auto settled = [&] { return session.hasWorkspace() && session.idle() && page.settled(); };
    if (!QTest::qWaitFor(settled, minute) || page.findChild<AttentionMap*>("attentionPicture")->grid().count() == 0) {
        std::fprintf(stderr, "the page shows no record of %s\n", qPrintable(workspace));
        return 1;
    }
    page.findChild<QCheckBox*>("attentionHover")->setChecked(true);
    hover(page, "answers, mean over blocks and heads:");
    page.findChild<QSpinBox*>("attentionBlock")->setValue(1);
    hover(page, "answers, one block first, then all:");
    return 0;
}
