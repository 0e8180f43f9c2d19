#include "app/pages/dataset/passes_panel.h"

#include "app/job_runner.h"
#include "app/pages/dataset/caption_row.h"
#include "app/pages/dataset/record_model.h"
#include "app/pages/dataset/work_head.h"
#include "app/wording.h"
#include "widgets/factories.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QCheckBox>
#include <QGridLayout>
#include <QLabel>
#include <QLocale>
#include <QProgressBar>
#include <QPushButton>

#include <algorithm>
#include <utility>

namespace nanodit {

namespace {

constexpr std::array passes = {Pass::T5, Pass::Vae, Pass::Dino};
constexpr int passBarWidth = 160;
const QString encoderLink = QStringLiteral("encoder");
constexpr int mostWidth = 1000; ///< Of the lines: numbers stay near what they are of.

QString bytesText(std::int64_t bytes)
{
    return QLocale().formattedDataSize(bytes, 1, QLocale::DataSizeSIFormat);
}

} // namespace

QString workText(const PassForecast& forecast)
{
    if (!forecast.obstacle.empty()) { // what it says of files and their keys is in the tool tip
        const auto obstacle = QString::fromStdString(forecast.obstacle);
        const auto fact = obstacle.section(QStringLiteral(": "), 0, 0);
        return fact.contains(QLatin1String("encoder")) ? fact : obstacle;
    }
    QStringList parts;
    if (forecast.missing > 0)
        parts << PassesPanel::tr("%1 missing").arg(groupedNumber(forecast.missing));
    if (forecast.stale > 0) {
        QStringList why;
        for (const auto& [input, count] : forecast.staleBecause)
            why << inputText(input);
        parts << PassesPanel::tr("%1 stale (%2)").arg(groupedNumber(forecast.stale), why.join(QStringLiteral(", ")));
    }
    if (forecast.wrong > 0)
        parts << PassesPanel::tr("%1 invalid (set aside first)").arg(groupedNumber(forecast.wrong));
    if (forecast.toRead > 0)
        parts << PassesPanel::tr("%1 written elsewhere, to be checked").arg(groupedNumber(forecast.toRead));
    if (forecast.unreadable > 0)
        parts << PassesPanel::tr("%1 whose picture is missing").arg(groupedNumber(forecast.unreadable));
    if (parts.isEmpty())
        return PassesPanel::tr("nothing to do: all %1 are up to date").arg(groupedNumber(forecast.whole));
    return parts.join(QStringLiteral(", "));
}

PassesPanel::PassesPanel(QWidget* parent)
    : QWidget(parent)
    , head_(new WorkHead(this))
    , start_(makeButton(tr("Start"), QStringLiteral("play"), tr("Compute what is missing or stale"), true, this))
    , again_(makeButton(tr("Check again"), {}, tr("Check what the passes would do now"), false, this))
    , grid_(new QGridLayout)
{
    head_->sentence()->setObjectName(QStringLiteral("passesSentence"));
    head_->setNumbersShown(false); // each line has its own
    start_->setObjectName(QStringLiteral("startPasses"));
    again_->setObjectName(QStringLiteral("forecastPasses"));
    again_->ensurePolished();
    again_->setMinimumWidth(again_->sizeHint().width()); // also with its shorter text
    head_->addAction(again_);
    head_->addAction(start_);
    grid_->setHorizontalSpacing(16);
    grid_->setVerticalSpacing(8);
    captions_ = new CaptionRow(grid_, 0, passBarWidth, this); // what t5 encodes
    for (std::size_t i = 0; i < lines_.size(); ++i)
        addLine(static_cast<int>(i) + 1, passes[i]);
    grid_->setColumnStretch(1, 1);
    grid_->setColumnMinimumWidth(2, passBarWidth);
    grid_->setColumnMinimumWidth(3, 2 * passBarWidth);
    auto* const lines = new QWidget(this);
    lines->setMaximumWidth(mostWidth);
    lines->setLayout(grid_);
    grid_->setContentsMargins(0, 0, 0, 0);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 4, 0, 4);
    column->setSpacing(8);
    column->addWidget(head_);
    column->addWidget(lines);
    column->addStretch(1);
    connect(again_, &QPushButton::clicked, this, &PassesPanel::forecastWanted);
    connect(captions_, &CaptionRow::writeWanted, this, &PassesPanel::captionsWanted);
    connect(captions_, &CaptionRow::failuresWanted, this, &PassesPanel::failuresWanted);
    connect(start_, &QPushButton::clicked, this, [this] {
        std::vector<Pass> chosen;
        for (const auto pass : passes) {
            if (lines_[static_cast<std::size_t>(pass)].chosen->isChecked())
                chosen.push_back(pass);
        }
        Q_EMIT runWanted(chosen);
    });
    clear();
}

