#include "core/train/metrics.h"

#include "core/io/atomic_file.h"
#include "core/train/draws.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unistd.h>

namespace nanodit {

namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

/// Memory of this process that is in RAM now.
double residentMegabytes()
{
    std::ifstream file("/proc/self/statm");
    double pages = 0, resident = 0;
    file >> pages >> resident;
    return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

nlohmann::ordered_json number(double value)
{
    return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json();
}

nlohmann::ordered_json byName(const std::array<double, 4>& values, const std::array<const char*, 4>& names)
{
    auto json = nlohmann::ordered_json::object();
    for (std::size_t i = 0; i < 4; ++i)
        json[names[i]] = number(values[i]);
    return json;
}

double readNumber(const nlohmann::json& json)
{
    return json.is_number() ? json.get<double>() : none;
}

constexpr std::array<std::pair<const char*, double BlockAttention::*>, 4> attentionFields = {
    {{"text", &BlockAttention::text},
     {"cls", &BlockAttention::cls},
     {"patches", &BlockAttention::patches},
     {"alignment", &BlockAttention::alignment}}};

/// The step that a line of a validation is of; empty for any other line.
std::optional<std::int64_t> validatedStep(const std::string& line)
{
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_object() || !json.contains("validation") || !json.contains("step") ||
        !json["step"].is_number_integer())
        return std::nullopt;
    return json["step"].get<std::int64_t>();
}

constexpr std::array<const char*, 4> quarterNames = {"0-0.25", "0.25-0.5", "0.5-0.75", "0.75-1"};

} // namespace

double StepMeter::Mean::value() const
{
    return count == 0 ? none : sum / static_cast<double>(count);
}

StepMeter::StepMeter()
    : start_(std::chrono::steady_clock::now())
{
}

void StepMeter::add(const Draws& draws, const at::Tensor& perSample, const at::Tensor& velocity)
{
    const auto losses = perSample.detach().to(at::kCPU, at::kDouble).contiguous();
    for (std::size_t i = 0; i < draws.drops.size(); ++i) {
        const double loss = losses.data_ptr<double>()[i];
        const auto quarter = std::clamp(static_cast<int>(draws.t.data_ptr<float>()[i] * 4), 0, 3);
        for (auto* mean :
             {&byQuarter_[static_cast<std::size_t>(quarter)], &byDrop_[static_cast<std::size_t>(draws.drops[i])]}) {
            mean->sum += loss;
            ++mean->count;
        }
    }
    lossSum_ += losses.mean().item<double>();
    squaredVelocity_ += velocity.square().mean().item<double>();
    samples_ += losses.size(0);
    ++microBatches_;
}

