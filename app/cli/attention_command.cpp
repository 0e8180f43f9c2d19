#include "app/cli/attention_json.h"
#include "app/cli/attention_places.h"
#include "app/cli/checkpoint_choice.h"
#include "app/cli/commands.h"
#include "app/cli/output_file.h"
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

ConditionEdits editsOf(const AttentionArguments& arguments, GridSize patches)
{
    auto edits = arguments.subject.edits; // those that need no parsing
    edits.erasedWords.insert(arguments.eraseWords.begin(), arguments.eraseWords.end());
    for (const auto& text : arguments.replaceWords) {
        auto [word, replacement] = replacedWordOf(text);
        edits.replacedWords[word] = std::move(replacement);
    }
    for (const auto& text : arguments.erasePatches) {
        const auto cells = cellsOf(text, patches, "--erase-patches");
        edits.erasedPatches.insert(cells.begin(), cells.end());
    }
    for (const auto& text : arguments.pastes)
        edits.pastes.push_back(pasteOf(text));
    return edits;
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

/// Knocks out what is named and writes a picture of each; adds "knock_out", and "grounding" of all together. False when
/// stopped.
bool addKnockOuts(nlohmann::ordered_json& json, const AttentionArguments& a, const AttentionScene& scene,
                  AttentionSession& session, const JobContext& context)
{
    std::vector<KnockOut> outs;
    for (const auto& [name, tokens] : knockOutsOf(a, scene)) {
        const auto out = session.knockOut(tokens, a.controlSeed, a.measure, context);
        if (!out)
            return false;
        const auto number = std::to_string(outs.size());
        writePng(fs::path(a.out) / ("knock_out_" + number + ".png"), knockOutPicture(scene, *out, pictureSide));
        json["knock_out"].push_back(knockOutJson(*out, name, scene));
        outs.push_back(*out);
    }
    json["grounding"] = groundingJson(outs, scene);
    return true;
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
        const auto patches = session.patchesOf(subject, context);
        if (!patches)
            return std::nullopt;
        auto after = subject;
        after.edits = editsOf(a, *patches);
        // Edits that do not fit are told before anything is sampled.
        auto painted = session.patchesOf(after, context) ? session.paint(subject, context) : std::nullopt;
        if (!painted)
            return std::nullopt;
        before = std::move(*painted);
        subject = std::move(after);
    }
    const auto scene = session.look(subject, context);
    if (!scene)
        return std::nullopt;
    const auto question = questionOf(a, *scene);
    const auto answer = session.answer(question, context);
    if (!answer)
        return std::nullopt;
    const fs::path out = a.out;
    writePng(out / "attention.png", pictureOf(*scene, question, *answer, a.part, pictureSide));
    if (answer->seen && scene->patches.count() > 0)
        writePng(out / "blocks_x_heads.png", blocksByHeads(*scene, *answer->seen));
    if (const auto diagonals = diagonalsOf(*scene, *answer->summaries, a.part, pictureSide); !diagonals.empty())
        writePng(out / "diagonal.png", diagonals);
    writeNpz(out / "attention.npz", arraysOf(*answer));

    auto json = answerJson(a.part, a.token, *scene, question, *answer);
    json["checkpoint"] = checkpoint.string();
    json["model"] = session.description();
    json["record"] = subject.record;
    json["caption"] = scene->caption;
    json["block"] = a.part.block ? nlohmann::ordered_json(*a.part.block) : nlohmann::ordered_json("mean");
    json["head"] = a.part.head ? nlohmann::ordered_json(*a.part.head) : nlohmann::ordered_json("mean");
    json["measure"] = a.measure == AttentionMeasure::Mass ? "mass" : "contribution";
    json["radii"] = radiiJson(scene->radii);
    json["blocks"] = summariesJson(*answer->summaries, *scene);
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
        json["course"] = courseJson(*course, *scene);
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

/// The one that was named; of a generated picture otherwise the one that generated it, where its PNG says which.
fs::path checkpointOf(const AttentionArguments& a, const Workspace& workspace)
{
    const bool named = !a.model.checkpoint.empty() || !a.model.run.empty();
    const auto painter = a.sample.empty() || named ? std::nullopt : paintedByOfPng(a.sample);
    if (!painter)
        return a.model.choose(workspace);
    if (const auto found = findCheckpoint(listRuns(workspace), *painter))
        return a.model.weights.empty() ? *found : a.model.weightsOf(checkpointFolder(*found));
    throw UsageError("the model that generated " + a.sample + " (" + nameOf(*painter) +
                     ") is no longer in the workspace: name another with --run or --checkpoint");
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
    if (a.film == "checkpoints")
        checkpointsBeside(workspace, a.model, checkpoint); // tells now that there are none, not after the work
    prepareOutputFolder(a.out, "--out");
    std::optional<nlohmann::ordered_json> json;
    const auto job = makeJob([&](const JobContext& context) {
        json = inspect(a, workspace, checkpoint, *session, options.device, context);
        return json ? JobEnd::Finished : JobEnd::Cancelled;
    });
    if (runJob(*job, options.output, "") == JobEnd::Cancelled)
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
    command->add_option("--erase-word", a->eraseWords, "Hide this word's tokens from the model (repeatable)")
        ->check(notNegative());
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
