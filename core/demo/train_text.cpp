#include "core/demo/train_encoders.h"
#include "core/demo/train_loop.h"
#include "core/encoders/sentence_piece_library.h"
#include "core/io/atomic_file.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <cmath>
#include <cstdio>
#include <set>
#include <sstream>

namespace nanodit {

namespace {

constexpr std::int64_t colours = static_cast<std::int64_t>(colourNames.size());
constexpr std::int64_t shapes = static_cast<std::int64_t>(shapeNames.size());
constexpr std::int64_t places = 9;
constexpr std::int64_t ignored = -100; ///< cross_entropy_loss leaves such targets out.
constexpr std::int64_t padId = 0;

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

/// Captions as tokens, and what they say of each colour.
struct Captions {
    at::Tensor ids, mask;    ///< [captions, T]
    at::Tensor present;      ///< [captions, colours]
    at::Tensor shape, place; ///< [captions, colours], `ignored` where a colour is absent.

    Captions(const std::vector<Scene>& scenes, const T5Tokenizer& tokenizer)
    {
        const auto count = static_cast<std::int64_t>(scenes.size());
        ids = at::full({count, demoTextTokens}, padId, at::kLong);
        mask = at::zeros({count, demoTextTokens}, at::kLong);
        present = at::zeros({count, colours});
        shape = at::full({count, colours}, ignored, at::kLong);
        place = at::full({count, colours}, ignored, at::kLong);
        for (std::int64_t i = 0; i < count; ++i) {
            const auto& scene = scenes[static_cast<std::size_t>(i)];
            const auto tokens = tokenizer.encode(scene.caption, demoTextTokens);
            const auto length = static_cast<std::int64_t>(tokens.size());
            ids[i].slice(0, 0, length).copy_(at::tensor(tokens, at::kLong));
            mask[i].slice(0, 0, length).fill_(1);
            for (const auto& thing : scene.things) {
                const auto colour = static_cast<std::int64_t>(thing.colour);
                present[i][colour] = 1;
                shape[i][colour] = static_cast<std::int64_t>(thing.shape);
                place[i][colour] = placeOf(thing);
            }
        }
    }
};

} // namespace

T5Config demoTextConfig(std::int64_t vocabulary)
{
    T5Config config;
    config.vocabulary = vocabulary;
    config.width = 64;
    config.headWidth = 16;
    config.heads = 4;
    config.mlpWidth = 160;
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
    auto generator = at::detail::createCPUGenerator(recipe.seed);
    auto initial = T5Encoder::initialWeights(config, recipe.seed);
    const auto encoderNames = initial;
    const auto width = config.width;
    const auto answers = 1 + shapes + places;
    initial["head.token.weight"] = at::empty({config.vocabulary, width}).normal_(0, 0.02, generator);
    initial["head.query"] = at::empty({colours, width}).normal_(0, 1, generator);
    initial["head.key.weight"] =
        at::empty({width, width}).normal_(0, 1 / std::sqrt(static_cast<double>(width)), generator);
    initial["head.answer.weight"] = at::empty({answers, width}).normal_(0, 0.02, generator);
    initial["head.answer.bias"] = at::zeros({answers});
    const auto parameters = trainableParameters(initial);
    TensorMap weights;
    for (const auto& parameter : parameters)
        weights.emplace(parameter.name, parameter.value);
    const T5Encoder encoder(config, weights, {}, {}, "the new text encoder");
    const Captions captions(trainScenes(recipe.seed, recipe.captions), tokenizer);

    const auto lossOf = [&](std::int64_t step, StepRandom& random) {
        std::vector<std::int64_t> rows;
        for (std::int64_t i = 0; i < recipe.batch; ++i)
            rows.push_back(random.numbers.below(captions.ids.size(0)));
        const auto chosen = at::tensor(rows, at::kLong);
        auto mask = captions.mask.index_select(0, chosen);
        const auto longest = mask.sum(1).max().item<std::int64_t>();
        mask = mask.slice(1, 0, longest);
        const auto ids = captions.ids.index_select(0, chosen).slice(1, 0, longest);
        // The questions about colours go to whole captions, the completion to captions with hidden tokens.
        const auto hidden = at::rand(ids.sizes(), random.noise).lt(recipe.hiddenShare).logical_and(mask.gt(0));
        const auto both =
            encoder.encode(at::cat({ids, at::where(hidden, at::full_like(ids, hiddenId), ids)}), at::cat({mask, mask}));
        const auto states = both.chunk(2, 0); // [B, T, D] each

        const auto logits = at::linear(states[1], weights.at("head.token.weight")).flatten(0, 1);
        const auto targets = at::where(hidden, ids, at::full_like(ids, ignored)).flatten();
        const auto completion = at::cross_entropy_loss(logits, targets, {}, at::Reduction::Mean, ignored);

        const auto keys = at::linear(states[0], weights.at("head.key.weight"));
        auto attention =
            at::matmul(weights.at("head.query"), keys.transpose(1, 2)) / std::sqrt(static_cast<double>(width));
        attention = attention.masked_fill(mask.unsqueeze(1).eq(0), -1e9).softmax(-1); // [B, colours, T]
        const auto said = at::linear(at::matmul(attention, states[0]), weights.at("head.answer.weight"),
                                     weights.at("head.answer.bias"));
        const auto parts = said.split_with_sizes({1, shapes, places}, -1);
        const auto answer = [&](const at::Tensor& given, const at::Tensor& truth) {
            return at::cross_entropy_loss(given.flatten(0, 1), truth.index_select(0, chosen).flatten(), {},
                                          at::Reduction::Mean, ignored);
        };
        const auto present =
            at::binary_cross_entropy_with_logits(parts[0].squeeze(-1), captions.present.index_select(0, chosen));
        const auto shape = answer(parts[1], captions.shape), place = answer(parts[2], captions.place);
        if ((step + 1) % 250 == 0) {
            char line[140];
            std::snprintf(line, sizeof line, "text step %lld: completion %.3f, colours %.3f, shapes %.3f, places %.3f",
                          static_cast<long long>(step + 1), completion.item<double>(), present.item<double>(),
                          shape.item<double>(), place.item<double>());
            context.info(line);
        }
        return 0.5 * completion + present + shape + place;
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
