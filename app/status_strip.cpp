#include "app/status_strip.h"

#include "app/compute_setting.h"
#include "app/following_bar.h"
#include "app/job_runner.h"
#include "widgets/job_bar.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QActionGroup>
#include <QFile>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QPointer>
#include <QTimer>
#include <QToolButton>
#include <QWidgetAction>

#ifdef __linux__
#include <unistd.h>
#endif

#include <algorithm>
#include <chrono>

namespace nanodit {

using namespace std::chrono_literals;

namespace {

constexpr int stripHeight = 32;
constexpr auto shownAfter = 300ms; ///< Of a job: bars of shorter ones, as of a picture that follows a slider, flicker.
constexpr int betweenJobs = 24, leastJobWidth = 230, comfortableJobWidth = 460, greatestJobWidth = 800;

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
    , jobs_(new QWidget(this))
    , more_(new QToolButton(this))
    , quiet_(new QLabel(tr("No jobs running"), this))
    , compute_(new QToolButton(this))
    , machine_(new QLabel(this))
{
    setObjectName(QStringLiteral("statusStrip"));
    setFixedHeight(std::max(stripHeight, 2 * fontMetrics().height()));
    row_->setContentsMargins(16, 0, 16, 0);
    row_->setSpacing(24);
    auto* const bars = new QHBoxLayout(jobs_);
    bars->setContentsMargins(0, 0, 0, 0);
    bars->setSpacing(betweenJobs);
    bars->addStretch(1);
    jobs_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    jobs_->installEventFilter(this);
    more_->setObjectName(QStringLiteral("moreJobs"));
    more_->setAutoRaise(true);
    more_->setPopupMode(QToolButton::InstantPopup);
    more_->setMenu(new QMenu(more_));
    more_->hide();
    connect(more_->menu(), &QMenu::aboutToShow, this, &StatusStrip::fillMore);
    row_->addWidget(quiet_);
    row_->addWidget(jobs_, 1);
    row_->addWidget(more_);
    row_->addWidget(compute_);
    row_->addWidget(machine_);
    setRole(quiet_, "small");
    setRole(machine_, "small");
    connect(&session_, &Session::jobStarted, this, [this](JobRunner* runner) {
        QTimer::singleShot(shownAfter, this, [this, job = QPointer<JobRunner>(runner)] {
            if (job && job->running())
                addJob(job);
        });
    });
    connect(&session_, &Session::jobEnded, this, &StatusStrip::removeJob);
    connect(&session_.compute(), &ComputeSetting::known, this, &StatusStrip::showCompute);
    compute_->setObjectName(QStringLiteral("compute"));
    compute_->setAutoRaise(true);
    compute_->setPopupMode(QToolButton::InstantPopup);
    compute_->setMenu(new QMenu(compute_));
    connect(compute_->menu(), &QMenu::aboutToShow, this, &StatusStrip::fillMenu);
    auto* const timer = new QTimer(this);
    connect(timer, &QTimer::timeout, this, &StatusStrip::showMachine);
    timer->start(2s);
    showMachine();
}

void StatusStrip::addJob(JobRunner* runner)
{
    auto* const bar = makeFollowingBar(runner, jobs_);
    auto* const layout = qobject_cast<QHBoxLayout*>(jobs_->layout());
    layout->insertWidget(layout->count() - 1, bar);
    bars_.emplace_back(runner, bar);
    arrange();
    connect(bar, &JobBar::opened, this, [this, page = runner->page()] { Q_EMIT pageWanted(page); });
}

void StatusStrip::removeJob(JobRunner* runner)
{
    std::erase_if(bars_, [runner](const auto& job) { return job.first == runner; }); // the bar itself goes with its job
    arrange();
}

std::vector<JobBar*> StatusStrip::shownBars() const
{
    std::vector<JobBar*> shown;
    for (const auto& [runner, bar] : bars_) {
        if (!bar->isHidden())
            shown.push_back(bar);
    }
    return shown;
}

/// Bars of equal width, as many as are still readable.
void StatusStrip::arrange()
{
    quiet_->setVisible(bars_.empty());
    const auto count = static_cast<int>(bars_.size());
    if (count == 0)
        return more_->hide();
    const int room = jobs_->width();
    const int fitting = std::clamp((room + betweenJobs) / (leastJobWidth + betweenJobs), 1, count);
    const int width = std::clamp((room - (fitting - 1) * betweenJobs) / fitting, 0, greatestJobWidth);
    for (int i = 0; i < count; ++i) {
        auto* const bar = bars_[static_cast<std::size_t>(i)].second;
        bar->setFixedWidth(width);
        bar->setParts(width < comfortableJobWidth ? JobBar::Parts::Compact : JobBar::Parts::All);
        bar->setVisible(i < fitting);
    }
    more_->setText(tr("+%1").arg(count - fitting));
    more_->setToolTip(tr("%1 more running").arg(count - fitting));
    more_->setAccessibleName(more_->toolTip());
    more_->setVisible(fitting < count); // last, for it takes room from the bars, which are arranged anew at once
}

void StatusStrip::fillMore()
{
    auto* const menu = more_->menu();
    menu->clear();
    for (const auto& [runner, bar] : bars_) {
        if (!bar->isHidden())
            continue;
        auto* const entry = new QWidgetAction(menu);
        auto* const copy = makeFollowingBar(runner, menu);
        copy->setContentsMargins(12, 4, 12, 4);
        copy->setFixedWidth(comfortableJobWidth);
        connect(copy, &JobBar::opened, this, [this, menu, page = runner->page()] {
            menu->close();
            Q_EMIT pageWanted(page);
        });
        entry->setDefaultWidget(copy);
        menu->addAction(entry);
    }
}

bool StatusStrip::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == jobs_ && event->type() == QEvent::Resize)
        arrange();
    return QFrame::eventFilter(watched, event);
}

