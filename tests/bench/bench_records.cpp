/// How the data set's page copes with many records: bench_records [records]. Without a display:
/// QT_QPA_PLATFORM=offscreen. Prints milliseconds on the home thread, in the background, and memory.

#include "app/pages/dataset/record_list.h"
#include "app/pages/dataset/record_model.h"
#include "app/pages/dataset/record_table.h"
#include "tests/app/drawn_records.h"
#include "widgets/theme.h"
#include "widgets/thumbnail_grid.h"

#include <QApplication>
#include <QElapsedTimer>
#include <QFile>
#include <QScrollBar>
#include <QStandardPaths>
#include <QTest>

#include <cstdio>
#include <cstdlib>
#include <unistd.h>

using namespace nanodit;

namespace {

double residentMegabytes()
{
    QFile file(QStringLiteral("/proc/self/statm"));
    if (!file.open(QIODevice::ReadOnly))
        return 0;
    return file.readAll().split(' ')[1].toDouble() * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

template<typename Work>
double millisecondsOf(Work work)
{
    QElapsedTimer timer;
    timer.start();
    work();
    return static_cast<double>(timer.nsecsElapsed()) / 1e6;
}

void line(const char* what, double value, const char* unit)
{
    std::printf("%-62s %9.1f %s\n", what, value, unit);
}

/// Asks for something of the list and waits until the model shows it; gives the longest time that one turn of the event
/// loop took meanwhile: what the window feels of it.
template<typename Ask>
void measure(const char* what, RecordList& list, Ask ask)
{
    QElapsedTimer all;
    all.start();
    double longest = millisecondsOf(ask);
    while (!list.idle())
        longest = std::max(longest, millisecondsOf([] { QCoreApplication::processEvents(QEventLoop::AllEvents, 1); }));
    line(what, static_cast<double>(all.nsecsElapsed()) / 1e6, "ms");
    line("    of it, at most at a time on the home thread", longest, "ms");
}

/// The longest of frames at places spread over the whole length.
double longestFrame(QAbstractItemView& view)
{
    auto* const bar = view.verticalScrollBar();
    double longest = 0;
    for (int step = 0; step < 200; ++step) {
        longest = std::max(longest, millisecondsOf([&] {
                               bar->setValue(static_cast<int>(static_cast<std::int64_t>(bar->maximum()) * step / 200));
                               view.viewport()->repaint();
                           }));
        QCoreApplication::processEvents();
    }
    return longest;
}

template<typename View>
void measureView(const char* name, RecordModel& model, QSize size)
{
    View view;
    const double shown = millisecondsOf([&] {
        view.setModel(&model);
        view.resize(size);
        view.show();
        (void)QTest::qWaitForWindowExposed(&view);
        view.viewport()->repaint();
    });
    const auto text = [name](const char* what) { return std::string(name) + ": " + what; };
    line(text("to show").c_str(), shown, "ms");
    line(text("longest frame while scrolling").c_str(), longestFrame(view), "ms");
    line(text("to lay out after a change of size").c_str(), millisecondsOf([&] {
             view.resize(size.width() + 160, size.height());
             QCoreApplication::processEvents();
             view.viewport()->repaint();
         }),
         "ms");
    line(text("to select everything").c_str(), millisecondsOf([&] { view.selectAll(); }), "ms");
}

} // namespace

int main(int argc, char** argv)
{
    QStandardPaths::setTestModeEnabled(true);
    QApplication application(argc, argv);
    const Theme theme(application);
    const int count = argc > 1 ? std::atoi(argv[1]) : 100000;

    const double before = residentMegabytes();
    const auto records = test::drawnRecords(count);
    line("memory of the records", residentMegabytes() - before, "MB");
    const double withRecords = residentMegabytes();
    RecordModel model;
    RecordList list(&model);
    measure("list: to show all", list, [&] { list.setRecords(records); });
    line("memory of list and model beside it", residentMegabytes() - withRecords, "MB");
    measureView<ThumbnailGrid>("grid", model, {412, 640});
    measureView<RecordTable>("table", model, {640, 640});
    ThumbnailGrid grid; // a view that follows, as on the page
    grid.setModel(&model);
    grid.resize(412, 640);
    grid.show();
    measure("list: two words in captions", list, [&] { list.setQuery("thing evening"); });
    measure("list: state:stale -split:val", list, [&] { list.setQuery("state:stale -split:val"); });
    measure("list: everything again", list, [&] { list.setQuery({}); });
    measure("list: by caption", list, [&] { list.setOrder({.column = RecordModel::CaptionColumn}); });
    measure("list: one caption edited", list, [&] {
        auto edited = *records;
        edited[5].caption = "edited";
        list.setRecords(std::make_shared<const std::vector<RecordInfo>>(std::move(edited)));
    });
    line("    of it, the copy, which the session makes in the background",
         millisecondsOf([&] { const auto copy = *records; }), "ms");
    line("memory in all", residentMegabytes(), "MB");
    return 0;
}
