#include "core/runs/metrics_file.h"

#include "core/io/atomic_file.h"
#include "core/runs/metric_table.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <fstream>
#include <limits>
#include <string_view>
#include <system_error>
#include <utility>

namespace nanodit {

namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

nlohmann::ordered_json number(double value)
{
    return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json();
}

double readNumber(const nlohmann::json& json)
{
    return json.is_number() ? json.get<double>() : none;
}

/// Seconds since 1970, with thousandths; null for none.
nlohmann::ordered_json secondsOf(const std::optional<WallTime>& time)
{
    return time ? number(std::chrono::duration<double>(time->time_since_epoch()).count()) : nlohmann::ordered_json();
}

std::optional<WallTime> readWallTime(const nlohmann::json& json)
{
    constexpr double latest = 1e11; // the year 5138; what is beyond is no time
    const double seconds = readNumber(json);
    if (!(seconds >= 0 && seconds < latest))
        return std::nullopt;
    return WallTime(std::chrono::round<std::chrono::milliseconds>(std::chrono::duration<double>(seconds)));
}

/// The step that a line with this key is of, "validation" or "measured"; empty for any other line.
std::optional<std::int64_t> stepWith(const char* key, const nlohmann::json& json)
{
    if (!json.is_object() || !json.contains(key) || !json.contains("step") || !json["step"].is_number_integer())
        return std::nullopt;
    return json["step"].get<std::int64_t>();
}

nlohmann::json parsed(const std::string& line)
{
    return nlohmann::json::parse(line, nullptr, false);
}

/// Of a line that begins as toJson(StepMetrics) does, without parsing the rest, which takes most of the time.
std::optional<std::int64_t> stepAtBeginOf(const std::string& line)
{
    constexpr std::string_view begin = "{\"step\":";
    std::int64_t step = 0;
    if (!line.starts_with(begin) ||
        std::from_chars(line.data() + begin.size(), line.data() + line.size(), step).ec != std::errc())
        return std::nullopt;
    return step;
}

/// The value at a key of the table, "loss_by_t/0-0.25"; null where there is none.
const nlohmann::json& at(const nlohmann::json& json, const std::string& key)
{
    static const nlohmann::json nothing;
    const auto slash = key.find('/');
    const auto found = json.is_object() ? json.find(key.substr(0, slash)) : json.end();
    if (!json.is_object() || found == json.end())
        return nothing;
    return slash == std::string::npos ? *found : at(*found, key.substr(slash + 1));
}

/// The place of a key.
nlohmann::ordered_json& placeOf(nlohmann::ordered_json& json, const std::string& key)
{
    const auto slash = key.find('/');
    return slash == std::string::npos ? json[key] : placeOf(json[key.substr(0, slash)], key.substr(slash + 1));
}

nlohmann::ordered_json stored(const StepMetric& metric, double value)
{
    switch (metric.stored) {
    case StepMetric::Stored::Count:
        return static_cast<std::int64_t>(value);
    case StepMetric::Stored::Flag:
        return value != 0;
    case StepMetric::Stored::Number:
        break;
    }
    return number(value);
}

/// What a line lacks (runs of earlier versions did not write everything) is not-a-number, or 0 for a count.
double read(const StepMetric& metric, const nlohmann::json& value)
{
    if (value.is_boolean())
        return value.get<bool>() ? 1 : 0;
    return value.is_number() || metric.stored == StepMetric::Stored::Number ? readNumber(value) : 0;
}

} // namespace

nlohmann::ordered_json toJson(const StepMetrics& m)
{
    nlohmann::ordered_json json = {{"step", m.step}};
    for (const auto& metric : stepMetricTable())
        placeOf(json, metric.text.key) = stored(metric, metric.value(m));
    json["wall_time"] = secondsOf(m.endedAt);
    if (m.attention.empty())
        return json;
    for (const auto& metric : blockMetricTable()) {
        auto& blocks = placeOf(json, metric.text.key) = nlohmann::ordered_json::array();
        for (const auto& block : m.attention)
            blocks.push_back(number(block.*metric.value));
    }
    return json;
}

EventFile::Scalars scalarsOf(const StepMetrics& metrics)
{
    EventFile::Scalars scalars;
    const auto add = [&scalars](const std::string& tag, double value) {
        if (std::isfinite(value))
            scalars.emplace_back(tag, value);
    };
    for (const auto& metric : stepMetricTable()) {
        if (metric.stored != StepMetric::Stored::Flag)
            add(metric.text.key, metric.value(metrics));
    }
    for (const auto& metric : blockMetricTable()) {
        for (std::size_t block = 0; block < metrics.attention.size(); ++block)
            add(metric.text.key + "/" + std::to_string(block), metrics.attention[block].*metric.value);
    }
    return scalars;
}

