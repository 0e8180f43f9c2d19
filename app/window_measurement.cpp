#include "app/window_measurement.h"

#include "app/main_window.h"
#include "app/page_table.h"
#include "app/session.h"
#include "app/training.h"
#include "app/wording.h"
#include "core/front/doctor.h"
#include "core/front/training.h"
#include "core/runtime/elapsed.h"
#include "core/runtime/machine.h"

#include <QCoreApplication>
#include <QEvent>
#include <QGuiApplication>
#include <QSize>
#include <QTimer>
#include <QWidget>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <functional>
#include <utility>

namespace nanodit {

using namespace std::chrono_literals;

namespace {

using MeasuringClock = std::chrono::steady_clock;

constexpr QSize measuredSize(1280, 800);
constexpr int measuredRounds = 6; ///< Switches to each page; the first one is told apart.
constexpr auto settlingInterval = 20ms;
constexpr auto measuringPatience = 120s; ///< For the workspace to open, and for the first step.

/// A pixel above everything else in the window: it tells of each frame once all of that has been drawn.
class FrameProbe : public QWidget {
public:
    FrameProbe(QWidget* window, std::function<void()> drawn)
        : QWidget(window)
        , drawn_(std::move(drawn))
    {
        setAttribute(Qt::WA_TransparentForMouseEvents);
        setGeometry(0, 0, 1, 1);
    }

protected:
    void paintEvent(QPaintEvent* /*event*/) override
    {
        if (!std::exchange(told_, true)) // before all that waits, but after this frame
            QCoreApplication::postEvent(this, new QEvent(drawnEvent()), Qt::HighEventPriority);
    }
    bool event(QEvent* event) override
    {
        if (event->type() != drawnEvent())
            return QWidget::event(event);
        told_ = false;
        drawn_();
        return true;
    }

private:
    static QEvent::Type drawnEvent()
    {
        static const auto type = static_cast<QEvent::Type>(QEvent::registerEventType());
        return type;
    }

    std::function<void()> drawn_;
    bool told_ = false; ///< Of a frame that `drawn_` has not heard of yet.
};

class WindowMeasurer : public QObject {
public:
    WindowMeasurer(MainWindow& window, Session& session, Training& training, const Measurement& measurement)
        : QObject(&window)
        , window_(window)
        , session_(session)
        , training_(training)
        , measurement_(measurement)
        , probe_(new FrameProbe(&window, [this] { takeFrame(); }))
    {
        result_.where = QStringLiteral("%1, %2 x %3 pixels")
                            .arg(QGuiApplication::platformName())
                            .arg(measuredSize.width())
                            .arg(measuredSize.height())
                            .toStdString();
        connect(&session_, &Session::failed, this,
                [this](const QString& what, const Notice& why) { fail(what + u' ' + noticeText(why)); });
        connect(&training_, &Training::failed, this, [this](const Notice& why) { fail(noticeText(why)); });
        connect(&training_, &Training::stepped, this, [this] { takeStep(); });
        settling_.setInterval(settlingInterval);
        connect(&settling_, &QTimer::timeout, this, [this] { goOnWhenSettled(); });
        frameTimer_.setSingleShot(true);
        frameTimer_.setTimerType(Qt::PreciseTimer);
        connect(&frameTimer_, &QTimer::timeout, this, [this] { probe_->update(); });
        impatience_.setSingleShot(true);
        connect(&impatience_, &QTimer::timeout, this, [this] {
            fail(QStringLiteral("the window still waited for its workspace, or for the first step, after two minutes"));
        });
        impatience_.start(measuringPatience);
        window_.resize(measuredSize);
        window_.show();
        probe_->raise();
    }

private:
    enum class Awaited { FirstFrame, Settling, PageFrame, FirstStep, Frame, End };