void PassesPanel::addLine(int row, Pass pass)
{
    const std::array<QString, 3> meanings = {tr("captions to text tokens"), tr("pictures to latents"),
                                             tr("pictures to CLS and patches")};
    const auto name = QString::fromStdString(passName(pass));
    auto& line = lines_[static_cast<std::size_t>(pass)];
    line = {.chosen = new QCheckBox(name, this),
            .what = new QLabel(this),
            .numbers = new QLabel(this),
            .bar = new QProgressBar(this),
            .stage = {},
            .done = 0,
            .total = 0,
            .begun = false,
            .ended = false};
    line.chosen->setChecked(true);
    line.chosen->setToolTip(meanings[static_cast<std::size_t>(pass)]);
    line.chosen->setObjectName(QStringLiteral("choose-") + name);
    line.what->setObjectName(QStringLiteral("work-") + name);
    line.what->setWordWrap(true);
    line.what->setTextFormat(Qt::RichText); // a link leads to what failed
    line.numbers->setObjectName(QStringLiteral("progress-") + name);
    line.numbers->setFont(tabularFont(line.numbers->font()));
    line.bar->setTextVisible(false);
    line.bar->setFixedWidth(passBarWidth);
    line.bar->setAccessibleName(tr("Progress of %1").arg(name));
    line.bar->hide();
    grid_->addWidget(line.chosen, row, 0);
    grid_->addWidget(line.bar, row, 2);
    grid_->addWidget(line.numbers, row, 3);
    showBar(static_cast<std::size_t>(pass), false);
    connect(line.what, &QLabel::linkActivated, this, [this, pass](const QString& link) {
        if (link == encoderLink)
            Q_EMIT encoderWanted(pass);
        else
            Q_EMIT failuresWanted();
    });
    connect(line.chosen, &QCheckBox::toggled, this, [this] {
        showSentence();
        updateStart();
    });
}

void PassesPanel::clear()
{
    forecast_.reset();
    running_ = false;
    head_->say(WorkHead::Mark::None,
               tr("Passes compute the arrays a model is trained on. Check first what they would do."));
    for (std::size_t i = 0; i < lines_.size(); ++i) {
        lines_[i].what->clear();
        lines_[i].what->setTextInteractionFlags(Qt::LinksAccessibleByMouse); // no stop of Tab without a link
        lines_[i].numbers->clear();
        showBar(i, false);
    }
    updateStart();
}

void PassesPanel::beginForecast()
{
    clear();
    head_->say(WorkHead::Mark::None, tr("Checking what the passes would do…"));
}

void PassesPanel::show(const PreprocessForecast& forecast)
{
    forecast_ = forecast;
    for (const auto& pass : forecast.passes)
        showLine(pass);
    showSentence();
    updateStart();
}

void PassesPanel::fail(const Notice& why)
{
    clear();
    head_->say(WorkHead::Mark::None, noticeText(why));
}

void PassesPanel::showLine(const PassForecast& forecast)
{
    const auto& line = lines_[static_cast<std::size_t>(forecast.pass)];
    const bool runs = forecast.obstacle.empty();
    const auto work = workText(forecast);
    line.what->setText(runs ? work.toHtmlEscaped()
                            : QStringLiteral("%1 · <a href=\"%2\">%3</a>")
                                  .arg(work.toHtmlEscaped(), encoderLink, tr("Choose the encoder…")));
    line.what->setTextInteractionFlags(runs ? Qt::TextInteractionFlags(Qt::LinksAccessibleByMouse)
                                            : Qt::LinksAccessibleByMouse | Qt::LinksAccessibleByKeyboard);
    line.what->setToolTip(toolTipOf(runs ? work : QString::fromStdString(forecast.obstacle)));
    setRole(line.what, runs ? "" : "problem");
    QStringList cost;
    if (runs && forecast.toMake() > 0) {
        cost << (forecast.seconds ? tr("about %1").arg(durationText(*forecast.seconds)) : tr("time not known yet"));
        if (forecast.bytesToWrite)
            cost << bytesText(*forecast.bytesToWrite);
    }
    line.numbers->setText(cost.join(QStringLiteral(" · ")));
    line.numbers->setToolTip(forecast.seconds ? tr("From the rate of earlier passes on this device")
                                              : tr("No pass with this encoder has run on this device yet"));
    showBar(static_cast<std::size_t>(forecast.pass), false);
    line.chosen->setChecked(forecast.obstacle.empty());
}

