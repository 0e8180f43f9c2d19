/// Thumbnails of every record of a workspace, as the data set's page has them: made, then read from the cache on disk.
/// bench_thumbnails WORKSPACE. Without a display: QT_QPA_PLATFORM=offscreen.

#include "app/thumbnails.h"
#include "tests/bench/measured_step.h"

#include <QDir>
#include <QGuiApplication>
#include <QStandardPaths>

#include <algorithm>
#include <cstdio>

using namespace nanodit;

namespace {

constexpr int side = 224;           // as the page asks for them
constexpr std::size_t atOnce = 200; // a screenful: what is asked for later comes first, what waits too long is dropped

void makeAll(const std::vector<RecordInfo>& records)
{
    Thumbnails thumbnails(side);
    std::size_t made = 0;
    QObject::connect(&thumbnails, &Thumbnails::made, [&] { ++made; });
    for (std::size_t first = 0; first < records.size(); first += atOnce) {
        for (std::size_t i = first; i < std::min(records.size(), first + atOnce); ++i)
            thumbnails.want(records[i]);
        while (!thumbnails.idle())
            QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents);
    }
    if (made != records.size())
        std::printf("  made %zu\n", made);
}

} // namespace

int main(int argc, char** argv)
{
    if (argc != 2) {
        std::fprintf(stderr, "usage: bench_thumbnails WORKSPACE\n");
        return 2;
    }
    QStandardPaths::setTestModeEnabled(true); // a cache of its own
    QGuiApplication application(argc, argv);
    QDir(QStandardPaths::writableLocation(QStandardPaths::CacheLocation) + QStringLiteral("/thumbnails"))
        .removeRecursively();
    try {
        const auto records = listRecords(Workspace::open(argv[1]), Look::Catalog);
        const auto count = static_cast<std::int64_t>(records.size());
        for (const char* const what : {"thumbnails, made", "thumbnails, from the cache"})
            bench::measure(what, count, [&] { makeAll(records); });
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_thumbnails: %s\n", error.what());
        return 1;
    }
    return 0;
}
