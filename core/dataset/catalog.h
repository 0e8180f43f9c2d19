#pragma once

#include "core/config/workspace_config.h"
#include "core/dataset/provenance.h"
#include "core/dataset/record.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nanodit {

/// data/catalog.sqlite: the records, and where each derived array comes from. Each call is whole or not at all, also
/// when the machine stops; calls inside `together` are so as one. Throws StoreError when it cannot be written,
/// DataError when it is damaged or made by a newer version.
///
/// One thread at a time an object; any number of objects, threads and programs may have one catalog open: readers never
/// wait, writers queue.
class Catalog {
public:
    /// Makes data/ and the file where there is none; where the folder cannot be written to, opens it for reading.
    static Catalog open(const Workspace& workspace);
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
    std::optional<Record> find(const std::string& id) const;
    /// The record of a picture (the first by id when several share it).
    std::optional<Record> findByImage(const std::filesystem::path& image) const;
    void put(const Record& record);
    /// Only what refreshImage and the bucket table change: somebody else may be editing the caption.
    void putImage(const Record& record);

    // ----------------------------------------------------------------------------------------- derived arrays

    /// Of every array of one kind, by record id.
    std::map<std::string, Provenance> provenances(ArrayKind kind) const;
    /// From here until recordMade the file is not trusted, whatever it holds.
    void beginMaking(const std::string& id, ArrayKind kind);
    void recordMade(const std::string& id, ArrayKind kind, const Provenance& provenance);

    /// Why a pass could not be made for a record; removed by recordFailure with an empty reason.
    void recordFailure(const std::string& id, Pass pass, const std::string& reason);
    std::map<std::string, std::string> failures(Pass pass) const;

private:
    struct State;
    explicit Catalog(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

} // namespace nanodit
