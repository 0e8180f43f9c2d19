#include "core/demo/caption.h"
#include "core/demo/train_encoders.h"
#include "core/demo/train_loop.h"
#include "core/encoders/sentence_piece_library.h"
#include "core/io/atomic_file.h"
#include "core/runtime/error.h"
#include "core/runtime/generator.h"

#include <ATen/ATen.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <set>
#include <sstream>

namespace nanodit {

namespace {

constexpr std::int64_t ignored = -100; ///< cross_entropy_loss leaves such targets out.
constexpr std::int64_t padId = 0;

constexpr std::int64_t completionPart = 4;

/// What a token is asked: of the thing that its word is about, and of the background.
enum Question : std::size_t { Colour, Shape, Place, Size, Tint, Texture, Light, questionCount };
constexpr std::array<const char*, questionCount> questionNames = {"colour", "shape",   "place", "size",
                                                                  "tint",   "texture", "light"};
constexpr std::array<std::int64_t, questionCount> answerCounts = {colourNames.size(), shapeNames.size(),   9, 3,
                                                                  tintNames.size(),   textureNames.size(), 3};

/// The right answers of a token whose word is about `about`; `ignored` for the others' questions.
std::array<std::int64_t, questionCount> answersOf(const Scene& scene, int about)
{
    std::array<std::int64_t, questionCount> answers;
    answers.fill(ignored);
    if (about >= 0) {
        const auto& thing = scene.things[static_cast<std::size_t>(about)];
        answers[Colour] = static_cast<std::int64_t>(thing.colour);
        answers[Shape] = static_cast<std::int64_t>(thing.shape);
        answers[Place] = placeOf(thing);
        answers[Size] = static_cast<std::int64_t>(sizeWord(thing));
    } else if (about == aboutBackground) {
        answers[Tint] = static_cast<std::int64_t>(scene.tint);
        answers[Texture] = static_cast<std::int64_t>(scene.texture);
        answers[Light] = static_cast<std::int64_t>(lightSide(scene));
    }
    return answers;
}

std::vector<Scene> trainScenes(std::uint64_t seed, std::int64_t count)
{
    std::vector<Scene> scenes;
    for (std::int64_t index = 0; static_cast<std::int64_t>(scenes.size()) < count; ++index) {
        auto scene = makeScene(seed, index);
        if (scene.split == "train")
            scenes.push_back(std::move(scene));
    }
    return scenes;
}

/// Captions as tokens, and what each token should know.
struct Captions {
    at::Tensor ids, mask; ///< [captions, T]
    at::Tensor answers;   ///< [captions, T, questions], `ignored` where there is none.

