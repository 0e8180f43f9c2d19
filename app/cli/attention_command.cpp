#include "app/cli/checkpoint_choice.h"
#include "app/cli/commands.h"
#include "core/inspect/attention_session.h"
#include "core/io/heat_picture.h"
#include "core/io/animated_png.h"
#include "core/io/atomic_file.h"
#include "core/io/npy.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace nanodit::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t pictureSide = 384;
constexpr double opacity = 0.75, secondsPerFrame = 0.3;

struct AttentionArguments {
    std::string checkpoint, query, token, out = "attention", film;
    std::optional<std::int64_t> block, head;
    std::vector<std::string> replaceWords, pastes;
    std::vector<std::size_t> eraseWords;
    std::vector<std::string> erasePatches;
    std::int64_t filmFrames = 12;
    AttentionSubject subject;
};

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
                throw UsageError(std::string(what) + " \"" + text + "\" lies outside the grid of " +
                                 std::to_string(grid.rows) + " x " + std::to_string(grid.cols));
            cells.push_back(row * grid.cols + col);
        }
    }
    if (cells.empty())
        throw UsageError(std::string(what) + " \"" + text + "\" holds nothing: name the upper left corner first");
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
        if (equals == 0 || equals == std::string::npos || text.find_first_not_of("0123456789") != equals)
            throw UsageError("--replace-word is \"" + text + "\", but must be NUMBER=TEXT");
        edits.replacedWords[std::stoul(text.substr(0, equals))] = text.substr(equals + 1);
    }
    for (const auto& text : arguments.erasePatches) {
        const auto cells = cellsOf(text, patches, "--erase-patches");
        edits.erasedPatches.insert(cells.begin(), cells.end());
    }
    for (const auto& text : arguments.pastes)
        edits.pastes.push_back(pasteOf(text));
    return edits;
}

void writeNumbers(const fs::path& file, const AttentionNumbers& numbers)
{
    const auto bytes = std::as_bytes(std::span(numbers.values));
    writeNpy(file, arrayOf(DType::F32, {numbers.blocks, numbers.heads, numbers.width}, {bytes.begin(), bytes.end()}));
}

/// What one look gives: the picture of the query, and its numbers.
struct Answer {
    AttentionScene scene;
    Image picture;
    nlohmann::ordered_json json;
};

class Looker {
public:
    Looker(AttentionSession& session, const AttentionArguments& arguments, const JobContext& context)
        : session_(session)
        , a_(arguments)
        , context_(context)
    {
    }

    /// Empty when stopped. With a folder, also writes arrays there.
    std::optional<Answer> answer(const AttentionSubject& subject, const fs::path& folder = {})
    {
        auto scene = session_.look(subject, context_);
        if (!scene)
            return std::nullopt;
        Answer result{.scene = std::move(*scene), .picture = {}, .json = {}};
        result.json["t"] = result.scene.t;
        const bool done = a_.token.empty() ? fromLatents(result, folder) : fromToken(result, folder);
        return done ? std::optional(std::move(result)) : std::nullopt;
    }

private:
    bool fromLatents(Answer& result, const fs::path& folder)
    {
        const auto& scene = result.scene;
        const auto latents = cellsOf(a_.query, scene.latents, "--query");
        const auto seen = session_.ofLatents(latents, context_);
        if (!seen)
            return false;
        const auto shares = seen->shares.of(a_.block, a_.head), words = seen->words.of(a_.block, a_.head);
        result.json["latents"] = latents;
        result.json["shares"] = {{"text", shares[0]}, {"cls", shares[1]}, {"patches", shares[2]}};
        result.json["entropy_nats"] = seen->entropy.of(a_.block, a_.head)[0];
        for (std::size_t i = 0; i < words.size(); ++i)
            result.json["words"].push_back(
                {{"text", i < scene.words.size() ? scene.words[i].text : "(padding)"}, {"share", words[i]}});
        std::vector<Image> pictures = {
            outlinedPicture(scene.forming, scene.bucket, scene.latents, latents, pictureSide)};
        if (scene.patches.count() > 0) {
            result.json["alignment_patches"] = seen->alignment.of(a_.block, a_.head)[0];
            result.json["alignment_patches_if_even"] = scene.evenAlignment;
            pictures.push_back(
                heatPicture(scene.reference, scene.patches, seen->patches.of(a_.block, a_.head), opacity, pictureSide));
        }
        result.picture = sideBySide(pictures);
        if (!folder.empty()) {
            writeNumbers(folder / "shares.npy", seen->shares);
            writeNumbers(folder / "words.npy", seen->words);
            writeNumbers(folder / "entropy.npy", seen->entropy);
            if (scene.patches.count() > 0)
                writeNumbers(folder / "patches.npy", seen->patches);
            writeGrid(folder / "blocks_x_heads.png", scene, *seen);
        }
        return true;
    }

