#include "app/pages/train/forecast_panel.h"

#include "core/io/size_text.h"
#include "widgets/factories.h"
#include "widgets/fitted_label.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QGridLayout>
#include <QLabel>
#include <QLocale>
#include <QProgressBar>
#include <QPushButton>
#include <QStyle>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace nanodit {

namespace {

QString bytes(std::int64_t count)
{
    return QString::fromStdString(sizeText(count));
}

QString valueOf(const FittingChange& change, const std::string& key)
{
    for (const auto& [name, value] : change.settings) {
        if (name == key)
            return QString::fromStdString(value);
    }
    return {};
}

} // namespace

QString roughDuration(double seconds)
{
    const auto whole = static_cast<qint64>(std::llround(seconds));
    if (seconds < 10)
        return ForecastPanel::tr("%1 s").arg(numberText(seconds, 2));
    if (whole < 60)
        return ForecastPanel::tr("%1 s").arg(whole);
    if (whole < 3600)
        return ForecastPanel::tr("%1 min").arg((whole + 30) / 60);
    if (whole < qint64{48} * 3600)
        return ForecastPanel::tr("%1 h %2 min").arg(whole / 3600).arg(whole / 60 % 60);
    return ForecastPanel::tr("%1 days").arg(whole / 86400);
}

QString changeText(const FittingChange& change)
{
    QStringList parts;
    if (!valueOf(change, "checkpointing").isEmpty())
        parts << ForecastPanel::tr("recompute activations");
    if (!valueOf(change, "precision").isEmpty())
        parts << valueOf(change, "precision");
    if (const auto batch = valueOf(change, "data.batch_size"); !batch.isEmpty())
        parts << ForecastPanel::tr("batch %1 × %2").arg(batch, valueOf(change, "optimiser.accumulation"));
    if (const auto ahead = valueOf(change, "data.prefetch"); !ahead.isEmpty())
        parts << ForecastPanel::tr("%1 batch ahead").arg(ahead);
    auto text = parts.join(QStringLiteral(", "));
    if (!text.isEmpty())
        text[0] = text[0].toUpper();
    return ForecastPanel::tr("%1: %2").arg(text, bytes(change.memory));
}

ForecastPanel::ForecastPanel(QWidget* parent)
    : QFrame(parent)
    , model_(new FittedLabel(this))
    , memory_(new FittedLabel(this))
    , time_(new FittedLabel(this))
    , run_(new FittedLabel(this))
    , disk_(new FittedLabel(this))
    , used_(new QProgressBar(this))
    , advice_(new QLabel(this))
    , changes_(new QVBoxLayout)
{
    setObjectName(QStringLiteral("forecast"));
    auto* const grid = new QGridLayout;
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setHorizontalSpacing(12);
    grid->setVerticalSpacing(2);
    grid->setColumnStretch(1, 1);
    struct Line {
        const char* name;
        QString title;
        QLabel* value;
    };
    int line = 0;
    for (const auto& [name, title, value] :
         {Line{"forecastModel", tr("Model"), model_}, Line{"forecastMemory", tr("Memory"), memory_},
          Line{"forecastStep", tr("Step"), time_}, Line{"forecastRun", tr("Run"), run_},
          Line{"forecastDisk", tr("Checkpoint"), disk_}}) {
        auto* const label = new QLabel(title, this);
        setRole(label, "small");
        value->setObjectName(QLatin1String(name));
        value->setFont(tabularFont(value->font()));
        value->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
        label->setBuddy(value);
        grid->addWidget(label, line, 0);
        grid->addWidget(value, line, 1);
        ++line;
        if (value == memory_)
            grid->addWidget(used_, line++, 1);
    }
    used_->setRange(0, 100);
    used_->setTextVisible(false);
    used_->setFixedHeight(4);
    used_->setAccessibleName(tr("Share of the free memory that the training needs"));
    setRole(advice_, "problem");
    advice_->setWordWrap(true);
    changes_->setSpacing(4);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(6);
    column->addWidget(makeSection(tr("Forecast"), this));
    column->addLayout(grid);
    column->addWidget(advice_);
    column->addLayout(changes_);
    advice_->hide();
}