void StatusStrip::showMachine()
{
    const auto& info = session_.compute().state().info;
    QStringList parts;
    if (const double bytes = residentBytes(); bytes > 0)
        parts << tr("Memory: %1 GB").arg(bytes / 1e9, 0, 'f', 1);
    if (!info.warning.empty())
        parts << QString::fromStdString(info.warning);
    machine_->setText(parts.join(QStringLiteral(" · ")));
    machine_->setToolTip(toolTipOf(QString::fromStdString(info.description)));
}

void StatusStrip::showCompute()
{
    const auto& [info, chosen, devices] = session_.compute().state();
    auto text = QString::fromStdString(chosen.text);
    if (!chosen.problem.empty())
        text = tr("%1 cannot be used").arg(text);
    else if (!chosen.unused.empty())
        text += tr(" · GPU not used");
    compute_->setText(text);
    setRole(compute_, chosen.problem.empty() ? "small" : "problem");
    QStringList tip = {tr("Device for computation. A change applies to jobs started from now on.")};
    for (const auto& sentence : {chosen.problem, chosen.unused, info.description}) {
        if (!sentence.empty())
            tip << QString::fromStdString(sentence);
    }
    compute_->setToolTip(toolTipOf(tip.join(QLatin1Char('\n'))));
    compute_->setAccessibleName(tr("Computes on %1").arg(text));
    setRole(machine_, info.warning.empty() ? "small" : "problem");
    showMachine();
}

void StatusStrip::openComputeMenu()
{
    auto* const menu = compute_->menu();
    menu->ensurePolished();
    fillMenu(); // for its size
    menu->popup(compute_->mapToGlobal(QPoint(0, -menu->sizeHint().height())));
}

void StatusStrip::fillMenu()
{
    auto* const menu = compute_->menu();
    menu->clear();
    const auto addChoice = [&](QActionGroup* group, const QString& text, ComputeChoice choice) {
        auto* const action = menu->addAction(menuText(text));
        action->setCheckable(true);
        action->setChecked(isSame(choice, session_.device()));
        group->addAction(action);
        connect(action, &QAction::triggered, this,
                [this, choice = std::move(choice)] { Q_EMIT computeChosen(choice); });
    };
    auto* const places = new QActionGroup(menu);
    const auto addDevice = [&](const QString& text, const std::string& device) {
        auto choice = session_.device();
        choice.device = device;
        addChoice(places, text, choice);
    };
    addDevice(tr("Automatic (a GPU if available)"), "auto");
    for (const auto& device : session_.compute().state().devices)
        addDevice(tr("%1 · %2 · %3 GB")
                      .arg(device.name == "cpu" ? tr("CPU") : QString::fromStdString(device.name),
                           QString::fromStdString(device.title),
                           QString::number(static_cast<double>(device.memoryBytes) / 1e9, 'f', 0)),
                  device.name);
    menu->addSeparator();
    auto* const precisions = new QActionGroup(menu);
    const std::pair<std::optional<Precision>, QString> choices[] = {
        {std::nullopt, tr("Precision as each run's configuration says")},
        {Precision::Float32, tr("float32")},
        {Precision::Bf16, tr("bf16")}};
    for (const auto& [precision, text] : choices) {
        auto choice = session_.device();
        choice.precision = precision;
        addChoice(precisions, text, choice);
    }
}

} // namespace nanodit