    /// Small multiples: a row a block, a column a head.
    void writeGrid(const fs::path& file, const AttentionScene& scene, const LatentAttention& seen) const
    {
        if (scene.patches.count() == 0)
            return;
        std::vector<Image> rows;
        for (std::int64_t block = 0; block < scene.blocks; ++block) {
            std::vector<Image> row;
            for (std::int64_t head = 0; head < scene.heads; ++head)
                row.push_back(heatPicture(scene.reference, scene.patches, seen.patches.of(block, head), opacity, 96));
            rows.push_back(sideBySide(row));
        }
        Image sheet{.size = {rows[0].size.width, 0}, .rgb = {}};
        for (const auto& row : rows) {
            sheet.size.height += row.size.height;
            sheet.rgb.insert(sheet.rgb.end(), row.rgb.begin(), row.rgb.end());
        }
        writePng(file, sheet);
    }

    bool fromToken(Answer& result, const fs::path& folder)
    {
        const auto& scene = result.scene;
        std::vector<std::int64_t> tokens;
        if (a_.token == "cls") {
            tokens = {scene.clsToken()};
        } else if (a_.token.starts_with("word:")) {
            const auto word = std::stoul(a_.token.substr(5));
            if (word >= scene.words.size())
                throw UsageError("--token names the word " + std::to_string(word) + ", but the caption has " +
                                 std::to_string(scene.words.size()));
            tokens = scene.tokensOf(scene.words[word]);
            result.json["word"] = scene.words[word].text;
        } else if (a_.token.starts_with("patch:")) {
            for (const auto patch : cellsOf(a_.token.substr(6), scene.patches, "--token patch"))
                tokens.push_back(scene.patchToken(patch));
        } else {
            throw UsageError("--token is \"" + a_.token + "\", but may be word:NUMBER, cls or patch:ROW,COL");
        }
        const auto latents = session_.onLatents(tokens, context_);
        if (!latents)
            return false;
        const auto mass = latents->of(a_.block, a_.head);
        result.json["token"] = a_.token;
        result.json["latents"] = mass;
        result.picture = heatPicture(scene.forming, scene.latents, mass, opacity, pictureSide);
        if (!folder.empty())
            writeNumbers(folder / "latents.npy", *latents);
        return true;
    }

    AttentionSession& session_;
    const AttentionArguments& a_;
    const JobContext& context_;
};

nlohmann::ordered_json toJson(const AttentionSummaries& summaries, std::int64_t blocks)
{
    nlohmann::ordered_json json;
    for (std::int64_t block = 0; block < blocks; ++block) {
        const auto shares = summaries.shares.of(block, {});
        nlohmann::ordered_json line{{"text", shares[0]}, {"cls", shares[1]}, {"patches", shares[2]}};
        line["entropy_nats"] = summaries.entropy.of(block, {})[0];
        if (!summaries.alignment.values.empty())
            line["alignment_patches"] = summaries.alignment.of(block, {})[0];
        json.push_back(line);
    }
    return json;
}

/// Frames over t from noise to picture, or over a run's checkpoints. False when stopped.
bool writeFilm(const AttentionArguments& a, const Workspace& workspace, const fs::path& checkpoint,
               AttentionSession& session, const AttentionSubject& subject, const DeviceChoice& device,
               const JobContext& context)
{
    std::vector<Image> frames;
    if (a.film == "t") {
        for (std::int64_t i = 0; i < a.filmFrames; ++i) {
            auto at = subject;
            at.t = 1 - static_cast<double>(i) / static_cast<double>(a.filmFrames);
            const auto answer = Looker(session, a, context).answer(at);
            if (!answer)
                return false;
            frames.push_back(answer->picture);
        }
    } else {
        const auto folder = checkpoint.parent_path();
        for (const auto& run : listRuns(workspace)) {
            for (const auto& file : run.checkpoints) {
                if (file.parent_path() != folder && !fs::equivalent(file.parent_path(), folder))
                    continue;
                const auto answer =
                    Looker(*AttentionSession::open(workspace, file, device), a, context).answer(subject);
                if (!answer)
                    return false;
                frames.push_back(answer->picture);
            }
        }
    }
    writeAnimatedPng(fs::path(a.out) / ("film-" + a.film + ".png"), frames, secondsPerFrame);
    return true;
}

