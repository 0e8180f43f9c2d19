#include "app/cli/commands.h"
#include "app/cli/number_checks.h"
#include "app/cli/rank_options.h"
#include "app/cli/report_text.h"
#include "core/config/workspace_config.h"
#include "core/front/data.h"
#include "core/io/size_text.h"

#include <algorithm>
#include <exception>
#include <map>
#include <optional>

namespace nanodit::cli {

namespace {

using nlohmann::json;

/// The command line of preprocess.
struct Wanted {
    std::vector<std::string> passes = {"t5", "vae", "dinov3"};
    bool dryRun = false;
    std::optional<std::int64_t> maxFailures;
    std::int64_t memory = 0;
    std::optional<PassPrecision> precision;
    RankOptions ranks;

    std::vector<Pass> byValue() const
    {
        std::vector<Pass> values;
        for (const auto& name : passes)
            values.push_back(passFromName(name));
        return values;
    }
};

void runPreprocess(const Wanted& wanted, Options& options)
{
    PreprocessRequest request{
        .workspace = Workspace::open(options.workspace), .passes = wanted.byValue(), .device = options.device};
    request.share = wanted.ranks.share();
    PreprocessReport report;
    request.finished = [&report](const auto& r) { report = r; };
    std::map<Pass, PassMemory> memory;
    const PassLimits limits{.maxFailures = wanted.maxFailures,
                            .memory = wanted.memory,
                            .precision = wanted.precision,
                            .onMemory = [&memory](const PassMemory& used) { memory[used.pass] = used; }};
    std::exception_ptr tooMany;
    try {
        runJob(*makePreprocessJob(std::move(request), limits), options.output);
    } catch (const TooManyFailures&) { // the report has come, and people want to see it
        tooMany = std::current_exception();
    }
    std::vector<std::vector<std::string>> rows = {{"pass", "made", "up to date", "failed", "time", "memory"}};
    std::string failures;
    auto passes = json::array();
    bool anyFailed = false;
    for (const auto& pass : report.passes) {
        rows.push_back({passName(pass.pass), std::to_string(pass.made), std::to_string(pass.alreadyWhole),
                        std::to_string(pass.failures.size()), durationText(pass.seconds),
                        memory[pass.pass].most > 0 ? sizeText(memory[pass.pass].most) : "-"});
        passes.push_back({{"pass", passName(pass.pass)},
                          {"made", pass.made},
                          {"already_whole", pass.alreadyWhole},
                          {"seconds", pass.seconds},
                          {"memory_budget", memory[pass.pass].budget},
                          {"memory_peak", memory[pass.pass].most},
                          {"failures", rejectsJson(pass.failures)}});
        failures += listText(pass.failures);
        anyFailed = anyFailed || !pass.failures.empty();
    }
    printResult(options.output, table(rows) + failures, {{"passes", passes}});
    if (tooMany)
        std::rethrow_exception(tooMany);
    if (anyFailed)
        options.exitCode = exitFailed;
}

/// "3:05", or "unknown" where nothing was measured yet; "about" where a part of it was scaled from other buckets.
std::string timeText(const PassForecast& pass)
{
    if (!pass.seconds)
        return "unknown";
    return (pass.unmeasuredBuckets > 0 ? "about " : "") + durationText(*pass.seconds);
}

std::string bytesText(const std::optional<std::int64_t>& bytes)
{
    return bytes ? sizeText(*bytes) : "unknown";
}

json bytesJson(const std::optional<std::int64_t>& bytes)
{
    return bytes ? json(*bytes) : json();
}

std::string dueText(const PassForecast& pass, std::size_t most = 10)
{
    if (pass.due.empty())
        return {};
    auto text =
        passName(pass.pass) + " would compute " + count(static_cast<std::int64_t>(pass.due.size()), "record") + ":\n";
    for (std::size_t i = 0; i < std::min(most, pass.due.size()); ++i)
        text += "  " + pass.due[i].id + ": " + pass.due[i].why + "\n";
    if (pass.due.size() > most)
        text += "  and " + std::to_string(pass.due.size() - most) + " more (--json lists all)\n";
    return text;
}

json forecastJson(const PassForecast& pass)
{
    auto due = json::array();
    for (const auto& record : pass.due)
        due.push_back({{"id", record.id}, {"why", record.why}});
    return {{"pass", passName(pass.pass)},
            {"whole", pass.whole},
            {"to_read", pass.toRead},
            {"to_make", pass.toMake()},
            {"missing", pass.missing},
            {"stale", pass.stale},
            {"stale_because", byName(pass.staleBecause)},
            {"wrong", pass.wrong},
            {"without_picture", pass.unreadable},
            {"buckets", pass.buckets},
            {"seconds", pass.seconds ? json(*pass.seconds) : json()},
            {"unmeasured_buckets", pass.unmeasuredBuckets},
            {"bytes_to_write", bytesJson(pass.bytesToWrite)},
            {"bytes_growth", bytesJson(pass.bytesGrowth)},
            {"bytes_in_all", bytesJson(pass.bytesInAll)},
            {"due", due}};
}

void runForecast(const Wanted& wanted, Options& options)
{
    PreprocessForecast forecast;
    const auto job = makeForecastJob({.workspace = Workspace::open(options.workspace),
                                      .passes = wanted.byValue(),
                                      .device = options.device,
                                      .finished = [&forecast](const auto& f) { forecast = f; }});
    if (runJob(*job, options.output, "") == JobEnd::Cancelled)
        return;
    std::vector<std::vector<std::string>> rows = {
        {"pass", "valid", "to check", "missing", "stale", "invalid", "time", "to write", "total"}};
    std::string lists;
    auto passes = json::array();
    for (const auto& pass : forecast.passes) {
        const auto because = countsText(byName(pass.staleBecause));
        rows.push_back(
            {passName(pass.pass), std::to_string(pass.whole), std::to_string(pass.toRead), std::to_string(pass.missing),
             std::to_string(pass.stale) + (because.empty() ? "" : " (" + because + ")"), std::to_string(pass.wrong),
             timeText(pass), bytesText(pass.bytesToWrite), bytesText(pass.bytesInAll)});
        lists += dueText(pass);
        passes.push_back(forecastJson(pass));
    }
    const auto verdict =
        forecast.refusal.empty() ? std::string() : "these passes would not start: " + forecast.refusal + "\n";
    printResult(options.output,
                table(rows) + sizeText(forecast.bytesFree) + " free in " + forecast.folder.string() + "; on " +
                    forecast.device + "\n" + lists + verdict,
                {{"passes", passes},
                 {"folder", forecast.folder.string()},
                 {"bytes_free", forecast.bytesFree},
                 {"device", forecast.device},
                 {"refusal", forecast.refusal}});
    if (!forecast.refusal.empty())
        options.exitCode = exitFailed;
}

} // namespace

void registerPreprocess(CLI::App& app, Options& options)
{
    auto* const command = app.add_subcommand("preprocess", "Compute the arrays that are missing or stale");
    const auto wanted = std::make_shared<Wanted>();
    command->add_option("--pass-filter", wanted->passes, "Passes to run, of t5,vae,dinov3")
        ->delimiter(',')
        ->capture_default_str();
    command->add_flag("--dry-run", wanted->dryRun,
                      "Compute nothing; list what would be computed and why, and the time and bytes it takes");
    command
        ->add_option("--max-failures", wanted->maxFailures,
                     "End a pass when more records than this have failed (default: no limit)")
        ->check(notNegative());
    command
        ->add_option("--memory", wanted->memory,
                     "Megabytes that a pass may use at once (default: half of the machine's)")
        ->check(wholeNumber(1, 1'000'000'000));
    static const std::map<std::string, PassPrecision> precisions = {
        {"auto", PassPrecision::Auto}, {"float32", PassPrecision::Float32}, {"bf16", PassPrecision::Bf16}};
    command
        ->add_option_function<std::string>(
            "--precision", [wanted](const std::string& name) { wanted->precision = precisions.at(name); },
            "Precision of matrix products in T5 and the ViT: float32, bf16, or auto, which measures once; stored in "
            "the workspace")
        ->check(CLI::IsMember(&precisions));
    wanted->ranks.addTo(*command);
    command->callback(
        [wanted, &options] { wanted->dryRun ? runForecast(*wanted, options) : runPreprocess(*wanted, options); });
}

} // namespace nanodit::cli