void ForecastPanel::show(const ShownForecast& shown, std::int64_t stepsLeft)
{
    const auto& forecast = shown.forecast;
    const auto& memory = forecast.memory;
    const auto needed = memory.total();
    model_->setText(tr("%1 M parameters").arg(static_cast<double>(forecast.parameters) / 1e6, 0, 'f', 1));
    memory_->setText(shown.memoryThere > 0 ? tr("%1 · %2 free").arg(bytes(needed), bytes(shown.memoryThere))
                                           : tr("%1").arg(bytes(needed)));
    memory_->setToolTip(
        tr("Weights and gradients %1 · moments of the optimiser %2 · moving average %3 · activations %4 (batch of "
           "%5) · batches read ahead %6 · previews %7 · a checkpoint being written %8")
            .arg(bytes(memory.weights + memory.gradients), bytes(memory.moments), bytes(memory.average),
                 bytes(memory.activations), QString::fromStdString(bucketName(forecast.dearest().bucket)),
                 bytes(memory.batches), bytes(memory.previews), bytes(memory.checkpoint)));
    setRole(memory_, shown.fits() ? "" : "problem");
    used_->setVisible(shown.memoryThere > 0);
    if (shown.memoryThere > 0)
        used_->setValue(static_cast<int>(std::min<std::int64_t>(100, 100 * needed / shown.memoryThere)));
    used_->setProperty("over", !shown.fits());
    used_->style()->unpolish(used_);
    used_->style()->polish(used_);
    const auto seconds = shown.stepSeconds;
    const auto perEpoch =
        tr("%1 steps per epoch").arg(QLocale().toString(static_cast<qlonglong>(forecast.stepsPerEpoch)));
    time_->setText((seconds           ? tr("about %1").arg(roughDuration(*seconds))
                    : shown.measuring ? tr("timing…")
                                      : tr("not timed")) +
                   QStringLiteral(" · ") + perEpoch);
    time_->setToolTip(tr("Timed here with models of one and two blocks; the rest is extrapolated from that."));
    const auto steps = QLocale().toString(static_cast<qlonglong>(stepsLeft));
    run_->setText(seconds ? tr("%1 · %2 steps").arg(roughDuration(*seconds * static_cast<double>(stepsLeft)), steps)
                          : tr("%1 steps").arg(steps));
    run_->setToolTip(tr("%1 epochs in total").arg(numberText(forecast.epochs)));
    disk_->setText(
        tr("%1 · %2 for all kept").arg(bytes(forecast.checkpointBytes), bytes(forecast.keptCheckpointBytes)));
    if (!shown.fitsOnDisk())
        disk_->setText(tr("%1 for all, %2 free").arg(bytes(forecast.diskBytes), bytes(shown.diskThere)));
    disk_->setToolTip(tr("%1 at most, including the one being written; saving.keep, saving.keep_every and "
                         "saving.keep_validated reduce it")
                          .arg(bytes(forecast.diskBytes)));
    setRole(disk_, shown.fitsOnDisk() ? "" : "problem");
    setAccessibleName(tr("%1, %2, a step %3, %4, checkpoint %5")
                          .arg(model_->text(), memory_->text(), time_->text(), run_->text(), disk_->text()));
    showChanges(shown);
}

void ForecastPanel::showChanges(const ShownForecast& shown)
{
    while (auto* const item = changes_->takeAt(0)) {
        item->widget()->deleteLater();
        delete item;
    }
    advice_->setVisible(!shown.fits());
    if (shown.fits())
        return;
    advice_->setText(shown.changes.empty() ? tr("It does not fit: use a smaller model or smaller pictures.")
                                           : tr("It does not fit. It would fit with:"));
    for (const auto& change : shown.changes) {
        auto* const button =
            makeButton(changeText(change), {}, tr("Change these settings in the form above"), false, this);
        button->setObjectName(QStringLiteral("fit"));
        connect(button, &QPushButton::clicked, this, [this, change] { Q_EMIT changeWanted(change); });
        changes_->addWidget(button);
    }
}

} // namespace nanodit
