#include "core/preprocess/cut_captions.h"

#include "core/runtime/error.h"

#include <algorithm>

namespace nanodit {

CaptionLength::CaptionLength(const PassEncoders& encoders)
    : encoders_(encoders)
{
}

bool CaptionLength::isCut(const std::string& caption, std::int64_t rows)
{
    const auto most = encoders_.expectations.textTokens;
    if (rows < most || !encoders_.loadTokenCount)
        return false;
    if (!count_) {
        count_.emplace();
        try {
            *count_ = encoders_.loadTokenCount();
        } catch (const Error&) { // the pass will say so
        }
    }
    return *count_ && (*count_)(caption) > most;
}

std::string CaptionLength::sentence() const
{
    return "the caption is longer than " + std::to_string(encoders_.expectations.textTokens) +
           " tokens, and the model does not see the rest: shorten it, or raise text_tokens in workspace.yaml";
}

namespace {

/// `isMeant` is asked of each caption with the rows of its text array.
std::optional<FoundCaptions> findCaptions(const Catalog& catalog, const JobContext& context,
                                          const std::function<bool(const std::string&, std::int64_t)>& isMeant)
{
    constexpr std::size_t mostNamed = 20;
    FoundCaptions captions;
    std::string last;
    for (auto page = catalog.records(last, recordsAtOnce); !page.empty(); page = catalog.records(last, recordsAtOnce)) {
        if (context.shouldStop())
            return std::nullopt;
        const auto provenances = catalog.provenances(ArrayKind::T5, page.front().id, page.back().id);
        last = page.back().id;
        for (const auto& record : page) {
            const auto found = provenances.find(record.id);
            if (!record.excluded.empty() || found == provenances.end() || found->second.shape.empty() ||
                !isMeant(record.caption, found->second.shape.front()))
                continue;
            ++captions.count;
            if (captions.first.size() < mostNamed)
                captions.first.push_back(record.id);
        }
    }
    return captions;
}

bool isAscii(const std::string& text)
{
    return std::ranges::none_of(text, [](char c) { return (static_cast<unsigned char>(c) & 0x80U) != 0; });
}

} // namespace

std::optional<FoundCaptions> findCutCaptions(const Catalog& catalog, const PassEncoders& encoders,
                                             const JobContext& context)
{
    CaptionLength length(encoders);
    return findCaptions(catalog, context, [&length](const std::string& caption, std::int64_t rows) {
        return length.isCut(caption, rows);
    });
}

std::optional<FoundCaptions> findUnknownLetters(const Catalog& catalog, const PassEncoders& encoders,
                                                const JobContext& context)
{
    std::function<bool(const std::string&)> knowsMostOf;
    return findCaptions(catalog, context, [&](const std::string& caption, std::int64_t) {
        if (isAscii(caption) || !encoders.loadKnowsMostOf) // most are, and need no tokenizer
            return false;
        if (!knowsMostOf)
            knowsMostOf = encoders.loadKnowsMostOf();
        return !knowsMostOf(caption);
    });
}

} // namespace nanodit
