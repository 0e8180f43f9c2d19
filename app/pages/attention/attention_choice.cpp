#include "app/pages/attention/attention_choice.h"

#include "widgets/text.h"

#include <QCoreApplication>

#include <algorithm>

namespace nanodit {

namespace {

struct AnswerText {
    Q_DECLARE_TR_FUNCTIONS(attention)
};

} // namespace

AttentionChoice fitted(AttentionChoice choice, const AttentionScene& scene)
{
    const auto beyond = [](const std::set<std::int64_t>& cells, std::int64_t count) {
        return !cells.empty() && *cells.rbegin() >= count;
    };
    if (beyond(choice.latents, scene.latents.count()))
        choice.latents.clear();
    if (beyond(choice.patches, scene.patches.count()))
        choice.patches.clear();
    choice.word = std::min(choice.word, static_cast<int>(scene.words.size()));
    if (choice.empty())
        choice.latents = {scene.latents.rows / 2 * scene.latents.cols + scene.latents.cols / 2};
    return choice;
}

AttentionQuestion questionOf(const AttentionChoice& choice, const AttentionScene& scene)
{
    AttentionQuestion question;
    question.latents.assign(choice.latents.begin(), choice.latents.end());
    if (choice.word >= 0 && choice.word < static_cast<int>(scene.words.size()))
        question.tokens = scene.tokensOf(scene.words[static_cast<std::size_t>(choice.word)]);
    else if (choice.word >= 0)
        question.tokens = {scene.clsToken()};
    for (const auto patch : choice.patches)
        question.tokens.push_back(scene.patchToken(patch));
    return question;
}

QString answerText(const AttentionQuestion& question, const AttentionAnswer& answer, const AttentionPart& part)
{
    const auto& [block, head] = part;
    if (answer.seen) {
        const auto& seen = *answer.seen;
        const auto shares = seen.shares.of(block, head);
        const auto count = question.latents.size();
        const bool adds = question.measure == AttentionMeasure::Contribution;
        const auto who = adds ? (count == 1 ? AnswerText::tr("1 latent token receives")
                                            : AnswerText::tr("%1 latent tokens receive").arg(count))
                              : (count == 1 ? AnswerText::tr("1 latent token attends to")
                                            : AnswerText::tr("%1 latent tokens attend to").arg(count));
        const auto parts = adds ? AnswerText::tr("from text %1 %, CLS %2 %, patches %3 %")
                                : AnswerText::tr("text %1 %, CLS %2 %, patches %3 %");
        auto text =
            AnswerText::tr("%1 %2 · entropy %3 nats")
                .arg(who, parts.arg(percentNumber(shares[0]), percentNumber(shares[1]), percentNumber(shares[2])),
                     QString::number(seen.entropy.of(block, head)[0], 'f', 2));
        if (!seen.alignment.values.empty())
            text +=
                AnswerText::tr(" · centre of mass %1 patches away").arg(seen.alignment.of(block, head)[0], 0, 'f', 2);
        return text;
    }
    if (!answer.given)
        return {};
    const auto mass = answer.given->of(block, head);
    double sum = 0;
    for (const float value : mass)
        sum += value;
    const auto sentence = question.measure == AttentionMeasure::Contribution
                              ? AnswerText::tr("it provides %1 % of what the latent tokens receive, on average")
                              : AnswerText::tr("receives %1 % of the latent tokens' attention, on average");
    return sentence.arg(percentNumber(sum / static_cast<double>(mass.size()), 2));
}

} // namespace nanodit
