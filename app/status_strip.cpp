#include "app/status_strip.h"

#include "app/following_bar.h"
#include "app/job_runner.h"
#include "widgets/job_bar.h"
#include "widgets/theme.h"

#include <QFile>
#include <QHBoxLayout>
#include <QLabel>
#include <QThread>
#include <QTimer>

#ifdef __linux__
#include <unistd.h>
#endif

#include <chrono>

namespace nanodit {

using namespace std::chrono_literals;

namespace {

constexpr int stripHeight = 32;

/// Resident memory of this program in bytes; 0 where the system does not say.
double residentBytes()
{
#ifdef __linux__
    QFile file(QStringLiteral("/proc/self/statm"));
    if (file.open(QIODevice::ReadOnly)) {
        const auto fields = file.readAll().split(' ');
        if (fields.size() > 1)
            return fields[1].toDouble() * static_cast<double>(sysconf(_SC_PAGESIZE));
    }
#endif
    return 0;
}

} // namespace

StatusStrip::StatusStrip(Session& session, QWidget* parent)
    : QFrame(parent)
    , session_(session)
    , row_(new QHBoxLayout(this))
    , quiet_(new QLabel(tr("no job is running"), this))
    , machine_(new QLabel(this))
{
    setObjectName(QStringLiteral("statusStrip"));
    setFixedHeight(stripHeight);
    row_->setContentsMargins(16, 0, 16, 0);
    row_->setSpacing(24);
    row_->addWidget(quiet_);
    row_->addStretch(1);
    row_->addWidget(machine_);
    setRole(quiet_, "small");
    setRole(machine_, "small");
    connect(&session_, &Session::jobStarted, this, &StatusStrip::addJob);
    connect(&session_, &Session::jobEnded, this, &StatusStrip::removeJob);
    connect(&session_, &Session::computeKnown, this, [this] {
        setRole(machine_, session_.compute().warning.empty() ? "small" : "problem");
        showMachine();
    });
    auto* const timer = new QTimer(this);
    connect(timer, &QTimer::timeout, this, &StatusStrip::showMachine);
    timer->start(2s);
    showMachine();
}

void StatusStrip::addJob(JobRunner* runner)
{
    auto* const bar = makeFollowingBar(runner, this);
    bars_[runner] = bar;
    row_->insertWidget(static_cast<int>(bars_.size()), bar);
    arrange();
    connect(bar, &JobBar::opened, this, [this, page = runner->page()] { Q_EMIT pageWanted(page); });
}

void StatusStrip::removeJob(JobRunner* runner)
{
    const auto found = bars_.find(runner);
    if (found == bars_.end())
        return;
    bars_.erase(found); // the bar itself goes with its job
    arrange();
}

void StatusStrip::arrange()
{
    quiet_->setVisible(bars_.empty());
    for (const auto& [runner, bar] : bars_)
        bar->setParts(bars_.size() > 1 ? JobBar::Parts::Compact : JobBar::Parts::All);
}

void StatusStrip::showMachine()
{
    const auto& compute = session_.compute();
    const auto& device = session_.device();
    auto text = QString::fromStdString(device.device);
    if (text == QLatin1String("cpu"))
        text = tr("CPU × %1").arg(device.threads > 0 ? device.threads : QThread::idealThreadCount());
    if (const double bytes = residentBytes(); bytes > 0)
        text += tr(" · %1 GB").arg(bytes / 1e9, 0, 'f', 1);
    if (!compute.warning.empty())
        text += QStringLiteral(" · ") + QString::fromStdString(compute.warning);
    machine_->setText(text);
    machine_->setToolTip(QString::fromStdString(compute.description));
}

} // namespace nanodit
