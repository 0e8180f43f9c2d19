#include "app/status_strip.h"

#include "app/compute_setting.h"
#include "app/following_bar.h"
#include "app/job_runner.h"
#include "widgets/job_bar.h"
#include "widgets/theme.h"

#include <QActionGroup>
#include <QFile>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QTimer>
#include <QToolButton>

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
    , quiet_(new QLabel(tr("No jobs running"), this))
    , compute_(new QToolButton(this))
    , machine_(new QLabel(this))
{
    setObjectName(QStringLiteral("statusStrip"));
    setFixedHeight(stripHeight);
    row_->setContentsMargins(16, 0, 16, 0);
    row_->setSpacing(24);
    row_->addWidget(quiet_);
    row_->addStretch(1);
    row_->addWidget(compute_);
    row_->addWidget(machine_);
    setRole(quiet_, "small");
    setRole(machine_, "small");
    connect(&session_, &Session::jobStarted, this, &StatusStrip::addJob);
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
    const auto& info = session_.compute().state().info;
    QStringList parts;
    if (const double bytes = residentBytes(); bytes > 0)
        parts << tr("%1 GB").arg(bytes / 1e9, 0, 'f', 1);
    if (!info.warning.empty())
        parts << QString::fromStdString(info.warning);
    machine_->setText(parts.join(QStringLiteral(" · ")));
    machine_->setToolTip(QString::fromStdString(info.description));
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
    compute_->setToolTip(tip.join(QLatin1Char('\n')));
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
        auto* const action = menu->addAction(text);
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
    addDevice(tr("Automatic: a GPU where there is one"), "auto");
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
