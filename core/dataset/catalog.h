#pragma once

#include "core/config/workspace_config.h"
#include "core/dataset/provenance.h"
#include "core/dataset/record.h"
#include "core/runtime/error.h"

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nanodit {

namespace sqlite {
class Database;
}

/// Records that a pass over all of them reads at once.
inline constexpr std::size_t recordsAtOnce = 1024;

/// How long a pass took.
struct PassRate {
    double records = 0;
    double seconds = 0;
};

/// data/catalog.sqlite: the records, and where each derived array comes from. Each call is whole or not at all, also
/// when the machine stops; calls inside `together` are so as one. Throws StoreError when it cannot be written,
/// DataError when it is damaged or made by a newer version.
///
/// One thread at a time an object; any number of objects, threads and programs may have one catalog open: readers never
/// wait, writers queue.
class Catalog {
public:
    /// Makes data/ and the file where there is none; where the folder cannot be written to, opens it for reading.
    /// Takes in the parts that ranks have finished (catalog_part.h).
    static Catalog open(const Workspace& workspace);
    /// A file of the same tables that nobody else has open; see CatalogPart.
    static Catalog openAlone(const Workspace& workspace, const std::filesystem::path& file);
    Catalog(Catalog&&) noexcept;
    Catalog& operator=(Catalog&&) noexcept;
    ~Catalog();

    bool readOnly() const;
    /// Several changes as one.
    void together(const std::function<void()>& changes);

    // -------------------------------------------------------------------------------------------------- records

    std::int64_t recordCount() const;
    /// By id; buckets as the workspace's table has them now.
    std::vector<Record> records() const;
    /// The next ones behind an id ("": from the first), at most so many.
    std::vector<Record> records(const std::string& after, std::size_t most) const;
    std::vector<std::string> splits() const; ///< Of the records that are not excluded.
    std::optional<Record> find(const std::string& id) const;
    /// The record of a picture (the first by id when several share it).
    std::optional<Record> findByImage(const std::filesystem::path& image) const;
    void put(const Record& record);
    /// Updates only what refreshImage and the bucket table change: somebody else may be editing the caption.
    void putImage(const Record& record);
    /// Why import's rules exclude a record, or that they do not; nothing where a person has decided.
    void excludeByRule(const std::string& id, const std::string& reason);

    // ----------------------------------------------------------------------------------------- derived arrays

    /// Of every array of one kind, by record id.
    std::map<std::string, Provenance> provenances(ArrayKind kind) const;
    /// The same of records from one id to another, both included.
    std::map<std::string, Provenance> provenances(ArrayKind kind, const std::string& first,
                                                  const std::string& last) const;
    std::optional<Provenance> provenance(const std::string& id, ArrayKind kind) const;
    /// Records of which an array was made here after that time (as Provenance::madeAt has it), by id.
    std::vector<std::string> madeAfter(const std::string& utc) const;
    bool hasProvenance(ArrayKind kind) const; ///< Of any record.
    /// From here until recordMade the file is not trusted, whatever it holds.
    void beginMaking(const std::string& id, ArrayKind kind);
    void recordMade(const std::string& id, ArrayKind kind, const Provenance& provenance);

    /// Forgets everything about the array: its file was taken away.
    void forget(const std::string& id, ArrayKind kind);

    /// Why a pass could not be made for a record; removed by recordFailure with an empty reason.
    void recordFailure(const std::string& id, Pass pass, const std::string& reason);
    std::map<std::string, std::string> failures(Pass pass) const;

    /// Adds a measurement to those that are kept; older ones count less and less.
    void addRate(Pass pass, const std::string& encoder, const std::string& device, const std::string& bucket,
                 const PassRate& rate);
    /// By bucket, "" for passes that do not depend on it.
    std::map<std::string, PassRate> rates(Pass pass, const std::string& encoder, const std::string& device) const;

    /// For those that keep tables of their own in the same file.
    sqlite::Database& database();

private:
    struct State;
    explicit Catalog(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// Of work on a workspace into which nothing was imported.
DataError noRecordsYet(const Workspace& workspace);
/// Of work that found no record which is not excluded: that there is none yet, or that all are excluded.
DataError noRecordsLeft(const Workspace& workspace, const Catalog& catalog);

} // namespace nanodit
