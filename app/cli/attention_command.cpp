#include "app/cli/checkpoint_choice.h"
#include "app/cli/commands.h"
#include "app/cli/shared_options.h"
#include "core/config/workspace_config.h"
#include "core/front/attention.h"
#include "core/front/sampling.h"
#include "core/front/training.h"
#include "core/io/atomic_file.h"
#include "core/io/film.h"
#include "core/io/foreign_text.h"
#include "core/io/heat_picture.h"
#include "core/runtime/error.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>
#include <utility>

namespace nanodit::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t pictureSide = 384;
constexpr double secondsPerFrame = 0.3;

struct AttentionArguments {
    CheckpointOptions model;
    std::string sample, query, token, out = "attention", film, filmFormat = "png";
    AttentionPart part;
    bool self = false;
    std::vector<std::string> replaceWords, pastes;
    std::vector<std::size_t> eraseWords;
    std::vector<std::string> erasePatches;
    std::vector<std::string> knockOuts;
    std::uint64_t controlSeed = 0;
    AttentionMeasure measure = AttentionMeasure::Mass;
    std::int64_t courseTimes = 0;
    AttentionSubject subject;
};

/// Empty unless the text is a number without a sign.
std::optional<std::size_t> numberOf(std::string_view text)
{
    std::size_t value = 0;
    const auto* const end = text.data() + text.size();
    const auto [last, error] = std::from_chars(text.data(), end, value);
    return error == std::errc{} && last == end ? std::optional(value) : std::nullopt;
}

/// The number in "word:NUMBER"; empty for other tokens.
std::optional<std::size_t> wordOf(const std::string& token)
{
    return token.starts_with("word:") ? numberOf(std::string_view(token).substr(5)) : std::nullopt;
}

/// "R,C" or "R,C:R2,C2" (inclusive) -> cells, row-major numbers. Throws UsageError.
std::vector<std::int64_t> cellsOf(const std::string& text, GridSize grid, const char* what)
{
    GridCell first, last;
    char end = 0;
    const auto count =
        std::sscanf(text.c_str(), "%ld,%ld:%ld,%ld%c", &first.row, &first.col, &last.row, &last.col, &end);
    if (count == 2 && text.find(':') == std::string::npos)
        last = first;
    else if (count != 4)
        throw UsageError(std::string(what) + " is \"" + text + "\", but must be ROW,COL or ROW,COL:ROW,COL");
    std::vector<std::int64_t> cells;
    for (auto row = first.row; row <= last.row; ++row) {
        for (auto col = first.col; col <= last.col; ++col) {
            if (row < 0 || col < 0 || row >= grid.rows || col >= grid.cols)
                throw UsageError(std::string(what) + " \"" + text + "\" is outside the grid of " +
                                 std::to_string(grid.rows) + " x " + std::to_string(grid.cols));
            cells.push_back(row * grid.cols + col);
        }
    }
    if (cells.empty())
        throw UsageError(std::string(what) + " \"" + text + "\" is empty: name the upper left corner first");
    return cells;
}

/// "RECORD@R,C:R2,C2>R,C": a rectangle of another record's patches and where its corner goes.
PatchPaste pasteOf(const std::string& text)
{
    PatchPaste paste;
    GridCell last;
    const auto at = text.rfind('@');
    char end = 0;
    if (at == std::string::npos ||
        std::sscanf(text.c_str() + at + 1, "%ld,%ld:%ld,%ld>%ld,%ld%c", &paste.from.row, &paste.from.col, &last.row,
                    &last.col, &paste.to.row, &paste.to.col, &end) != 6)
        throw UsageError("--paste is \"" + text + "\", but must be RECORD@ROW,COL:ROW,COL>ROW,COL");
    paste.record = text.substr(0, at);
    paste.rows = last.row - paste.from.row + 1;
    paste.cols = last.col - paste.from.col + 1;
    return paste;
}