void runAttention(AttentionArguments a, Options& options)
{
    const auto workspace = Workspace::open(options.workspace);
    if (a.query.empty() == a.token.empty())
        throw UsageError(
            "name what to look from: --query ROW,COL for latent tokens, or --token for a word, CLS or patch");
    const auto checkpoint = a.checkpoint.empty() ? newestCheckpoint(workspace) : fs::path(a.checkpoint);
    const auto session = AttentionSession::open(workspace, checkpoint, options.device);
    nlohmann::ordered_json json;
    const auto job = makeJob([&](const JobContext& context) {
        auto subject = a.subject;
        subject.edits = {};
        const bool edited = !a.eraseWords.empty() || !a.replaceWords.empty() || !a.erasePatches.empty() ||
                            !a.pastes.empty() || a.subject.edits.eraseCls || !a.subject.edits.clsFrom.empty();
        Image before;
        if (edited) {
            auto painted = session->paint(subject, context);
            auto quiet = subject;
            quiet.picture = false;
            const auto scene = painted ? session->look(quiet, context) : std::nullopt;
            if (!scene)
                return JobEnd::Cancelled;
            before = std::move(*painted);
            subject.edits = editsOf(a, scene->patches);
        }
        fs::create_directories(a.out);
        const fs::path out = a.out;
        const auto answer = Looker(*session, a, context).answer(subject, out);
        const auto summaries = answer ? session->summaries(context) : std::nullopt;
        if (!summaries)
            return JobEnd::Cancelled;
        writePng(out / "attention.png", answer->picture);
        json = answer->json;
        json["checkpoint"] = checkpoint.string();
        json["model"] = session->description();
        json["record"] = subject.record;
        json["caption"] = answer->scene.caption;
        json["block"] = a.block ? nlohmann::ordered_json(*a.block) : nlohmann::ordered_json("mean");
        json["head"] = a.head ? nlohmann::ordered_json(*a.head) : nlohmann::ordered_json("mean");
        json["blocks"] = toJson(*summaries, answer->scene.blocks);
        if (!summaries->byRow.values.empty()) {
            const auto row = summaries->byRow.of(a.block, a.head), column = summaries->byColumn.of(a.block, a.head);
            const auto& scene = answer->scene;
            writePng(out / "diagonal.png",
                     sideBySide({heatPicture({}, {scene.latents.rows, scene.patches.rows}, row, 1, pictureSide),
                                 heatPicture({}, {scene.latents.cols, scene.patches.cols}, column, 1, pictureSide)}));
        }
        if (edited) {
            const auto after = session->paint(subject, context);
            if (!after)
                return JobEnd::Cancelled;
            writePng(out / "before_after.png", sideBySide({before, *after}));
        }
        if (!a.film.empty() && !writeFilm(a, workspace, checkpoint, *session, subject, options.device, context))
            return JobEnd::Cancelled;
        writeFileAtomically(out / "attention.json", json.dump(2) + "\n");
        return JobEnd::Finished;
    });
    if (runJob(*job, options.output) == JobEnd::Cancelled) {
        options.exitCode = 1;
        return;
    }
    printResult(options.output, (fs::path(a.out) / "attention.json").string(), json);
}

} // namespace

void addAttentionCommand(CLI::App& app, Options& options)
{
    auto* const command = app.add_subcommand("attention", "Look at what a model attends to, and change what it sees");
    const auto a = std::make_shared<AttentionArguments>();
    command->add_option("--checkpoint", a->checkpoint, "A checkpoint folder or file (default: the last run's newest)");
    command->add_option("--record", a->subject.record, "The record that is looked at")->required();
    command->add_option("--query", a->query, "Latent tokens: ROW,COL, or ROW,COL:ROW,COL for a region's mean");
    command->add_option("--token", a->token, "The other way: word:NUMBER, cls or patch:ROW,COL");
    command->add_option("--block", a->block, "Only this block, from 0 (default: mean over all)");
    command->add_option("--head", a->head, "Only this head, from 0 (default: mean over all)");
    command->add_option("--t", a->subject.t, "Flow time: 1 is noise, near 0 the picture")->capture_default_str();
    command->add_option("--seed", a->subject.sampling.seed, "Seed of the noise")->capture_default_str();
    command->add_flag("--along-sampling", a->subject.alongSampling,
                      "Look where a sampling passes t, not at the record's own latent with noise");
    command->add_option("--steps", a->subject.sampling.steps, "Sampler steps")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    command->add_option("--text-scale", a->subject.sampling.textScale, "Guidance scale for text")
        ->capture_default_str();
    command->add_option("--dino-scale", a->subject.sampling.dinoScale, "Guidance scale for DINO")
        ->capture_default_str();
    const std::map<std::string, SeenConditions> seen = {{"all", SeenConditions::All},
                                                        {"text", SeenConditions::TextOnly},
                                                        {"dino", SeenConditions::DinoOnly},
                                                        {"none", SeenConditions::None}};
    command->add_option("--conditions", a->subject.seen, "What the model sees: all, text, dino or none")
        ->transform(CLI::CheckedTransformer(seen));
    command->add_option("--erase-word", a->eraseWords, "Take this word's tokens out of the context (several)");
    command->add_option("--replace-word", a->replaceWords, "NUMBER=TEXT: encode the caption anew with it (several)");
    command->add_flag("--erase-cls", a->subject.edits.eraseCls, "Put the learned null in the place of CLS");
    command->add_option("--cls-from", a->subject.edits.clsFrom, "Take CLS of this record");
    command->add_option("--erase-patches", a->erasePatches,
                        "ROW,COL:ROW,COL: take patches out of the context (several)");
    command->add_option("--paste", a->pastes, "RECORD@ROW,COL:ROW,COL>ROW,COL: another record's patches (several)");
    command->add_option("--film", a->film, "Also a film, over t or over the run's checkpoints")
        ->check(CLI::IsMember({"t", "checkpoints"}));
    command->add_option("--frames", a->filmFrames, "Of a film over t")
        ->check(CLI::Range(2, 200))
        ->capture_default_str();
    command->add_option("-o,--out", a->out, "Folder for pictures, arrays and attention.json")->capture_default_str();
    command->callback([a, &options] { runAttention(*a, options); });
}

} // namespace nanodit::cli
