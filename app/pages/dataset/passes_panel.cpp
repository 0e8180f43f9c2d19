#include "app/pages/dataset/passes_panel.h"

#include "app/pages/dataset/caption_row.h"
#include "app/pages/dataset/record_model.h"
#include "widgets/page_frame.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QCheckBox>
#include <QGridLayout>
#include <QLabel>
#include <QLocale>
#include <QProgressBar>
#include <QPushButton>

#include <algorithm>

namespace nanodit {

namespace {

constexpr std::array passes = {Pass::T5, Pass::Vae, Pass::Dino};
constexpr int barWidth = 160;

QString bytesText(std::int64_t bytes)
{
    return QLocale().formattedDataSize(bytes, 1, QLocale::DataSizeSIFormat);
}

QString numberOf(std::int64_t count)
{
    return QLocale().toString(static_cast<qlonglong>(count));
}

} // namespace

QString workText(const PassForecast& forecast)
{
    if (!forecast.obstacle.empty())
        return QString::fromStdString(forecast.obstacle);
    QStringList parts;
    if (forecast.missing > 0)
        parts << PassesPanel::tr("%1 missing").arg(numberOf(forecast.missing));
    if (forecast.stale > 0) {
        QStringList why;
        for (const auto& [input, count] : forecast.staleBecause)
            why << inputText(input);
        parts << PassesPanel::tr("%1 stale (%2)").arg(numberOf(forecast.stale), why.join(QStringLiteral(", ")));
    }
    if (forecast.wrong > 0)
        parts << PassesPanel::tr("%1 wrong, moved aside first").arg(numberOf(forecast.wrong));
    if (forecast.toRead > 0)
        parts << PassesPanel::tr("%1 not written here, to read").arg(numberOf(forecast.toRead));
    if (forecast.unreadable > 0)
        parts << PassesPanel::tr("%1 whose picture is gone").arg(numberOf(forecast.unreadable));
    if (parts.isEmpty())
        return PassesPanel::tr("nothing to do: %1 are whole").arg(numberOf(forecast.whole));
    return parts.join(QStringLiteral(", "));
}

PassesPanel::PassesPanel(QWidget* parent)
    : QWidget(parent)
    , sentence_(new QLabel(this))
    , start_(makeButton(tr("Start"), QStringLiteral("play"), tr("Make what is missing or stale"), true, this))
    , again_(makeButton(tr("Look again"), {}, tr("What would the passes do now?"), false, this))
{
    sentence_->setObjectName(QStringLiteral("passesSentence"));
    sentence_->setWordWrap(true);
    setRole(sentence_, "section");
    start_->setObjectName(QStringLiteral("startPasses"));
    again_->setObjectName(QStringLiteral("forecastPasses"));
    auto* const head = new QHBoxLayout;
    head->setSpacing(8);
    head->addWidget(sentence_, 1);
    head->addWidget(again_);
    head->addWidget(start_);
    auto* const grid = new QGridLayout;
    grid->setHorizontalSpacing(16);
    grid->setVerticalSpacing(8);
    captions_ = new CaptionRow(grid, 0, barWidth, this); // what t5 encodes
    for (std::size_t i = 0; i < lines_.size(); ++i)
        addLine(grid, static_cast<int>(i) + 1, passes[i]);
    grid->setColumnStretch(1, 1);
    grid->setColumnMinimumWidth(5, 2 * barWidth);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 8, 8, 4);
    column->setSpacing(12);
    column->addLayout(head);
    column->addLayout(grid);
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

void PassesPanel::addLine(QGridLayout* grid, int row, Pass pass)
{
    const std::array<QString, 3> meanings = {tr("captions to text tokens"), tr("pictures to latents"),
                                             tr("pictures to CLS and patches")};
    const auto name = QString::fromStdString(passName(pass));
    auto& line = lines_[static_cast<std::size_t>(pass)];
    line = {.chosen = new QCheckBox(name, this),
            .what = new QLabel(this),
            .time = new QLabel(this),
            .bytes = new QLabel(this),
            .numbers = new QLabel(this),
            .bar = new QProgressBar(this),
            .phase = {}};
    line.chosen->setChecked(true);
    line.chosen->setToolTip(meanings[static_cast<std::size_t>(pass)]);
    line.chosen->setObjectName(QStringLiteral("choose-") + name);
    line.what->setObjectName(QStringLiteral("work-") + name);
    line.what->setWordWrap(true);
    line.numbers->setObjectName(QStringLiteral("progress-") + name);
    line.numbers->setFont(tabularFont(line.numbers->font()));
    line.bar->setTextVisible(false);
    line.bar->setFixedWidth(barWidth);
    line.bar->setAccessibleName(tr("Progress of %1").arg(name));
    line.bar->hide();
    setRole(line.time, "secondary");
    setRole(line.bytes, "secondary");
    grid->addWidget(line.chosen, row, 0);
    grid->addWidget(line.what, row, 1);
    grid->addWidget(line.time, row, 2, Qt::AlignRight | Qt::AlignVCenter);
    grid->addWidget(line.bytes, row, 3, Qt::AlignRight | Qt::AlignVCenter);
    grid->addWidget(line.bar, row, 4);
    grid->addWidget(line.numbers, row, 5);
    connect(line.what, &QLabel::linkActivated, this, &PassesPanel::failuresWanted);
    connect(line.chosen, &QCheckBox::toggled, this, [this] {
        showSentence();
        updateStart();
    });
}

void PassesPanel::clear()
{
    forecast_.reset();
    running_ = false;
    sentence_->setText(tr("Passes make the arrays that a model is trained on. Look first what they would do."));
    for (const auto& line : lines_) {
        for (auto* const label : {line.what, line.time, line.bytes, line.numbers})
            label->clear();
        line.bar->hide();
    }
    updateStart();
}

void PassesPanel::beginForecast()
{
    clear();
    sentence_->setText(tr("looking at what the passes would do…"));
}

void PassesPanel::show(const PreprocessForecast& forecast)
{
    forecast_ = forecast;
    for (const auto& pass : forecast.passes)
        showLine(pass);
    showSentence();
    updateStart();
}

void PassesPanel::fail(const QString& why)
{
    clear();
    sentence_->setText(why);
}

void PassesPanel::showLine(const PassForecast& forecast)
{
    const auto& line = lines_[static_cast<std::size_t>(forecast.pass)];
    line.what->setText(workText(forecast));
    line.what->setToolTip(line.what->text());
    setRole(line.what, forecast.obstacle.empty() ? "" : "problem");
    line.time->setText(forecast.toMake() == 0 ? QString()
                       : forecast.seconds     ? tr("about %1").arg(durationText(*forecast.seconds))
                                              : tr("time not known yet"));
    line.time->setToolTip(forecast.seconds ? tr("From the rate of earlier passes on this device")
                                           : tr("No pass with this encoder has run on this device yet"));
    line.bytes->setText(forecast.toMake() > 0 && forecast.bytesToWrite ? bytesText(*forecast.bytesToWrite) : QString());
    line.numbers->clear();
    line.bar->hide();
    line.chosen->setChecked(forecast.obstacle.empty());
}

void PassesPanel::showSentence()
{
    if (!forecast_ || running_)
        return;
    std::int64_t records = 0, bytes = 0;
    double seconds = 0;
    bool known = true;
    for (const auto& pass : forecast_->passes) {
        if (!lines_[static_cast<std::size_t>(pass.pass)].chosen->isChecked())
            continue;
        records += pass.toMake() + pass.toRead;
        bytes += pass.bytesGrowth.value_or(0);
        seconds += pass.seconds.value_or(0);
        known = known && (pass.seconds.has_value() || pass.toMake() == 0);
    }
    if (!forecast_->refusal.empty()) {
        sentence_->setText(QString::fromStdString(forecast_->refusal));
        return;
    }
    if (records == 0) {
        sentence_->setText(tr("Nothing to do: what was chosen is whole."));
        return;
    }
    auto text = tr("%1 to make, %2 on the disk, where %3 are free")
                    .arg(countText(records, tr("records")), bytesText(bytes), bytesText(forecast_->bytesFree));
    if (known)
        text += tr("; about %1").arg(durationText(seconds));
    sentence_->setText(text);
    sentence_->setToolTip(QString::fromStdString(forecast_->device));
}

void PassesPanel::beginRun()
{
    running_ = true;
    sentence_->setText(tr("The passes run; Space pauses them."));
    for (auto& line : lines_) {
        line.failed = 0;
        line.phase.clear();
        line.time->clear();
        line.bytes->clear();
        line.bar->setRange(0, 1);
        line.bar->setValue(0);
        line.bar->setVisible(line.chosen->isChecked());
        line.numbers->setText(line.chosen->isChecked() ? tr("waiting") : QString());
    }
    updateStart();
}

void PassesPanel::showProgress(const Progress& progress)
{
    // Phases of passes begin with their name: "t5: encoding".
    const auto ofPass =
        std::ranges::find_if(passes, [&](Pass pass) { return progress.phase.starts_with(passName(pass) + ": "); });
    if (!running_ || ofPass == passes.end())
        return;
    for (std::size_t i = 0; i < static_cast<std::size_t>(*ofPass); ++i) { // they run in this order
        if (lines_[i].bar->isVisibleTo(this) && lines_[i].bar->value() < lines_[i].bar->maximum()) {
            lines_[i].bar->setRange(0, 1);
            lines_[i].bar->setValue(1);
            lines_[i].numbers->setText(tr("done"));
        }
    }
    auto& line = lines_[static_cast<std::size_t>(*ofPass)];
    line.phase = QString::fromStdString(progress.phase.substr(passName(*ofPass).size() + 2));
    showPhase(line);
    line.bar->setRange(0, static_cast<int>(std::max<std::int64_t>(progress.total, 0)));
    line.bar->setValue(static_cast<int>(progress.done));
    line.numbers->setText(progressText(progress));
}

void PassesPanel::countFailure(Pass pass)
{
    auto& line = lines_[static_cast<std::size_t>(pass)];
    ++line.failed;
    showPhase(line);
}

void PassesPanel::showPhase(const Line& line)
{
    line.what->setText(line.phase.toHtmlEscaped() + failuresLink(line.failed));
}

void PassesPanel::show(const PreprocessReport& report)
{
    running_ = false;
    forecast_.reset(); // no longer true
    sentence_->setText(tr("The passes have ended."));
    for (const auto& line : lines_) {
        line.bar->hide();
        line.numbers->clear();
        line.what->clear();
    }
    for (const auto& pass : report.passes) {
        const auto& line = lines_[static_cast<std::size_t>(pass.pass)];
        line.what->setText(tr("%1 made, %2 were whole").arg(numberOf(pass.made), numberOf(pass.alreadyWhole)) +
                           failuresLink(static_cast<std::int64_t>(pass.failures.size())));
        line.time->setText(durationText(pass.seconds));
        line.numbers->setText(pass.seconds > 0 ? rateText(static_cast<double>(pass.made) / pass.seconds, tr("records"))
                                               : QString());
    }
    updateStart();
}

void PassesPanel::setFree(bool free)
{
    free_ = free;
    captions_->setFree(free);
    if (free && running_) { // stopped or failed: no report has come
        running_ = false;
        sentence_->setText(tr("The passes were stopped; what they had finished is kept."));
        for (const auto& line : lines_) {
            line.bar->hide();
            line.numbers->clear();
        }
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
    again_->setEnabled(free_);
    for (const auto& line : lines_)
        line.chosen->setEnabled(free_);
}

} // namespace nanodit