ConditionEdits editsOf(const AttentionArguments& arguments, GridSize patches)
{
    auto edits = arguments.subject.edits; // those that need no parsing
    edits.erasedWords.insert(arguments.eraseWords.begin(), arguments.eraseWords.end());
    for (const auto& text : arguments.replaceWords) {
        const auto equals = text.find('=');
        const auto word = equals == std::string::npos ? std::nullopt : numberOf(text.substr(0, equals));
        if (!word)
            throw UsageError("--replace-word is \"" + text + "\", but must be NUMBER=TEXT");
        edits.replacedWords[*word] = text.substr(equals + 1);
    }
    for (const auto& text : arguments.erasePatches) {
        const auto cells = cellsOf(text, patches, "--erase-patches");
        edits.erasedPatches.insert(cells.begin(), cells.end());
    }
    for (const auto& text : arguments.pastes)
        edits.pastes.push_back(pasteOf(text));
    return edits;
}

/// "word:NUMBER", "cls" or "patch:ROW,COL" -> shown tokens. Throws UsageError, naming the option `what`.
std::vector<std::int64_t> tokensOf(const std::string& text, const AttentionScene& scene, const std::string& what)
{
    if (text == "cls")
        return {scene.clsToken()};
    if (const auto word = wordOf(text)) {
        if (*word >= scene.words.size())
            throw UsageError(what + " names the word " + std::to_string(*word) + ", but the caption has " +
                             std::to_string(scene.words.size()));
        return scene.tokensOf(scene.words[*word]);
    }
    if (!text.starts_with("patch:"))
        throw UsageError(what + " is \"" + text + "\", but may be word:NUMBER, cls or patch:ROW,COL");
    std::vector<std::int64_t> tokens;
    for (const auto patch : cellsOf(text.substr(6), scene.patches, (what + " patch").c_str()))
        tokens.push_back(scene.patchToken(patch));
    return tokens;
}

/// What is asked, of a scene whose grids and words are known now.
AttentionQuestion questionOf(const AttentionArguments& a, const AttentionScene& scene)
{
    AttentionQuestion question{.latents = {}, .tokens = {}, .self = a.self, .summaries = true, .measure = a.measure};
    const bool fromKnockOut = !a.knockOuts.empty() && a.token == a.knockOuts.front();
    if (a.query.empty())
        question.tokens = tokensOf(a.token, scene, fromKnockOut ? "--knock-out" : "--token");
    else
        question.latents = cellsOf(a.query, scene.latents, "--query");
    return question;
}

/// A number, or null for one that is not there.
nlohmann::ordered_json numberOrNull(double value)
{
    return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json();
}

/// What --knock-out names, each with its name; "words" stands for every word.
std::vector<std::pair<std::string, std::vector<std::int64_t>>> knockOutsOf(const AttentionArguments& a,
                                                                           const AttentionScene& scene)
{
    std::vector<std::pair<std::string, std::vector<std::int64_t>>> all;
    for (const auto& text : a.knockOuts) {
        if (text != "words") {
            const auto tokens = tokensOf(text, scene, "--knock-out");
            all.emplace_back(text.starts_with("patch:") ? text : scene.nameOf(tokens.front()), tokens);
            continue;
        }
        for (const auto& word : scene.words)
            all.emplace_back(word.text, scene.tokensOf(word));
    }
    return all;
}

nlohmann::ordered_json toJson(const KnockOut& out, const std::string& name, const AttentionScene& scene)
{
    nlohmann::ordered_json json{{"token", name},
                                {"velocity_norm", out.velocityNorm},
                                {"mean_change", out.meanChange},
                                {"mean_change_of_control", out.meanControlChange},
                                {"attention_mass", out.mass},
                                {"attention_mass_of_control", out.controlMass},
                                {"control", nlohmann::ordered_json::array()},
                                {"agreement_by_block", nlohmann::ordered_json::array()}};
    for (const auto token : out.controlTokens)
        json["control"].push_back(scene.nameOf(token));
    for (const double agreement : out.agreement)
        json["agreement_by_block"].push_back(numberOrNull(agreement));
    json["best_block"] = out.bestBlock() ? nlohmann::ordered_json(*out.bestBlock()) : nlohmann::ordered_json();
    json["change"] = out.change;
    json["change_of_control"] = out.controlChange;
    return json;
}