std::optional<StepMetrics> stepMetricsFromJson(const std::string& line)
{
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (!at(json, "step").is_number_integer() || !json.contains("loss"))
        return std::nullopt;
    StepMetrics m;
    m.step = json["step"].get<std::int64_t>();
    for (const auto& metric : stepMetricTable())
        metric.set(m, read(metric, at(json, metric.text.key)));
    m.endedAt = readWallTime(at(json, "wall_time"));
    for (const auto& metric : blockMetricTable()) {
        const auto& blocks = at(json, metric.text.key);
        if (!blocks.is_array())
            continue;
        m.attention.resize(std::max(m.attention.size(), blocks.size()));
        for (std::size_t i = 0; i < blocks.size(); ++i)
            m.attention[i].*metric.value = readNumber(blocks[i]);
    }
    return m;
}

MetricsFile::MetricsFile(const std::filesystem::path& runFolder, std::int64_t lastStep)
{
    const auto file = runFolder / "metrics.jsonl";
    constexpr std::size_t pieceLength = 1 << 20; // a long run's file is larger than one wants to hold
    AtomicFile kept(file);
    std::string piece;
    std::error_code unanswered; // where it cannot be seen whether there is one
    std::ifstream before(file);
    const bool opened = before.is_open() || (!std::filesystem::exists(file, unanswered) && !unanswered);
    for (std::string line; std::getline(before, line);) {
        if (!take(line, lastStep))
            continue;
        piece += line + "\n"; // as it is: a later version may have written more
        if (piece.size() < pieceLength)
            continue;
        kept.write(piece);
        piece.clear();
    }
    if (!opened || before.bad())
        throw StoreError(file.string() +
                         " could not be read to its end: it is left as it is; check its disk or network, then resume "
                         "the run");
    kept.write(piece);
    kept.commit();
    file_.emplace(file);
}

bool MetricsFile::take(const std::string& line, std::int64_t lastStep)
{
    if (const auto metrics = stepMetricsFromJson(line)) {
        if (metrics->step > lastStep)
            return false;
        if (metrics->skipped)
            skipped_.insert(metrics->step);
        return true;
    }
    const auto json = parsed(line);
    const auto validated = stepWith("validation", json), measured = stepWith("measured", json);
    if (validated.value_or(lastStep + 1) > lastStep && measured.value_or(lastStep + 1) > lastStep)
        return false;
    if (validated)
        validations_.push_back(validationMeansFrom(line).value_or(ValidationMeans{.step = *validated, .means = {}}));
    if (!measured)
        return true;
    for (const auto& metric : intervalMetricTable()) {
        if (const auto& value = at(json["measured"], metric.key); value.is_number())
            measured_[*measured][metric.key] = value.get<double>();
    }
    return true;
}

void MetricsFile::append(const StepMetrics& metrics)
{
    append(toJson(metrics).dump());
    if (metrics.skipped)
        skipped_.insert(metrics.step);
}

void MetricsFile::appendValidation(std::int64_t step, const EventFile::Scalars& means)
{
    nlohmann::ordered_json json = {{"step", step}};
    for (const auto& [name, value] : means)
        placeOf(json["validation"], name) = number(value);
    append(json.dump());
    validations_.push_back({.step = step, .means = means});
}

bool MetricsFile::hasValidation(std::int64_t step) const
{
    return std::ranges::any_of(validations_, [step](const auto& validation) { return validation.step == step; });
}

void MetricsFile::appendMeasured(std::int64_t step, const EventFile::Scalars& values)
{
    nlohmann::ordered_json json = {{"step", step}, {"measured", nlohmann::ordered_json::object()}};
    for (const auto& [key, value] : values) {
        if (std::isfinite(value))
            placeOf(json["measured"], key) = measured_[step][key] = value;
    }
    append(json.dump());
}

void MetricsFile::append(const std::string& line)
{
    file_->append(line + "\n");
}

void forEachStep(const std::filesystem::path& runFolder, const std::function<void(const StepMetrics&)>& use)
{
    std::ifstream stream(runFolder / "metrics.jsonl");
    for (std::string line; std::getline(stream, line);) {
        if (const auto metrics = stepMetricsFromJson(line))
            use(*metrics);
    }
}

std::vector<StepMetrics> readMetrics(const std::filesystem::path& runFolder)
{
    std::vector<StepMetrics> all;
    forEachStep(runFolder, [&all](const StepMetrics& metrics) { all.push_back(metrics); });
    return all;
}

StepsSoFar stepsSoFar(const std::filesystem::path& runFolder, std::int64_t last)
{
    constexpr std::int64_t recent = 100;
    StepsSoFar found;
    double sum = 0;
    std::int64_t finite = 0;
    std::ifstream stream(runFolder / "metrics.jsonl");
    for (std::string line; std::getline(stream, line);) {
        const auto number = stepAtBeginOf(line);
        const bool isOld = number && *number <= last - recent, isLater = number && *number > last;
        if (isLater || (isOld && line.find("\"skipped\":true") == std::string::npos))
            continue;
        const auto step = stepMetricsFromJson(line);
        if (!step || step->step > last)
            continue;
        found.skipped += step->skipped ? 1 : 0;
        if (step->step > last - recent && std::isfinite(step->loss)) {
            sum += step->loss;
            ++finite;
        }
    }
    if (finite > 0)
        found.recentLoss = sum / static_cast<double>(finite);
    return found;
}

} // namespace nanodit
