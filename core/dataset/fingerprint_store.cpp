#include "core/dataset/fingerprint_store.h"

#include "core/dataset/sqlite.h"

#include <algorithm>
#include <bit>
#include <span>

namespace nanodit {

struct FingerprintStore::State {
    explicit State(sqlite::Database& given)
        : database(given)
        , select(given, "SELECT pixels, structure, colours FROM fingerprints WHERE record = ? AND image_hash = ?")
        , insert(given, "INSERT OR REPLACE INTO fingerprints VALUES (?, ?, ?, ?, ?)")
    {
    }
    sqlite::Database& database;
    sqlite::Statement select, insert;
};

FingerprintStore::FingerprintStore(Catalog& catalog)
    : state_(std::make_unique<State>(catalog.database()))
{
}

FingerprintStore::~FingerprintStore() = default;

bool FingerprintStore::has(const std::string& id, const std::string& imageHash) const
{
    const bool found = state_->select.reset().bind(id).bind(imageHash).step();
    state_->select.reset();
    return found;
}

void FingerprintStore::put(const std::string& id, const std::string& imageHash, const PictureFingerprint& fingerprint)
{
    state_->insert.reset()
        .bind(id)
        .bind(imageHash)
        .bind(std::bit_cast<std::int64_t>(fingerprint.pixels))
        .bind(std::bit_cast<std::int64_t>(fingerprint.structure))
        .bind(std::as_bytes(std::span(fingerprint.colours)))
        .run();
    state_->insert.reset();
}

std::optional<PictureFingerprint> FingerprintStore::find(const std::string& id, const std::string& imageHash) const
{
    auto& select = state_->select.reset().bind(id).bind(imageHash);
    std::optional<PictureFingerprint> found;
    if (select.step()) {
        found.emplace();
        found->pixels = std::bit_cast<std::uint64_t>(select.integer(0));
        found->structure = std::bit_cast<std::uint64_t>(select.integer(1));
        const auto colours = select.bytes(2);
        std::ranges::transform(colours.first(std::min(colours.size(), found->colours.size())), found->colours.begin(),
                               [](std::byte value) { return std::to_integer<std::uint8_t>(value); });
    }
    select.reset();
    return found;
}

} // namespace nanodit