    Captions(const std::vector<Scene>& scenes, std::uint64_t seed, const T5Tokenizer& tokenizer)
    {
        const auto count = static_cast<std::int64_t>(scenes.size());
        ids = at::full({count, demoTextTokens}, padId, at::kLong);
        mask = at::zeros({count, demoTextTokens}, at::kLong);
        answers = at::full({count, demoTextTokens, static_cast<std::int64_t>(questionCount)}, ignored, at::kLong);
        auto id = ids.accessor<std::int64_t, 2>(), valid = mask.accessor<std::int64_t, 2>();
        auto answer = answers.accessor<std::int64_t, 3>();
        for (std::int64_t i = 0; i < count; ++i) {
            const auto& scene = scenes[static_cast<std::size_t>(i)];
            CounterRandom random(seed, static_cast<std::uint64_t>(i));
            std::int64_t at = 0;
            const auto append = [&](std::int64_t token, int about) {
                if (at == demoTextTokens)
                    throw Error("the caption of " + scene.id + " has more than " + std::to_string(demoTextTokens) +
                                " tokens");
                id[i][at] = token;
                valid[i][at] = 1;
                const auto right = answersOf(scene, about);
                for (std::size_t q = 0; q < questionCount; ++q)
                    answer[i][at][static_cast<std::int64_t>(q)] = right[q];
                ++at;
            };
            // A piece never reaches over a blank, so that the words' tokens are the caption's.
            for (const auto& word : describe(scene, random)) {
                auto tokens = tokenizer.encode(word.text);
                tokens.pop_back(); // the end mark
                for (const auto token : tokens)
                    append(token, word.about);
            }
            append(tokenizer.endId(), aboutNothing);
        }
    }
};

} // namespace

T5Config demoTextConfig(std::int64_t vocabulary)
{
    T5Config config;
    config.vocabulary = vocabulary;
    config.width = 96;
    config.headWidth = 16;
    config.heads = 6;
    config.mlpWidth = 256;
    config.layers = 3;
    return config;
}

void trainDemoTokenizer(const TextRecipe& recipe, const std::filesystem::path& model)
{
    auto input = model, prefix = model;
    input.replace_extension(".captions.txt");
    prefix.replace_extension();
    std::string text;
    std::set<std::string> words;
    for (const auto& scene : trainScenes(recipe.seed, recipe.captions)) {
        text += scene.caption + "\n";
        std::istringstream parts(scene.caption);
        for (std::string word; parts >> word;)
            words.insert(word.substr(0, word.find_first_of(",:")));
    }
    // The trainer only considers strings that occur in two different words; captions have too few words for that. These
    // lines make every word a candidate, also before punctuation.
    for (const auto& word : words)
        text += word + " " + word + ", " + word + ". " + word + ": " + word + ";\n";
    writeFileAtomically(input, text);
    SentencePieceLibrary::train(
        "--input=" + input.string() + " --model_prefix=" + prefix.string() +
        " --model_type=unigram --vocab_size=160 --hard_vocab_limit=false --pad_id=0 --eos_id=1 --unk_id=2"
        " --bos_id=-1 --character_coverage=1.0 --normalization_rule_name=nmt_nfkc_cf --num_threads=2"
        " --minloglevel=1 --required_chars=abcdefghijklmnopqrstuvwxyz0123456789,.:;!?'-");
    std::filesystem::remove(input);
    std::filesystem::remove(std::filesystem::path(prefix).replace_extension(".vocab"));
}

std::optional<TensorMap> trainText(const TextRecipe& recipe, const std::filesystem::path& tokenizerModel,
                                   const std::filesystem::path& partial, const JobContext& context)
{
    const T5Tokenizer tokenizer(tokenizerModel);
    const auto hiddenId = tokenizer.encode("<extra_id_0>").front();
    const auto config = demoTextConfig(tokenizer.size());
    auto generator = seededGenerator(recipe.seed);
    auto initial = T5Encoder::initialWeights(config, recipe.seed);
    const auto encoderNames = initial;
    const auto width = config.width;
    const auto answers = std::accumulate(answerCounts.begin(), answerCounts.end(), std::int64_t{0});
    initial["head.token.weight"] = at::empty({config.vocabulary, width}).normal_(0, 0.02, generator);
    initial["head.answer.weight"] = at::empty({answers, width}).normal_(0, 0.02, generator);
    initial["head.answer.bias"] = at::zeros({answers});
    const auto parameters = trainableParameters(initial);
    TensorMap weights;
    for (const auto& parameter : parameters)
        weights.emplace(parameter.name, parameter.value);
    const T5Encoder encoder(config, weights, {}, {}, "the new text encoder");
    const Captions captions(trainScenes(recipe.seed, recipe.captions), recipe.seed, tokenizer);

    const auto lossOf = [&](std::int64_t step, StepRandom& random) {
        std::vector<std::int64_t> rows;
        for (std::int64_t i = 0; i < recipe.batch; ++i)
            rows.push_back(random.numbers.below(captions.ids.size(0)));
        const auto chosen = at::tensor(rows, at::kLong);
        auto mask = captions.mask.index_select(0, chosen);
        const auto longest = mask.sum(1).max().item<std::int64_t>();
        mask = mask.slice(1, 0, longest);
        const auto ids = captions.ids.index_select(0, chosen).slice(1, 0, longest);
        // The questions go to whole captions, the completion to a few of them with hidden tokens.
        const auto few = std::max<std::int64_t>(1, recipe.batch / completionPart);
        const auto fewIds = ids.slice(0, 0, few), fewMask = mask.slice(0, 0, few);
        const auto hidden = at::rand(fewIds.sizes(), random.noise).lt(recipe.hiddenShare).logical_and(fewMask.gt(0));
        const auto states = encoder.encode(at::cat({ids, at::where(hidden, at::full_like(fewIds, hiddenId), fewIds)}),
                                           at::cat({mask, fewMask})); // [batch + few, T, D]

        const auto logits = at::linear(states.slice(0, recipe.batch), weights.at("head.token.weight")).flatten(0, 1);
        const auto targets = at::where(hidden, fewIds, at::full_like(fewIds, ignored)).flatten();
        const auto completion = at::cross_entropy_loss(logits, targets, {}, at::Reduction::Mean, ignored);

        const auto said = at::linear(states.slice(0, 0, recipe.batch), weights.at("head.answer.weight"),
                                     weights.at("head.answer.bias"))
                              .flatten(0, 1);
        const auto right = captions.answers.index_select(0, chosen).slice(1, 0, longest).flatten(0, 1);
        const auto parts = said.split_with_sizes(answerCounts, -1);
        std::vector<at::Tensor> losses;
        for (std::size_t q = 0; q < questionCount; ++q)
            losses.push_back(at::cross_entropy_loss(parts[q], right.select(1, static_cast<std::int64_t>(q)), {},
                                                    at::Reduction::Mean, ignored));
        if ((step + 1) % 250 == 0) {
            char number[24];
            const auto item = [&](const char* name, const at::Tensor& loss) {
                std::snprintf(number, sizeof number, " %.3f", loss.item<double>());
                return name + std::string(number);
            };
            auto line = "text step " + std::to_string(step + 1) + ": " + item("completion", completion);
            for (std::size_t q = 0; q < questionCount; ++q)
                line += ", " + item(questionNames[q], losses[q]);
            context.info(line);
        }
        return 0.5 * completion + at::stack(losses).sum();
    };
    const TrainLoopPlan plan{.what = "text encoder",
                             .pass = Pass::T5,
                             .seed = recipe.seed,
                             .steps = recipe.steps,
                             .lr = recipe.lr,
                             .warmupSteps = recipe.warmupSteps,
                             .weightDecay = 0.01,
                             .clip = 1.0,
                             .partial = partial};
    if (!runTrainLoop(plan, parameters, lossOf, context))
        return std::nullopt;
    auto trained = stateOf(parameters);
    std::erase_if(trained, [&](const auto& item) { return !encoderNames.contains(item.first); });
    return trained;
}

} // namespace nanodit