void PassesPanel::showSentence()
{
    if (!forecast_ || running_)
        return;
    std::int64_t toMake = 0, toRead = 0, bytes = 0;
    double seconds = 0;
    bool known = true;
    for (const auto& pass : forecast_->passes) {
        if (!lines_[static_cast<std::size_t>(pass.pass)].chosen->isChecked())
            continue;
        toMake += pass.toMake();
        toRead += pass.toRead;
        bytes += pass.bytesGrowth.value_or(0);
        seconds += pass.seconds.value_or(0);
        known = known && (pass.seconds.has_value() || pass.toMake() == 0);
    }
    const bool lacksEncoder = std::ranges::any_of(forecast_->passes, [this](const PassForecast& pass) {
        return !pass.obstacle.empty() && pass.obstacle == forecast_->refusal;
    });
    if (lacksEncoder && toMake + toRead == 0) {
        head_->say(WorkHead::Mark::Problem,
                   tr("Passes cannot run without their encoders. Choose them in the workspace settings."));
        return;
    }
    if (!lacksEncoder && !forecast_->refusal.empty()) {
        auto text = QString::fromStdString(forecast_->refusal);
        text[0] = text[0].toUpper();
        head_->say(WorkHead::Mark::Problem, text);
        return;
    }
    if (toMake + toRead == 0) {
        head_->say(WorkHead::Mark::None, tr("Nothing to do: everything selected is up to date."));
        return;
    }
    QStringList parts;
    if (toMake > 0) {
        parts << tr("%1 to compute, %2 on disk (%3 free)")
                     .arg(countText(toMake, tr("arrays")), bytesText(bytes), bytesText(forecast_->bytesFree));
        if (known)
            parts << tr("about %1").arg(durationText(seconds));
    }
    if (toRead > 0)
        parts << tr("%1 to read and check first").arg(countText(toRead, tr("arrays")));
    const auto text = parts.join(QStringLiteral("; "));
    head_->say(WorkHead::Mark::None, text);
    head_->sentence()->setToolTip(toolTipOf(QString::fromStdString(forecast_->device)));
}

void PassesPanel::beginRun(JobRunner* runner)
{
    running_ = true;
    head_->follow(runner, tr("Passes are running. Press Space to pause."));
    connect(runner, &JobRunner::finished, this, [this](JobEnd end) {
        if (end == JobEnd::Finished || !running_)
            return; // the report has come
        head_->say(WorkHead::Mark::Stopped, tr("The passes were stopped; finished arrays are kept."));
        tellUnfinished();
    });
    connect(runner, &JobRunner::failed, this, [this](const Notice& why) {
        if (!running_)
            return;
        head_->say(WorkHead::Mark::Failed, tr("The passes stopped with an error: %1").arg(noticeText(why)));
        tellUnfinished();
    });
    for (auto& line : lines_) {
        line.failed = line.done = line.total = 0;
        line.begun = line.ended = false;
        line.stage.clear();
        line.what->clear();
        line.bar->setRange(0, 1);
        line.bar->setValue(0);
        line.numbers->setText(line.chosen->isChecked() ? tr("waiting") : QString());
        line.numbers->setToolTip({});
    }
    for (std::size_t i = 0; i < lines_.size(); ++i)
        showBar(i, lines_[i].chosen->isChecked());
    updateStart();
}

void PassesPanel::showProgress(const Progress& progress)
{
    const auto pass = progress.stage.pass;
    if (!running_ || !pass)
        return;
    for (std::size_t i = 0; i < static_cast<std::size_t>(*pass); ++i) { // they run in this order
        if (lines_[i].bar->isVisibleTo(this) && lines_[i].bar->value() < lines_[i].bar->maximum()) {
            lines_[i].bar->setRange(0, 1);
            lines_[i].bar->setValue(1);
            lines_[i].numbers->setText(tr("done"));
            lines_[i].ended = true;
        }
    }
    auto& line = lines_[static_cast<std::size_t>(*pass)];
    line.stage = stageText(progress.stage.kind); // beside the name of the pass
    showStage(line);
    line.begun = true;
    line.done = progress.done;
    line.total = progress.total;
    line.bar->setRange(0, static_cast<int>(std::max<std::int64_t>(progress.total, 0)));
    line.bar->setValue(static_cast<int>(progress.done));
    line.numbers->setText(progressText(progress));
}

