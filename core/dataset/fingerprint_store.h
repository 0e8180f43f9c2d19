#pragma once

#include "core/dataset/catalog.h"
#include "core/dataset/picture_fingerprint.h"

#include <memory>
#include <optional>
#include <string>

namespace nanodit {

/// The pictures' fingerprints in the catalog, beside the records. Shares the catalog's connection, and so what its
/// `together` makes one.
class FingerprintStore {
public:
    /// The catalog must outlive this.
    explicit FingerprintStore(Catalog& catalog);
    ~FingerprintStore();

    /// Whether there is a fingerprint of this file's content.
    bool has(const std::string& id, const std::string& imageHash) const;
    std::optional<PictureFingerprint> find(const std::string& id, const std::string& imageHash) const;
    void put(const std::string& id, const std::string& imageHash, const PictureFingerprint& fingerprint);

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace nanodit