/// Knocks out what is named and writes a picture of each; adds "knock_out", and "grounding" of all together. False when
/// stopped.
bool addKnockOuts(nlohmann::ordered_json& json, const AttentionArguments& a, const AttentionScene& scene,
                  AttentionSession& session, const JobContext& context)
{
    std::vector<double> sums(static_cast<std::size_t>(scene.blocks));
    std::vector<std::int64_t> counts(sums.size());
    for (const auto& [name, tokens] : knockOutsOf(a, scene)) {
        const auto out = session.knockOut(tokens, a.controlSeed, a.measure, context);
        if (!out)
            return false;
        const auto number = std::to_string(json["knock_out"].size());
        writePng(fs::path(a.out) / ("knock_out_" + number + ".png"), knockOutPicture(scene, *out, pictureSide));
        json["knock_out"].push_back(toJson(*out, name, scene));
        for (std::size_t block = 0; block < sums.size(); ++block) {
            if (std::isfinite(out->agreement[block])) {
                sums[block] += out->agreement[block];
                ++counts[block];
            }
        }
    }
    auto& grounding = json["grounding"];
    grounding["agreement_by_block"] = nlohmann::ordered_json::array();
    std::optional<std::size_t> best;
    for (std::size_t block = 0; block < sums.size(); ++block) {
        sums[block] /= static_cast<double>(counts[block]); // without any: not a number
        grounding["agreement_by_block"].push_back(numberOrNull(sums[block]));
        if (std::isfinite(sums[block]) && (!best || sums[block] > sums[*best]))
            best = block;
    }
    grounding["block"] = best ? nlohmann::ordered_json(*best) : nlohmann::ordered_json();
    return true;
}

nlohmann::ordered_json toJson(const AttentionArguments& a, const AttentionScene& scene,
                              const AttentionQuestion& question, const AttentionAnswer& answer)
{
    const auto& [block, head] = a.part;
    nlohmann::ordered_json json;
    json["t"] = scene.t;
    if (answer.given) {
        json["token"] = a.token;
        if (const auto word = wordOf(a.token))
            json["word"] = scene.words[*word].text;
        json["latents"] = answer.given->of(block, head);
        return json;
    }
    const auto& seen = *answer.seen;
    const auto shares = seen.shares.of(block, head), words = seen.words.of(block, head);
    json["latents"] = question.latents;
    json["shares"] = {{"text", shares[0]}, {"cls", shares[1]}, {"patches", shares[2]}};
    json["entropy_nats"] = seen.entropy.of(block, head)[0];
    for (std::size_t i = 0; i < words.size(); ++i)
        json["words"].push_back(
            {{"text", i < scene.words.size() ? scene.words[i].text : "(padding)"}, {"share", words[i]}});
    if (scene.patches.count() > 0) {
        json["alignment_patches"] = seen.alignment.of(block, head)[0];
        json["alignment_patches_if_even"] = scene.evenAlignment;
    }
    return json;
}

nlohmann::ordered_json toJson(const AttentionSummaries& summaries, const AttentionScene& scene)
{
    nlohmann::ordered_json json;
    for (std::int64_t block = 0; block < scene.blocks; ++block) {
        const auto shares = summaries.shares.of(block, {});
        nlohmann::ordered_json line{{"text", shares[0]}, {"cls", shares[1]}, {"patches", shares[2]}};
        line["entropy_nats"] = summaries.entropy.of(block, {})[0];
        if (!summaries.alignment.values.empty())
            line["alignment_patches"] = summaries.alignment.of(block, {})[0];
        const auto adds = summaries.contribution.of(block, {});
        line["contribution"] = {
            {"text", numberOrNull(adds[0])}, {"cls", numberOrNull(adds[1])}, {"patches", numberOrNull(adds[2])}};
        line["sinks"] = nlohmann::ordered_json::array();
        for (const auto& sink : summaries.sinks) {
            if (sink.block == block)
                line["sinks"].push_back(
                    {{"token", scene.nameOf(sink.token)}, {"mass", sink.mass}, {"contribution", sink.contribution}});
        }
        json.push_back(line);
    }
    return json;
}

/// The checkpoints of the run that `checkpoint` is of, oldest first, each with the weights that are asked for.
std::vector<fs::path> checkpointsBeside(const Workspace& workspace, const CheckpointOptions& model,
                                        const fs::path& checkpoint)
{
    for (const auto& run : listRuns(workspace)) {
        for (const auto& folder : run.checkpoints) {
            if (!fs::equivalent(folder, checkpointFolder(checkpoint)))
                continue;
            std::vector<fs::path> all;
            for (const auto& one : run.checkpoints)
                all.push_back(model.weightsOf(one));
            return all;
        }
    }
    throw UsageError("--film checkpoints needs a checkpoint of one of the workspace's runs, but " +
                     checkpoint.string() + " is of none: name one with --checkpoint");
}