    void takeFrame()
    {
        switch (awaited_) {
        case Awaited::FirstFrame:
            result_.drawnSeconds = secondsSince(measurement_.started);
            if (measurement_.training == 0s)
                return finish();
            return settle();
        case Awaited::PageFrame:
            return takePage();
        case Awaited::Frame:
            return countFrame();
        case Awaited::Settling:
        case Awaited::FirstStep:
        case Awaited::End:
            return; // drawn for a reason of its own
        }
    }

    // Pages, one after the other, each when nothing is left to do for the one before

    void settle()
    {
        awaited_ = Awaited::Settling;
        settling_.start();
    }

    void goOnWhenSettled()
    {
        if (!window_.settled() || !session_.idle())
            return;
        settling_.stop();
        if (switches_ == measuredRounds * pageTable().size())
            return train();
        awaited_ = Awaited::PageFrame;
        since_ = MeasuringClock::now();
        window_.showPage(nextPage().page);
        probe_->update();
    }

    void takePage()
    {
        const auto seconds = secondsSince(since_);
        if (switches_ < pageTable().size())
            result_.pages.push_back({.page = nextPage().word, .firstSeconds = seconds, .later = {}});
        else
            result_.pages[switches_ % pageTable().size()].later.push_back(seconds);
        ++switches_;
        settle();
    }

    /// The one that the window opens with, the first in the table, comes last: switching to it would change nothing.
    const PageInfo& nextPage() const { return pageTable()[(switches_ + 1) % pageTable().size()]; }

    // Frames of a training

    void train()
    {
        awaited_ = Awaited::FirstStep;
        window_.showPage(Page::Train);
        try {
            training_.start(readTrainConfig(configurationFile("demo")), QStringLiteral("measured"), false);
        } catch (const std::exception& error) {
            fail(errorText(error));
        }
    }

    void takeStep()
    {
        if (awaited_ == Awaited::Frame)
            ++result_.trainSteps;
        if (awaited_ != Awaited::FirstStep)
            return;
        impatience_.stop();
        awaited_ = Awaited::Frame;
        since_ = due_ = MeasuringClock::now();
        probe_->update();
    }

    void countFrame()
    {
        const auto now = MeasuringClock::now();
        if (now < due_)
            return; // a frame of the window's own, between two that are due
        const auto periods = result_.frames.add(std::chrono::duration<double>(now - due_).count());
        if (now - since_ >= measurement_.training)
            return stop();
        due_ += std::chrono::duration_cast<MeasuringClock::duration>(
            std::chrono::duration<double>(FrameCount::period * static_cast<double>(periods)));
        frameTimer_.start(std::max(0ms, std::chrono::ceil<std::chrono::milliseconds>(due_ - now)));
    }

    void stop()
    {
        awaited_ = Awaited::End;
        if (!training_.active())
            return fail(
                QStringLiteral("the training ended before its frames were counted: measure for a shorter time"));
        connect(&session_, &Session::allJobsEnded, this, [this] { finish(); });
        session_.stopAllJobs();
    }

    void finish()
    {
        result_.memory = peakMemory();
        std::printf("%s\n", nlohmann::json(result_).dump().c_str());
        std::fflush(stdout);
        end(0);
    }

    void fail(const QString& why)
    {
        std::fprintf(stderr, "%s\n", qPrintable(why));
        end(1);
    }

    void end(int code)
    {
        awaited_ = Awaited::End;
        settling_.stop();
        frameTimer_.stop();
        impatience_.stop();
        QCoreApplication::exit(code);
    }

    MainWindow& window_;
    Session& session_;
    Training& training_;
    Measurement measurement_;
    FrameProbe* probe_;
    QTimer settling_, frameTimer_, impatience_;
    WindowStart result_;
    Awaited awaited_ = Awaited::FirstFrame;
    std::size_t switches_ = 0;               ///< Of pages, so far.
    MeasuringClock::time_point since_, due_; ///< The wish for a page or the first frame; when a frame was due.
};

} // namespace

void measureWindow(MainWindow& window, Session& session, Training& training, const Measurement& measurement)
{
    new WindowMeasurer(window, session, training, measurement);
}

} // namespace nanodit
