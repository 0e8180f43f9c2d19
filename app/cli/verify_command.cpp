#include "app/cli/commands.h"
#include "app/cli/deep_verification.h"
#include "app/cli/report_text.h"
#include "core/config/workspace_config.h"
#include "core/front/data.h"
#include "core/runtime/error.h"

namespace nanodit::cli {

namespace {

using nlohmann::json;

void runVerify(bool repair, Options& options)
{
    VerifyReport report;
    const auto job = makeVerifyJob({.workspace = Workspace::open(options.workspace),
                                    .repair = repair,
                                    .finished = [&report](const auto& r) { report = r; }});
    if (runJob(*job, options.output, "") == JobEnd::Cancelled)
        return;
    std::vector<std::vector<std::string>> rows = {
        {"array", "valid", "adopted", "missing", "stale", "misaligned", "wrong shape", "non-finite", "unreadable"}};
    auto arrays = json::array();
    for (const auto& counts : report.arrays) {
        const auto* const name = arrayFolderNames[static_cast<std::size_t>(counts.array)];
        rows.push_back({name, std::to_string(counts.whole), std::to_string(counts.adopted),
                        std::to_string(counts.missing), std::to_string(counts.stale), std::to_string(counts.misaligned),
                        std::to_string(counts.wrongShape), std::to_string(counts.nonfinite),
                        std::to_string(counts.unreadable)});
        arrays.push_back({{"array", name},
                          {"whole", counts.whole},
                          {"adopted", counts.adopted},
                          {"missing", counts.missing},
                          {"stale", counts.stale},
                          {"misaligned", counts.misaligned},
                          {"wrong_shape", counts.wrongShape},
                          {"nonfinite", counts.nonfinite},
                          {"unreadable", counts.unreadable}});
    }
    const auto verdict = report.sound() ? "valid: every array of " + count(report.records, "record") + "\n"
                                        : count(static_cast<std::int64_t>(report.problems.size()), "problem") + ":\n";
    const auto adopted = report.adopted.empty()
                             ? std::string()
                             : "adopted arrays of " +
                                   count(static_cast<std::int64_t>(report.adopted.size()), "record") + ":\n" +
                                   listText(report.adopted, 5);
    printResult(options.output, table(rows) + verdict + listText(report.problems) + adopted,
                {{"records", report.records},
                 {"sound", report.sound()},
                 {"arrays", arrays},
                 {"adopted", rejectsJson(report.adopted)},
                 {"moved_aside", report.movedAside},
                 {"problems", rejectsJson(report.problems)}});
    if (!report.sound())
        options.exitCode = exitFailed;
}

} // namespace

void registerVerify(CLI::App& app, Options& options)
{
    auto* const command =
        app.add_subcommand("verify", "Check every array against its record; exit code 1 if anything is invalid");
    const auto deep = std::make_shared<DeepVerification>();
    deep->addTo(*command);
    const auto repair = std::make_shared<bool>(false);
    command->add_flag(
        "--repair", *repair,
        "Move misaligned patches to dinov3_patches_misaligned/, so that the next pass computes them again");
    command->callback([deep, repair, &options] {
        if (!deep->wanted() && (deep->count > 0 || !deep->records.empty()))
            throw UsageError("--count and --record choose the records of --deep or --drift: pass one of these, too");
        if (deep->wanted() && *repair)
            throw UsageError("--repair cannot be combined with --deep or --drift: run the command once for each");
        deep->wanted() ? deep->run(options) : runVerify(*repair, options);
    });
}

} // namespace nanodit::cli
