#include "core/preprocess/cut_captions.h"

#include "core/runtime/error.h"

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
           " tokens, and what follows them is not seen: shorten it, or raise text_tokens in workspace.yaml";
}

std::optional<CutCaptions> findCutCaptions(const Catalog& catalog, const PassEncoders& encoders,
                                           const JobContext& context)
{
    constexpr std::size_t mostNamed = 20;
    CaptionLength length(encoders);
    CutCaptions cut;
    std::string last;
    for (auto page = catalog.records(last, recordsAtOnce); !page.empty(); page = catalog.records(last, recordsAtOnce)) {
        if (context.shouldStop())
            return std::nullopt;
        const auto provenances = catalog.provenances(ArrayKind::T5, page.front().id, page.back().id);
        last = page.back().id;
        for (const auto& record : page) {
            const auto found = provenances.find(record.id);
            if (!record.excluded.empty() || found == provenances.end() || found->second.shape.empty() ||
                !length.isCut(record.caption, found->second.shape.front()))
                continue;
            ++cut.count;
            if (cut.first.size() < mostNamed)
                cut.first.push_back(record.id);
        }
    }
    return cut;
}

} // namespace nanodit