/// False when stopped.
bool writeFilmOf(const AttentionArguments& a, const Workspace& workspace, const fs::path& checkpoint,
                 AttentionSession& session, const AttentionSubject& subject, const AttentionQuestion& question,
                 const ComputeChoice& device, const JobContext& context)
{
    const auto frames = a.film == "t" ? session.filmOfSampling(subject, question, context)
                                      : filmOfCheckpoints(workspace, checkpointsBeside(workspace, a.model, checkpoint),
                                                          subject, question, device, context);
    if (!frames)
        return false;
    const auto name = fs::path(a.out) / ("film-" + a.film);
    writeFilm(name.string() + "." + a.filmFormat, picturesOf(*frames, question, a.part, pictureSide), secondsPerFrame);
    writeNpz(name.string() + ".npz", arraysOf(*frames));
    return true;
}

/// Evenly spaced over the flow, from noise towards the picture; empty when stopped.
std::optional<AttentionCourse> courseOver(AttentionSession& session, const AttentionSubject& subject,
                                          std::int64_t count, const JobContext& context)
{
    std::vector<double> times;
    for (std::int64_t i = 0; i < count; ++i)
        times.push_back(1 - static_cast<double>(i) / static_cast<double>(count));
    return session.course(subject, times, context);
}

nlohmann::ordered_json toJson(const AttentionCourse& course, const AttentionScene& scene)
{
    nlohmann::ordered_json json;
    for (std::size_t i = 0; i < course.times.size(); ++i)
        json.push_back({{"t", course.times[i]}, {"blocks", toJson(course.at[i], scene)}});
    return json;
}

/// Measures, edits, samples and films as asked, and writes the results; empty when stopped.
std::optional<nlohmann::ordered_json> inspect(const AttentionArguments& a, const Workspace& workspace,
                                              const fs::path& checkpoint, AttentionSession& session,
                                              const ComputeChoice& device, const JobContext& context)
{
    auto subject = a.subject;
    subject.edits = {};
    const bool edited = !a.eraseWords.empty() || !a.replaceWords.empty() || !a.erasePatches.empty() ||
                        !a.pastes.empty() || a.subject.edits.eraseCls || !a.subject.edits.clsFrom.empty();
    Image before;
    if (edited) {
        auto painted = session.paint(subject, context);
        auto quiet = subject;
        quiet.picture = false;
        const auto scene = painted ? session.look(quiet, context) : std::nullopt;
        if (!scene)
            return std::nullopt;
        before = std::move(*painted);
        subject.edits = editsOf(a, scene->patches);
    }
    const auto scene = session.look(subject, context);
    if (!scene)
        return std::nullopt;
    const auto question = questionOf(a, *scene);
    const auto answer = session.answer(question, context);
    if (!answer)
        return std::nullopt;
    const fs::path out = a.out;
    fs::create_directories(out);
    writePng(out / "attention.png", pictureOf(*scene, question, *answer, a.part, pictureSide));
    if (answer->seen && scene->patches.count() > 0)
        writePng(out / "blocks_x_heads.png", blocksByHeads(*scene, *answer->seen));
    if (const auto diagonals = diagonalsOf(*scene, *answer->summaries, a.part, pictureSide); !diagonals.empty())
        writePng(out / "diagonal.png", diagonals);
    writeNpz(out / "attention.npz", arraysOf(*answer));

    auto json = toJson(a, *scene, question, *answer);
    json["checkpoint"] = checkpoint.string();
    json["model"] = session.description();
    json["record"] = subject.record;
    json["caption"] = scene->caption;
    json["block"] = a.part.block ? nlohmann::ordered_json(*a.part.block) : nlohmann::ordered_json("mean");
    json["head"] = a.part.head ? nlohmann::ordered_json(*a.part.head) : nlohmann::ordered_json("mean");
    json["measure"] = a.measure == AttentionMeasure::Mass ? "mass" : "contribution";
    json["radii"] = nullptr; // by block and head, in latent tokens
    for (std::int64_t block = 0; block < scene->radii.blocks; ++block) {
        json["radii"].push_back(nlohmann::ordered_json::array());
        for (std::int64_t head = 0; head < scene->radii.heads; ++head)
            json["radii"].back().push_back(scene->radii.of(block, head)[0]);
    }
    json["blocks"] = toJson(*answer->summaries, *scene);
    if (!a.knockOuts.empty() && !addKnockOuts(json, a, *scene, session, context))
        return std::nullopt;
    if (edited) {
        const auto after = session.paint(subject, context);
        if (!after)
            return std::nullopt;
        writePng(out / "before_after.png", sideBySide({before, *after}));
    }
    if (a.courseTimes > 0) {
        const auto course = courseOver(session, subject, a.courseTimes, context);
        if (!course)
            return std::nullopt;
        writePng(out / "course.png", courseOf(*course));
        writeNpz(out / "course.npz", arraysOf(*course));
        json["course"] = toJson(*course, *scene);
    }
    if (!a.film.empty() && !writeFilmOf(a, workspace, checkpoint, session, subject, question, device, context))
        return std::nullopt;
    writeFileAtomically(out / "attention.json", dumpForeignJson(json, 2) + "\n");
    return json;
}

