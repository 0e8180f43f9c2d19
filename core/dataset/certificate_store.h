#pragma once

#include "core/config/workspace_config.h"
#include "core/dataset/certificate.h"
#include "core/dataset/provenance.h"
#include "core/dataset/record.h"

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace nanodit {

class Catalog;

/// A certificate with what it holds for: this content of the file, made of these inputs.
struct StoredCertificate {
    AlignmentCertificate certificate;
    ArrayInputs inputs; ///< Of the patches, when the certificate was made.
    std::string sha256; ///< Of the file's bytes.
    FileStamp stamp;    ///< Of the file.
};

/// The alignment certificates in data/catalog.sqlite, beside the provenance. One thread at a time; throws as Catalog
/// does.
class CertificateStore {
public:
    explicit CertificateStore(const Workspace& workspace);
    /// Through the connection of a catalog that outlives this.
    explicit CertificateStore(Catalog& catalog);
    ~CertificateStore();

    /// By record id, also those that hold no more.
    std::map<std::string, StoredCertificate> all() const;
    std::optional<StoredCertificate> find(const std::string& id) const;
    /// Replaces those of the same records; all or none. Nothing happens in a catalog that can only be read.
    void put(const std::map<std::string, StoredCertificate>& certificates);

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Whether a certificate still holds for a file and for what its array would be made of now (an empty encoder is not
/// compared). Reads the file only when its size or time differ.
bool stillHolds(const StoredCertificate& stored, const std::filesystem::path& file, const ArrayInputs& now);

} // namespace nanodit
