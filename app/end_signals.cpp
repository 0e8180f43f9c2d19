#include "app/end_signals.h"

#ifdef __unix__
#include <QSocketNotifier>

#include <array>
#include <csignal>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#endif

namespace nanodit {

#ifdef __unix__

namespace {

constexpr std::array listened = {SIGTERM, SIGHUP, SIGINT};

std::array<int, 2> ends = {-1, -1}; ///< A handler may only write; the event loop reads.

extern "C" void onEndSignal(int)
{
    const char one = 1;
    [[maybe_unused]] const auto written = ::write(ends[0], &one, 1);
}

} // namespace

EndSignals::EndSignals(QObject* parent)
    : QObject(parent)
{
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0)
        return; // the signals end the program as they always do
    notifier_ = new QSocketNotifier(ends[1], QSocketNotifier::Read, this);
    connect(notifier_, &QSocketNotifier::activated, this, [this] {
        std::array<char, 16> read = {};
        [[maybe_unused]] const auto count = ::read(ends[1], read.data(), read.size());
        Q_EMIT endWanted();
    });
    struct sigaction action = {};
    action.sa_handler = onEndSignal;
    action.sa_flags = static_cast<int>(SA_RESTART | SA_RESETHAND);
    for (const int signal : listened)
        sigaction(signal, &action, nullptr);
}

EndSignals::~EndSignals()
{
    for (const int signal : listened)
        std::signal(signal, SIG_DFL);
    for (auto& end : ends) {
        if (end >= 0)
            ::close(std::exchange(end, -1));
    }
}

#else

EndSignals::EndSignals(QObject* parent)
    : QObject(parent)
{
}

EndSignals::~EndSignals() = default;

#endif

} // namespace nanodit
