#include "core/dataset/certificate_store.h"

#include "core/dataset/catalog.h"
#include "core/dataset/sqlite.h"
#include "core/io/sha256.h"

#include <nlohmann/json.hpp>

namespace nanodit {

namespace {

constexpr auto columns = "record, certificate, inputs, sha256, bytes, modified";

StoredCertificate certificateFrom(const sqlite::Statement& row)
{
    return {.certificate = AlignmentCertificate::fromJson(nlohmann::json::parse(row.text(1), nullptr, false)),
            .inputs = ArrayInputs::fromJson(row.text(2)),
            .sha256 = row.text(3),
            .stamp = {.bytes = row.integer(4), .modifiedNanoseconds = row.integer(5)}};
}

} // namespace

struct CertificateStore::State {
    std::optional<Catalog> own;
    Catalog* catalog = nullptr;
    std::optional<sqlite::Statement> find; ///< Of one record's; prepared when it is first asked for.
};

CertificateStore::CertificateStore(const Workspace& workspace)
    : state_(std::make_unique<State>())
{
    state_->own = Catalog::open(workspace);
    state_->catalog = &*state_->own;
}

CertificateStore::CertificateStore(Catalog& catalog)
    : state_(std::make_unique<State>())
{
    state_->catalog = &catalog;
}

CertificateStore::~CertificateStore() = default;

std::map<std::string, StoredCertificate> CertificateStore::all() const
{
    std::map<std::string, StoredCertificate> found;
    sqlite::Statement select(state_->catalog->database(),
                             std::string("SELECT ") + columns + " FROM certificates ORDER BY record");
    while (select.step())
        found.emplace_hint(found.end(), select.text(0), certificateFrom(select));
    return found;
}

std::optional<StoredCertificate> CertificateStore::find(const std::string& id) const
{
    if (!state_->find)
        state_->find.emplace(state_->catalog->database(),
                             std::string("SELECT ") + columns + " FROM certificates WHERE record = ?");
    auto& select = state_->find->reset().bind(id);
    std::optional<StoredCertificate> found;
    if (select.step())
        found = certificateFrom(select);
    select.reset();
    return found;
}

void CertificateStore::put(const std::map<std::string, StoredCertificate>& certificates)
{
    if (state_->catalog->readOnly() || certificates.empty())
        return;
    auto& database = state_->catalog->database();
    sqlite::Transaction transaction(database);
    // A record that was removed meanwhile has none.
    sqlite::Statement insert(database, "INSERT OR REPLACE INTO certificates SELECT id, ?, ?, ?, ?, ? FROM "
                                       "records WHERE id = ?");
    for (const auto& [id, stored] : certificates) {
        insert.reset()
            .bind(stored.certificate.toJson().dump())
            .bind(stored.inputs.toJson())
            .bind(stored.sha256)
            .bind(stored.stamp.bytes)
            .bind(stored.stamp.modifiedNanoseconds)
            .bind(id)
            .run();
    }
    transaction.commit();
}

bool stillHolds(const StoredCertificate& stored, const std::filesystem::path& file, const ArrayInputs& now)
{
    auto before = stored.inputs;
    if (now.encoder.empty())
        before.encoder.clear();
    if (!(before == now))
        return false;
    const auto stamp = stampOf(file);
    return stamp && (*stamp == stored.stamp || sha256OfFile(file) == stored.sha256);
}

} // namespace nanodit