/// The settings in a generated PNG, as the subject.
void takeSample(AttentionArguments& a)
{
    const auto request = sampleRequestFromPng(a.sample);
    if (!request)
        throw UsageError("--sample is " + a.sample +
                         ", which contains no sampling settings: name a PNG that was generated by NanoDiT");
    a.subject.sampling = *request;
    a.subject.alongSampling = true;
}

/// The one that was named; of a generated picture otherwise the one that painted it, where its PNG says which.
fs::path checkpointOf(const AttentionArguments& a, const Workspace& workspace)
{
    const bool named = !a.model.checkpoint.empty() || !a.model.run.empty();
    const auto painter = a.sample.empty() || named ? std::nullopt : paintedByOfPng(a.sample);
    if (!painter)
        return a.model.choose(workspace);
    if (const auto found = findCheckpoint(listRuns(workspace), *painter))
        return a.model.weights.empty() ? *found : a.model.weightsOf(checkpointFolder(*found));
    throw UsageError("the model that painted " + a.sample + " (" + nameOf(*painter) +
                     ") is not in the workspace any more: name another with --run or --checkpoint");
}

void runAttention(AttentionArguments a, Options& options)
{
    const auto workspace = Workspace::open(options.workspace);
    if (a.query.empty() && a.token.empty() && !a.knockOuts.empty())
        a.token = a.knockOuts.front() == "words" ? "cls" : a.knockOuts.front(); // the rest of the report is of it
    if (a.query.empty() == a.token.empty())
        throw UsageError("name what to inspect: --query ROW,COL for latent tokens, --token for a word, CLS or a patch, "
                         "or --knock-out");
    if (a.subject.record.empty() == a.sample.empty())
        throw UsageError("name the picture: --record ID, or --sample FILE for a generated one");
    if (!a.sample.empty())
        takeSample(a);
    const auto checkpoint = checkpointOf(a, workspace);
    const auto session = AttentionSession::open(workspace, checkpoint, options.device);
    const auto expectBelow = [](std::optional<std::int64_t> asked, std::int64_t count, const char* what) {
        if (asked && *asked >= count)
            throw UsageError("the model has no " + std::string(what) + " " + std::to_string(*asked) +
                             ": they are 0 to " + std::to_string(count - 1));
    };
    expectBelow(a.part.block, session->model().depth, "block");
    expectBelow(a.part.head, session->model().numHeads, "head");
    std::optional<nlohmann::ordered_json> json;
    const auto job = makeJob([&](const JobContext& context) {
        json = inspect(a, workspace, checkpoint, *session, options.device, context);
        return json ? JobEnd::Finished : JobEnd::Cancelled;
    });
    if (runJob(*job, options.output) == JobEnd::Cancelled)
        return;
    printResult(options.output, (fs::path(a.out) / "attention.json").string(), *json);
}

} // namespace