StepMetrics StepMeter::finish() const
{
    StepMetrics metrics;
    const auto batches = static_cast<double>(microBatches_);
    metrics.loss = microBatches_ == 0 ? none : lossSum_ / batches;
    metrics.velocityNorm = microBatches_ == 0 ? none : std::sqrt(squaredVelocity_ / batches);
    for (std::size_t i = 0; i < 4; ++i) {
        metrics.lossByQuarter[i] = byQuarter_[i].value();
        metrics.lossByDrop[i] = byDrop_[i].value();
        metrics.samplesByDrop[i] = byDrop_[i].count;
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    metrics.samplesPerSecond = static_cast<double>(samples_) / std::max(seconds, 1e-9);
    metrics.dataWaitSeconds = dataWait_;
    metrics.residentMegabytes = residentMegabytes();
    return metrics;
}

nlohmann::ordered_json toJson(const StepMetrics& m)
{
    nlohmann::ordered_json json;
    json["step"] = m.step;
    json["loss"] = number(m.loss);
    json["velocity_norm"] = number(m.velocityNorm);
    json["grad_norm"] = number(m.gradNorm);
    json["grad_norm_dino_patch_proj"] = number(m.gradNormPatchProj);
    json["lr"] = m.lr;
    json["loss_by_t"] = byName(m.lossByQuarter, quarterNames);
    json["loss_by_drop"] = byName(m.lossByDrop, dropNames);
    for (std::size_t i = 0; i < 4; ++i)
        json["samples_by_drop"][dropNames[i]] = m.samplesByDrop[i];
    json["samples_per_second"] = m.samplesPerSecond;
    json["data_wait_seconds"] = m.dataWaitSeconds;
    json["resident_megabytes"] = m.residentMegabytes;
    json["damaged_samples"] = m.damagedSamples;
    json["skipped"] = m.skipped;
    if (!m.attention.empty()) {
        auto& attention = json["attention"];
        for (const auto& [name, value] : attentionFields) {
            attention[name] = nlohmann::ordered_json::array();
            for (const auto& block : m.attention)
                attention[name].push_back(number(block.*value));
        }
    }
    return json;
}

EventFile::Scalars scalarsOf(const StepMetrics& metrics)
{
    EventFile::Scalars scalars;
    const auto collect = [&scalars](auto&& self, const std::string& tag, const nlohmann::ordered_json& json) -> void {
        if (json.is_number())
            scalars.emplace_back(tag, json.get<double>());
        else if (json.is_structured()) {
            for (const auto& [key, value] : json.items())
                self(self, tag.empty() ? key : tag + "/" + key, value);
        }
    };
    auto json = toJson(metrics);
    json.erase("step");
    collect(collect, "", json);
    return scalars;
}

std::optional<StepMetrics> stepMetricsFromJson(const std::string& line)
{
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_object())
        return std::nullopt;
    try {
        StepMetrics m;
        m.step = json.at("step");
        m.loss = readNumber(json.at("loss"));
        m.velocityNorm = readNumber(json.at("velocity_norm"));
        m.gradNorm = readNumber(json.at("grad_norm"));
        m.gradNormPatchProj = readNumber(json.at("grad_norm_dino_patch_proj"));
        m.lr = json.at("lr");
        for (std::size_t i = 0; i < 4; ++i) {
            m.lossByQuarter[i] = readNumber(json.at("loss_by_t").at(quarterNames[i]));
            m.lossByDrop[i] = readNumber(json.at("loss_by_drop").at(dropNames[i]));
            m.samplesByDrop[i] = json.at("samples_by_drop").at(dropNames[i]);
        }
        m.samplesPerSecond = json.at("samples_per_second");
        m.dataWaitSeconds = json.at("data_wait_seconds");
        m.residentMegabytes = json.at("resident_megabytes");
        m.damagedSamples = json.value("damaged_samples", std::int64_t{0}); // Not in runs of earlier versions.
        m.skipped = json.at("skipped");
        if (const auto found = json.find("attention"); found != json.end()) {
            m.attention.resize(found->at("text").size());
            for (const auto& [name, value] : attentionFields) {
                for (std::size_t i = 0; i < m.attention.size(); ++i)
                    m.attention[i].*value = readNumber(found->at(name).at(i));
            }
        }
        return m;
    } catch (const nlohmann::json::exception&) {
        return std::nullopt;
    }
}

MetricsFile::MetricsFile(const std::filesystem::path& runFolder, std::int64_t lastStep)
    : file_(runFolder / "metrics.jsonl")
{
    std::string kept;
    std::ifstream before(file_);
    for (std::string line; std::getline(before, line);) {
        if (const auto metrics = stepMetricsFromJson(line)) {
            if (metrics->step <= lastStep)
                kept += toJson(*metrics).dump() + "\n";
        } else if (const auto step = validatedStep(line); step && *step <= lastStep) {
            kept += line + "\n";
            validated_.insert(*step);
        }
    }
    writeFileAtomically(file_, kept);
    stream_.open(file_, std::ios::app);
}

void MetricsFile::append(const StepMetrics& metrics)
{
    append(toJson(metrics).dump());
}

void MetricsFile::appendValidation(std::int64_t step, const EventFile::Scalars& means)
{
    nlohmann::ordered_json json = {{"step", step}};
    for (const auto& [name, value] : means) {
        const auto slash = name.find('/');
        json["validation"][name.substr(0, slash)][name.substr(slash + 1)] = number(value);
    }
    append(json.dump());
    validated_.insert(step);
}

void MetricsFile::append(const std::string& line)
{
    stream_ << line << "\n" << std::flush;
    if (!stream_)
        throw StoreError(file_.string() + " could not be written: make room on the disk, then resume the run");
}

std::vector<StepMetrics> readMetrics(const std::filesystem::path& runFolder)
{
    std::vector<StepMetrics> all;
    std::ifstream stream(runFolder / "metrics.jsonl");
    for (std::string line; std::getline(stream, line);) {
        if (auto metrics = stepMetricsFromJson(line))
            all.push_back(*metrics);
    }
    return all;
}

} // namespace nanodit