void PassesPanel::countFailure(Pass pass)
{
    auto& line = lines_[static_cast<std::size_t>(pass)];
    ++line.failed;
    showStage(line);
}

void PassesPanel::showStage(const Line& line)
{
    line.what->setText(line.stage.toHtmlEscaped() + failuresLink(line.failed));
}

void PassesPanel::show(const PreprocessReport& report, bool stopped)
{
    const bool watched = std::exchange(running_, false);
    forecast_.reset(); // no longer true
    if (stopped)
        head_->say(WorkHead::Mark::Stopped, tr("The passes were stopped; finished arrays are kept."));
    else
        head_->say(WorkHead::Mark::None, tr("The passes are finished."));
    for (std::size_t i = 0; i < lines_.size(); ++i) {
        lines_[i].numbers->clear();
        lines_[i].what->setText(stopped && watched && lines_[i].chosen->isChecked() ? tr("not started") : QString());
        showBar(i, false);
    }
    for (const auto& pass : report.passes) {
        const auto& line = lines_[static_cast<std::size_t>(pass.pass)];
        line.what->setText(
            tr("%1 computed, %2 were up to date").arg(groupedNumber(pass.made), groupedNumber(pass.alreadyWhole)) +
            failuresLink(static_cast<std::int64_t>(pass.failures.size())));
        QStringList numbers = {durationText(pass.seconds)};
        if (pass.seconds > 0 && pass.made > 0)
            numbers << rateText(static_cast<double>(pass.made) / pass.seconds, tr("records"));
        line.numbers->setText(numbers.join(QStringLiteral(" · ")));
    }
    updateStart();
}

/// The bar in its place; without it what stands before it has the room.
void PassesPanel::showBar(std::size_t pass, bool shown)
{
    const auto& line = lines_[pass];
    grid_->addWidget(line.what, static_cast<int>(pass) + 1, 1, 1, shown ? 1 : 2);
    line.bar->setVisible(shown);
}

void PassesPanel::beginCaptions(JobRunner* runner)
{
    captions_->beginRun(runner);
    head_->follow(runner, tr("Captions are being written. Press Space to pause."));
    connect(runner, &JobRunner::ended, this, [this] {
        if (!forecast_ || running_)
            return;
        head_->say(WorkHead::Mark::None, {});
        showSentence();
    });
}

void PassesPanel::setFree(bool free)
{
    free_ = free;
    captions_->setFree(free);
    updateStart();
}

/// How far each pass came that was stopped or failed.
void PassesPanel::tellUnfinished()
{
    running_ = false;
    forecast_.reset(); // no longer true
    for (std::size_t i = 0; i < lines_.size(); ++i) {
        const auto& line = lines_[i];
        const bool took = line.bar->isVisibleTo(this);
        showBar(i, false);
        line.numbers->clear();
        if (!took)
            continue;
        const auto text = line.ended    ? tr("done")
                          : !line.begun ? tr("not started")
                          : line.total > 0
                              ? tr("ended at %1 of %2").arg(groupedNumber(line.done), groupedNumber(line.total))
                              : tr("ended before the first record");
        line.what->setText(text + failuresLink(line.failed));
    }
    updateStart();
}

void PassesPanel::updateStart()
{
    bool work = false;
    for (const auto& pass : forecast_ ? forecast_->passes : std::vector<PassForecast>())
        work = work ||
               (lines_[static_cast<std::size_t>(pass.pass)].chosen->isChecked() && pass.toMake() + pass.toRead > 0);
    // What does not fit together may fit apart: the passes look again before they begin.
    const bool all = std::ranges::all_of(lines_, [](const Line& line) { return line.chosen->isChecked(); });
    start_->setEnabled(free_ && work && (forecast_->refusal.empty() || !all));
    again_->setText(forecast_ ? tr("Check again") : tr("Check"));
    again_->setEnabled(free_);
    for (const auto& line : lines_)
        line.chosen->setEnabled(free_);
}

} // namespace nanodit
