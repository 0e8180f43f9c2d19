#include "core/dataset/fingerprint_store.h"

#include "core/dataset/sqlite.h"

#include <algorithm>
#include <bit>
#include <span>

namespace nanodit {

struct FingerprintStore::State {
    explicit State(sqlite::Database& given)
        : database(given)
        , find(given, "SELECT 1 FROM fingerprints WHERE record = ? AND image_hash = ?")
        , insert(given, "INSERT OR REPLACE INTO fingerprints VALUES (?, ?, ?, ?, ?)")
    {
    }
    sqlite::Database& database;
    sqlite::Statement find, insert;
};

FingerprintStore::FingerprintStore(Catalog& catalog)
    : state_(std::make_unique<State>(catalog.database()))
{
}

FingerprintStore::~FingerprintStore() = default;

bool FingerprintStore::has(const std::string& id, const std::string& imageHash) const
{
    const bool found = state_->find.reset().bind(id).bind(imageHash).step();
    state_->find.reset();
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

std::unordered_map<std::string, FingerprintStore::Stored> FingerprintStore::all() const
{
    std::unordered_map<std::string, Stored> found;
    sqlite::Statement select(state_->database,
                             "SELECT record, image_hash, pixels, structure, colours FROM fingerprints");
    while (select.step()) {
        auto& stored = found[select.text(0)];
        stored.imageHash = select.text(1);
        stored.fingerprint.pixels = std::bit_cast<std::uint64_t>(select.integer(2));
        stored.fingerprint.structure = std::bit_cast<std::uint64_t>(select.integer(3));
        const auto colours = select.bytes(4);
        std::ranges::transform(colours.first(std::min(colours.size(), stored.fingerprint.colours.size())),
                               stored.fingerprint.colours.begin(),
                               [](std::byte value) { return std::to_integer<std::uint8_t>(value); });
    }
    return found;
}

} // namespace nanodit
