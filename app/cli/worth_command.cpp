#include "app/cli/checkpoint_choice.h"
#include "app/cli/commands.h"
#include "app/cli/number_checks.h"
#include "app/cli/output_file.h"
#include "app/cli/report_text.h"
#include "core/config/workspace_config.h"
#include "core/front/training.h"
#include "core/io/atomic_file.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <cstdio>

namespace nanodit::cli {

namespace {

struct WorthArguments {
    CheckpointOptions model;
    WorthRequest request;
    std::filesystem::path csv;
    std::int64_t shown = 10;
};

std::vector<std::string> rowOf(const PictureWorth& picture)
{
    return {picture.id,
            picture.training ? "training" : "validation",
            decimalText(picture.loss, 4),
            decimalText(picture.captionGain(), 4),
            decimalText(picture.dinoGain(), 4),
            decimalText(picture.patchGain(), 4)};
}

/// Ids are letters, digits, '-' and '_': nothing needs quotes.
std::string asCsv(const ConditionWorth& worth)
{
    std::string csv = "record,split,loss,caption_gain,dino_gain,patch_gain\r\n";
    for (const auto& picture : worth.pictures) {
        char numbers[160];
        std::snprintf(numbers, sizeof numbers, "%.6f,%.6f,%.6f,%.6f", picture.loss, picture.captionGain(),
                      picture.dinoGain(), picture.patchGain());
        csv += picture.id + (picture.training ? ",training," : ",validation,") + numbers + "\r\n";
    }
    return csv;
}

/// The means, then the pictures to which the caption is worth least.
std::string textOf(const ConditionWorth& worth, std::int64_t shown)
{
    std::string text = worth.run + ", step " + std::to_string(worth.step) + ", weights " + worth.weights + ", " +
                       count(static_cast<std::int64_t>(worth.pictures.size()), "picture") + "\n\n";
    std::vector<std::vector<std::string>> rows = {{"mean", "value"}};
    for (const auto& [key, value] : meansOf(worth))
        rows.push_back({metricText(key).label, decimalText(value, 4)});
    text += table(rows) + "\n";
    auto pictures = worth.pictures;
    std::ranges::stable_sort(pictures, {}, &PictureWorth::captionGain);
    rows = {{"least caption gain", "split", "loss", "caption gain", "DINO gain", "patch gain"}};
    for (std::size_t i = 0; i < pictures.size() && static_cast<std::int64_t>(i) < shown; ++i)
        rows.push_back(rowOf(pictures[i]));
    return text + table(rows);
}

nlohmann::json toJson(const ConditionWorth& worth)
{
    nlohmann::json json = {{"run", worth.run}, {"step", worth.step}, {"weights", worth.weights}};
    for (const auto& [key, value] : meansOf(worth))
        json["means"][key.substr(key.find('/') + 1)] = value;
    json["pictures"] = nlohmann::json::array();
    for (const auto& picture : worth.pictures)
        json["pictures"].push_back({{"id", picture.id},
                                    {"training", picture.training},
                                    {"loss", picture.loss},
                                    {"caption_gain", picture.captionGain()},
                                    {"dino_gain", picture.dinoGain()},
                                    {"patch_gain", picture.patchGain()}});
    return json;
}

void runWorth(WorthArguments arguments, Options& options)
{
    auto& request = arguments.request;
    if (request.ofValidation == 0 && request.ofTraining == 0)
        throw UsageError("--validation and --training are both 0, which leaves no picture to measure: give one of them "
                         "a number of pictures");
    if (!arguments.csv.empty())
        prepareOutputFile(arguments.csv, ".csv", "--csv");
    request.workspace = Workspace::open(options.workspace);
    request.checkpoint = arguments.model.choose(request.workspace);
    request.device = options.device;
    std::optional<ConditionWorth> worth;
    request.finished = [&worth](const ConditionWorth& measured) { worth = measured; };
    if (runJob(*makeWorthJob(request), options.output, "") == JobEnd::Cancelled)
        return;
    if (!arguments.csv.empty())
        writeFileAtomically(arguments.csv, asCsv(*worth));
    printResult(options.output, textOf(*worth, arguments.shown), toJson(*worth));
}

} // namespace

void registerWorth(CLI::App& app, Options& options)
{
    auto* const command = app.add_subcommand(
        "worth", "Measure what text and DINO are worth to a model, picture by picture, by the loss without them");
    const auto a = std::make_shared<WorthArguments>();
    a->model.addTo(*command);
    command->add_option("--validation", a->request.ofValidation, "Pictures of the validation split at most")
        ->check(notNegative())
        ->capture_default_str();
    command->add_option("--training", a->request.ofTraining, "Pictures of the set that it was trained on")
        ->check(notNegative())
        ->capture_default_str();
    command->add_option("--csv", a->csv, "Also write the numbers of every picture to this file");
    command->add_option("--show", a->shown, "Pictures to print, those with the least caption gain first")
        ->check(notNegative())
        ->capture_default_str();
    command->callback([a, &options] { runWorth(*a, options); });
}

} // namespace nanodit::cli