void registerAttention(CLI::App& app, Options& options)
{
    auto* const command =
        app.add_subcommand("attention", "Inspect what a model attends to, and edit the conditions it is given");
    const auto a = std::make_shared<AttentionArguments>();
    a->model.addTo(*command);
    command->add_option("--record", a->subject.record, "The record to inspect");
    command->add_option("--sample", a->sample, "A generated PNG to inspect instead of a record");
    command->add_option("--query", a->query, "Latent tokens: ROW,COL, or ROW,COL:ROW,COL for the mean of a region");
    command->add_option("--token", a->token, "Or a condition token: word:NUMBER, cls or patch:ROW,COL");
    command->add_option("--block", a->part.block, "Only this block, from 0 (default: mean over all)")
        ->check(notNegative());
    command->add_option("--head", a->part.head, "Only this head, from 0 (default: mean over all)")
        ->check(notNegative());
    command->add_flag("--self", a->self, "Also the self-attention among latent tokens");
    static const std::map<std::string, AttentionMeasure> measures = {{"mass", AttentionMeasure::Mass},
                                                                     {"contribution", AttentionMeasure::Contribution}};
    command
        ->add_option_function<std::string>(
            "--measure", [a](const std::string& name) { a->measure = measures.at(name); },
            "Show a token's share of attention (mass) or of what attention adds (contribution) (default: mass)")
        ->check(CLI::IsMember(&measures));
    command->add_option("--knock-out", a->knockOuts,
                        "Leave out word:NUMBER, cls or patch:ROW,COL:ROW,COL, or each of all \"words\" in turn, and "
                        "measure the change of the velocity (repeatable)");
    command->add_option("--control-seed", a->controlSeed, "Seed of the tokens that --knock-out compares with")
        ->check(seedNumber())
        ->capture_default_str();
    command->add_option("--t", a->subject.t, "Flow time: 1 is noise, near 0 the picture")
        ->check(number(0, 1))
        ->capture_default_str();
    addSeed(*command, a->subject.sampling.seed, "Seed of the noise");
    command->add_flag("--along-sampling", a->subject.alongSampling,
                      "Use the latent that sampling reaches at t instead of the noised original");
    addSamplerSteps(*command, a->subject.sampling.steps, {"--steps"});
    addScales(*command, a->subject.sampling.textScale, a->subject.sampling.dinoScale);
    static const std::map<std::string, SeenConditions> seen = {{"all", SeenConditions::All},
                                                               {"text", SeenConditions::TextOnly},
                                                               {"dino", SeenConditions::DinoOnly},
                                                               {"none", SeenConditions::None}};
    command
        ->add_option_function<std::string>(
            "--conditions", [a](const std::string& name) { a->subject.seen = seen.at(name); },
            "Conditions that the model is given: all, text, dino or none (default: all)")
        ->check(CLI::IsMember(&seen));
    command->add_option("--erase-word", a->eraseWords, "Hide this word's tokens from the model (repeatable)");
    command->add_option("--replace-word", a->replaceWords,
                        "NUMBER=TEXT: encode the caption with this word replaced (repeatable)");
    command->add_flag("--erase-cls", a->subject.edits.eraseCls, "Replace CLS by the learned null");
    command->add_option("--cls-from", a->subject.edits.clsFrom, "Use CLS of this record");
    command->add_option("--erase-patches", a->erasePatches,
                        "ROW,COL:ROW,COL: hide patches from the model (repeatable)");
    command->add_option("--paste", a->pastes,
                        "RECORD@ROW,COL:ROW,COL>ROW,COL: paste patches of another record (repeatable)");
    command
        ->add_option("--course", a->courseTimes,
                     "Also the shares of text, CLS and patches by block at this many times from noise to picture")
        ->check(wholeNumber(2, 200));
    command
        ->add_option("--film", a->film,
                     "Also a film: t, over the steps of sampling, or checkpoints, over the checkpoints of the run")
        ->check(CLI::IsMember({"t", "checkpoints"}));
    command->add_option("--film-format", a->filmFormat, "png (animated, every colour), gif or mp4")
        ->check(CLI::IsMember({"png", "gif", "mp4"}))
        ->capture_default_str();
    command->add_option("-o,--out", a->out, "Folder for pictures, arrays and attention.json")->capture_default_str();
    command->callback([a, &options] { runAttention(*a, options); });
}

} // namespace nanodit::cli
