#include "app/plots/plot_subjects.h"

#include "app/validation_subjects.h"
#include "core/front/training.h"
#include "core/front/validation.h"
#include "core/runtime/error.h"

#include <QCoreApplication>

#include <algorithm>
#include <set>

namespace nanodit {

namespace {

using Kind = PlotSubject::Kind;

/// For lupdate, which takes the class's name as the context.
class PlotSubjects {
    Q_DECLARE_TR_FUNCTIONS(PlotSubjects)
};

std::vector<PlotSubject> compared()
{
    return {
        {QStringLiteral("loss"),
         PlotSubjects::tr("Loss"),
         Kind::Averaged,
         {{"loss", PlotSubjects::tr("loss"), meaning::loss}}},
        {QStringLiteral("velocity_norm"),
         PlotSubjects::tr("Velocity norm"),
         Kind::Averaged,
         {{"velocity_norm", QStringLiteral("√mean(v²)"), meaning::velocity}}},
        {QStringLiteral("gradients"),
         PlotSubjects::tr("Gradient norms"),
         Kind::Averaged,
         {{"grad_norm", PlotSubjects::tr("all"), meaning::gradient},
          {"grad_norm_dino_patch_proj", QStringLiteral("dino_patch_proj"), meaning::patches}}},
        {QStringLiteral("lr"),
         PlotSubjects::tr("Learning rate"),
         Kind::Plain,
         {{"lr", PlotSubjects::tr("learning rate"), meaning::neutral}}},
        {QStringLiteral("loss_by_t"),
         PlotSubjects::tr("Loss by t"),
         Kind::Averaged,
         {{"loss_by_t/0-0.25", PlotSubjects::tr("t 0–0.25"), Hue::Sky},
          {"loss_by_t/0.25-0.5", QStringLiteral("0.25–0.5"), Hue::Green},
          {"loss_by_t/0.5-0.75", QStringLiteral("0.5–0.75"), Hue::Orange},
          {"loss_by_t/0.75-1", QStringLiteral("0.75–1"), Hue::Vermillion}}},
        {QStringLiteral("loss_by_drop"),
         PlotSubjects::tr("Loss by dropped condition"),
         Kind::Averaged,
         {{"loss_by_drop/none", PlotSubjects::tr("none"), Hue::Blue},
          {"loss_by_drop/text", PlotSubjects::tr("text"), meaning::text},
          {"loss_by_drop/dino", QStringLiteral("DINO"), meaning::patches},
          {"loss_by_drop/both", PlotSubjects::tr("both"), meaning::unconditional}}},
        {QStringLiteral("attention"),
         PlotSubjects::tr("Attention shares"),
         Kind::Shares,
         {{"attention/text", PlotSubjects::tr("text"), meaning::text},
          {"attention/cls", QStringLiteral("CLS"), meaning::cls},
          {"attention/patches", PlotSubjects::tr("patches"), meaning::patches}}},
        {QStringLiteral("contribution"),
         PlotSubjects::tr("Contribution shares"),
         Kind::Shares,
         {{"contribution/text", PlotSubjects::tr("text"), meaning::text},
          {"contribution/cls", QStringLiteral("CLS"), meaning::cls},
          {"contribution/patches", PlotSubjects::tr("patches"), meaning::patches}}},
        {QStringLiteral("alignment"),
         PlotSubjects::tr("Alignment"),
         Kind::Measured,
         {{"attention/alignment", PlotSubjects::tr("distance in patches"), meaning::patches},
          {"attention/even_alignment", PlotSubjects::tr("if attention were uniform"), meaning::neutral}}},
        {QStringLiteral("radius"),
         PlotSubjects::tr("Radii of heads"),
         Kind::Measured,
         {{"radius/narrowest", PlotSubjects::tr("narrowest"), meaning::patches},
          {"radius/widest", PlotSubjects::tr("widest"), meaning::neutral}}},
        {QStringLiteral("worth"),
         PlotSubjects::tr("What conditions are worth"),
         Kind::Measured,
         {{"worth/val/caption_gain", PlotSubjects::tr("text"), meaning::text},
          {"worth/val/patch_gain", PlotSubjects::tr("patches"), meaning::patches},
          {"worth/val/dino_gain", PlotSubjects::tr("CLS and patches"), meaning::cls}}},
        {QStringLiteral("fixed_loss"),
         PlotSubjects::tr("Loss at fixed draws"),
         Kind::Measured,
         {{"worth/val/loss", PlotSubjects::tr("validation"), Hue::Blue},
          {"worth/train/loss", PlotSubjects::tr("training"), meaning::neutral}}},
        {QStringLiteral("samples_per_second"),
         PlotSubjects::tr("Speed"),
         Kind::Averaged,
         {{"samples_per_second", PlotSubjects::tr("samples/s"), meaning::neutral}}},
        {QStringLiteral("data_wait_seconds"),
         PlotSubjects::tr("Wait for data"),
         Kind::Plain,
         {{"data_wait_seconds", PlotSubjects::tr("seconds per step"), meaning::neutral}}},
        {QStringLiteral("resident_megabytes"),
         PlotSubjects::tr("Memory"),
         Kind::Plain,
         {{"resident_megabytes", QStringLiteral("MB"), meaning::neutral}}},
    };
}

QString withUnit(const MetricText& text)
{
    const auto label = QString::fromStdString(text.label);
    return text.unit.empty() ? label : QStringLiteral("%1, %2").arg(label, QString::fromStdString(text.unit));
}

/// Single numbers that no subject of its own shows, and the blocks.
void addTheRest(std::vector<PlotSubject>& subjects)
{
    std::set<std::string> alone;
    for (const auto& subject : subjects) {
        if (subject.curves.size() == 1)
            alone.insert(subject.curves.front().key);
    }
    for (const auto& metric : blockMetricTable())
        subjects.push_back({QStringLiteral("blocks/") + QString::fromStdString(metric.text.key),
                            PlotSubjects::tr("%1 by block").arg(QString::fromStdString(metric.text.label)),
                            Kind::Blocks,
                            {{metric.text.key, withUnit(metric.text), meaning::patches}}});
    for (const auto& metric : intervalMetricTable())
        subjects.push_back({QStringLiteral("one/") + QString::fromStdString(metric.key),
                            QString::fromStdString(metric.label),
                            Kind::Measured,
                            {{metric.key, withUnit(metric), Hue::Blue}}});
    for (const auto& metric : stepMetricTable()) {
        if (!alone.contains(metric.text.key))
            subjects.push_back({QStringLiteral("one/") + QString::fromStdString(metric.text.key),
                                QString::fromStdString(metric.text.label),
                                metric.stored == StepMetric::Stored::Number ? Kind::Averaged : Kind::Plain,
                                {{metric.text.key, withUnit(metric.text), Hue::Blue}}});
    }
}

} // namespace

const std::vector<PlotSubject>& plotSubjects()
{
    static const auto all = [] {
        auto subjects = compared();
        addTheRest(subjects);
        return subjects;
    }();
    return all;
}

PlotSubject validationSubject(const std::string& key)
{
    auto name = key.substr(key.find('/') + 1); // "reconstruction/ssim"
    const std::string rawPrefix = "raw/";
    const bool raw = name.starts_with(rawPrefix);
    if (raw)
        name.erase(0, rawPrefix.size());
    const auto slash = name.find('/');
    const auto taskName = name.substr(0, slash);
    auto task = QString::fromStdString(taskName);
    if (const auto known = std::find(validationTaskNames.begin(), validationTaskNames.end(), taskName);
        known != validationTaskNames.end()) // else of another version
        task = taskTitle(static_cast<ValidationTask>(known - validationTaskNames.begin()));
    auto metric = QString::fromStdString(name.substr(std::min(name.size(), slash + 1)));
    try {
        metric = QString::fromStdString(metricInfo(metric.toStdString()).label);
    } catch (const Error&) { // of another version: its name will do
    }
    if (raw) {
        const auto ofRaw = PlotSubjects::tr("%1, raw weights").arg(metric);
        return {QString::fromStdString(key),
                PlotSubjects::tr("Validation: %1, %2").arg(task, ofRaw),
                Kind::Measured,
                {{key, ofRaw, Hue::Orange}}};
    }
    return {QString::fromStdString(key),
            PlotSubjects::tr("Validation: %1, %2").arg(task, metric),
            Kind::Measured,
            {{key, metric, Hue::Blue}}};
}

PlotSubject plotSubject(const QString& key)
{
    if (key.startsWith(QStringLiteral("validation/")))
        return validationSubject(key.toStdString());
    const auto found = std::ranges::find(plotSubjects(), key, &PlotSubject::key);
    return found != plotSubjects().end() ? *found : plotSubjects().front();
}

} // namespace nanodit
