#include "core/dataset/catalog.h"

#include "core/dataset/catalog_part.h"
#include "core/dataset/catalog_schema.h"
#include "core/dataset/sqlite.h"
#include "core/io/json_fault.h"

#include <nlohmann/json.hpp>

#include <unistd.h>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

constexpr auto recordColumns = "id, image, caption, extra, split, split_given, width, height, bucket, bucket_given, "
                               "image_hash, image_bytes, image_modified, source_caption, split_edited, tags, excluded, "
                               "exclusion_edited, tags_edited";

std::vector<std::string> tagsFromText(const std::string& text)
{
    if (text == "[]") // nearly all of them
        return {};
    return valueOfJson<std::vector<std::string>>(text, "a record's list of tags in the catalog");
}

DType dtypeFromName(const std::string& name)
{
    for (const auto type :
         {DType::Bool, DType::U8, DType::I8, DType::I16, DType::I32, DType::I64, DType::U16, DType::U32, DType::U64,
          DType::F16, DType::BF16, DType::F32, DType::F64, DType::C64, DType::C128}) {
        if (dtypeName(type) == name)
            return type;
    }
    return DType::F32;
}

constexpr auto arrayColumns = "record, fingerprint, inputs, adopted, made_at, dtype, shape, file_mark";

Provenance provenanceFrom(const sqlite::Statement& row)
{
    Provenance provenance{.inputs = {},
                          .fingerprint = row.text(1),
                          .adopted = row.integer(3) != 0,
                          .madeAt = row.text(4),
                          .dtype = dtypeFromName(row.text(5)),
                          .shape = valueOfJson<std::vector<std::int64_t>>(
                              row.text(6), "the shape of an array of " + row.text(0) + " in the catalog"),
                          .fileMark = row.text(7)};
    if (!provenance.unfinished())
        provenance.inputs = ArrayInputs::fromJson(row.text(2));
    return provenance;
}

} // namespace

struct Catalog::State {
    State(const Workspace& workspace, const fs::path& file, sqlite::Access access)
        : root(workspace.root)
        , buckets(workspace.config.buckets)
        , readOnly(access == sqlite::Access::Immutable)
        , database(file, access)
    {
        if (readOnly) {
            if (database.integer("PRAGMA user_version") != catalogVersion())
                throw DataError("the catalog " + database.file().string() +
                                " was made by another version of this program "
                                "and is in a folder that cannot be written to: make it writable, or use that version");
            return;
        }
        database.execute("PRAGMA foreign_keys = ON");
        database.execute(access == sqlite::Access::Alone ? "PRAGMA journal_mode = TRUNCATE"
                                                         : "PRAGMA journal_mode = WAL");
        // Each commit reaches the disk: an array must not be known as whole by a file system that then forgets it.
        database.execute("PRAGMA synchronous = FULL");
        migrateCatalog(database);
    }

    fs::path root;
    std::vector<ImageSize> buckets;
    bool readOnly;
    sqlite::Database database;
    bool together = false;
    std::map<std::string, sqlite::Statement, std::less<>> statements;

    /// A statement by its text, prepared once.
    sqlite::Statement& prepared(const std::string& sql)
    {
        auto found = statements.find(sql);
        if (found == statements.end())
            found = statements.emplace(sql, sqlite::Statement(database, sql)).first;
        return found->second.reset();
    }

    void change(const std::function<void()>& changes)
    {
        if (together)
            return changes();
        if (readOnly)
            throw StoreError("the catalog " + database.file().string() +
                             " is in a folder that cannot be written to: make it writable, or copy the workspace");
        sqlite::Transaction transaction(database);
        together = true;
        try {
            changes();
        } catch (...) {
            together = false;
            throw;
        }
        together = false;
        transaction.commit();
    }

    std::string stored(const fs::path& image) const
    {
        const auto relative = image.lexically_relative(root);
        const bool inside = !relative.empty() && *relative.begin() != "..";
        return inside ? relative.generic_string() : image.generic_string();
    }

    Record recordFrom(const sqlite::Statement& row) const
    {
        Record record{.id = row.text(0),
                      .image = (root / fs::path(row.text(1))).lexically_normal(),
                      .caption = row.text(2),
                      .extra = row.text(3),
                      .split = row.text(4),
                      .splitGiven = row.integer(5) != 0,
                      .original = {.width = row.integer(6), .height = row.integer(7)},
                      .bucket = bucketFromName(row.text(8)),
                      .bucketGiven = row.integer(9) != 0,
                      .imageHash = row.text(10),
                      .imageStamp = {.bytes = row.integer(11), .modifiedNanoseconds = row.integer(12)},
                      .sourceCaption = row.isNull(13) ? std::nullopt : std::optional(row.text(13)),
                      .splitEdited = row.integer(14) != 0,
                      .tags = tagsFromText(row.text(15)),
                      .excluded = row.text(16),
                      .exclusionEdited = row.integer(17) != 0,
                      .tagsEdited = row.integer(18) != 0};
        record.bucket = bucketOf(record, buckets);
        return record;
    }
};

Catalog::Catalog(std::unique_ptr<State> state)
    : state_(std::move(state))
{
}
Catalog::Catalog(Catalog&&) noexcept = default;
Catalog& Catalog::operator=(Catalog&&) noexcept = default;
Catalog::~Catalog() = default;

Catalog Catalog::open(const Workspace& workspace)
{
    const auto file = workspace.catalogFile();
    std::error_code error;
    fs::create_directories(file.parent_path(), error);
    if (error)
        throw StoreError("the folder " + file.parent_path().string() + " could not be created: " + error.message() +
                         "; check that you may write to " + workspace.root.string());
    const bool readOnly = ::access(file.parent_path().c_str(), W_OK) != 0 && fs::exists(file);
    auto state =
        std::make_unique<State>(workspace, file, readOnly ? sqlite::Access::Immutable : sqlite::Access::Shared);
    if (!readOnly)
        takeInParts(state->database, workspace);
    return Catalog(std::move(state));
}

Catalog Catalog::openAlone(const Workspace& workspace, const fs::path& file)
{
    return Catalog(std::make_unique<State>(workspace, file, sqlite::Access::Alone));
}

sqlite::Database& Catalog::database()
{
    return state_->database;
}

bool Catalog::readOnly() const
{
    return state_->readOnly;
}

void Catalog::together(const std::function<void()>& changes)
{
    state_->change(changes);
}

std::int64_t Catalog::recordCount() const
{
    return state_->database.integer("SELECT count(*) FROM records");
}

std::vector<Record> Catalog::records() const
{
    std::vector<Record> records;
    auto& select = state_->prepared(std::string("SELECT ") + recordColumns + " FROM records ORDER BY id");
    while (select.step())
        records.push_back(state_->recordFrom(select));
    return records;
}

std::vector<Record> Catalog::records(const std::string& after, std::size_t most) const
{
    std::vector<Record> records;
    auto& select =
        state_->prepared(std::string("SELECT ") + recordColumns + " FROM records WHERE id > ? ORDER BY id LIMIT ?");
    select.bind(after).bind(static_cast<std::int64_t>(most));
    while (select.step())
        records.push_back(state_->recordFrom(select));
    return records;
}

std::vector<std::string> Catalog::splits() const
{
    std::vector<std::string> splits;
    auto& select = state_->prepared("SELECT DISTINCT split FROM records WHERE excluded = '' ORDER BY split");
    while (select.step())
        splits.push_back(select.text(0));
    return splits;
}

std::optional<Record> Catalog::find(const std::string& id) const
{
    auto& select = state_->prepared(std::string("SELECT ") + recordColumns + " FROM records WHERE id = ?");
    std::optional<Record> record;
    if (select.bind(id).step())
        record = state_->recordFrom(select);
    select.reset();
    return record;
}

std::optional<Record> Catalog::findByImage(const fs::path& image) const
{
    auto& select =
        state_->prepared(std::string("SELECT ") + recordColumns + " FROM records WHERE image = ? ORDER BY id LIMIT 1");
    std::optional<Record> record;
    if (select.bind(state_->stored(image)).step())
        record = state_->recordFrom(select);
    select.reset();
    return record;
}

void Catalog::put(const Record& record)
{
    state_->change([&] {
        state_
            ->prepared(
                std::string("INSERT INTO records (") + recordColumns +
                ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
                "image = excluded.image, caption = excluded.caption, extra = excluded.extra, split = excluded.split, "
                "split_given = excluded.split_given, width = excluded.width, height = excluded.height, "
                "bucket = excluded.bucket, bucket_given = excluded.bucket_given, image_hash = excluded.image_hash, "
                "image_bytes = excluded.image_bytes, image_modified = excluded.image_modified, "
                "source_caption = excluded.source_caption, split_edited = excluded.split_edited, "
                "tags = excluded.tags, excluded = excluded.excluded, exclusion_edited = excluded.exclusion_edited, "
                "tags_edited = excluded.tags_edited")
            .bind(record.id)
            .bind(state_->stored(record.image))
            .bind(record.caption)
            .bind(record.extra)
            .bind(record.split)
            .bind(record.splitGiven)
            .bind(record.original.width)
            .bind(record.original.height)
            .bind(bucketName(record.bucket))
            .bind(record.bucketGiven)
            .bind(record.imageHash)
            .bind(record.imageStamp.bytes)
            .bind(record.imageStamp.modifiedNanoseconds)
            .bindOptional(record.sourceCaption)
            .bind(record.splitEdited)
            .bind(nlohmann::json(record.tags).dump())
            .bind(record.excluded)
            .bind(record.exclusionEdited)
            .bind(record.tagsEdited)
            .run();
    });
}

void Catalog::excludeByRule(const std::string& id, const std::string& reason)
{
    state_->change([&] {
        state_->prepared("UPDATE records SET excluded = ? WHERE id = ? AND exclusion_edited = 0")
            .bind(reason)
            .bind(id)
            .run();
    });
}

void Catalog::putImage(const Record& record)
{
    state_->change([&] {
        state_
            ->prepared("UPDATE records SET width = ?, height = ?, bucket = ?, image_hash = ?, image_bytes = ?, "
                       "image_modified = ? WHERE id = ?")
            .bind(record.original.width)
            .bind(record.original.height)
            .bind(bucketName(record.bucket))
            .bind(record.imageHash)
            .bind(record.imageStamp.bytes)
            .bind(record.imageStamp.modifiedNanoseconds)
            .bind(record.id)
            .run();
    });
}

std::map<std::string, Provenance> Catalog::provenances(ArrayKind kind) const
{
    std::map<std::string, Provenance> found;
    auto& select =
        state_->prepared(std::string("SELECT ") + arrayColumns + " FROM arrays WHERE kind = ? ORDER BY record");
    select.bind(arrayName(kind));
    while (select.step())
        found.emplace_hint(found.end(), select.text(0), provenanceFrom(select));
    return found;
}

std::map<std::string, Provenance> Catalog::provenances(ArrayKind kind, const std::string& first,
                                                       const std::string& last) const
{
    std::map<std::string, Provenance> found;
    auto& select = state_->prepared(std::string("SELECT ") + arrayColumns +
                                    " FROM arrays WHERE kind = ? AND record BETWEEN ? AND ? ORDER BY record");
    select.bind(arrayName(kind)).bind(first).bind(last);
    while (select.step())
        found.emplace_hint(found.end(), select.text(0), provenanceFrom(select));
    return found;
}

std::optional<Provenance> Catalog::provenance(const std::string& id, ArrayKind kind) const
{
    auto& select =
        state_->prepared(std::string("SELECT ") + arrayColumns + " FROM arrays WHERE kind = ? AND record = ?");
    std::optional<Provenance> found;
    if (select.bind(arrayName(kind)).bind(id).step())
        found = provenanceFrom(select);
    select.reset();
    return found;
}

bool Catalog::hasProvenance(ArrayKind kind) const
{
    auto& select = state_->prepared("SELECT 1 FROM arrays WHERE kind = ? LIMIT 1");
    const bool found = select.bind(arrayName(kind)).step();
    select.reset();
    return found;
}

std::vector<std::string> Catalog::madeAfter(const std::string& utc) const
{
    std::vector<std::string> ids;
    auto& select =
        state_->prepared("SELECT DISTINCT record FROM arrays WHERE made_at > ? AND adopted = 0 ORDER BY record");
    select.bind(utc);
    while (select.step())
        ids.push_back(select.text(0));
    return ids;
}

void Catalog::beginMaking(const std::string& id, ArrayKind kind)
{
    state_->change([&] {
        state_->prepared("INSERT OR REPLACE INTO arrays VALUES (?, ?, '', '', 0, '', '', '[]', '')")
            .bind(id)
            .bind(arrayName(kind))
            .run();
    });
}

void Catalog::recordMade(const std::string& id, ArrayKind kind, const Provenance& provenance)
{
    state_->change([&] {
        state_->prepared("INSERT OR REPLACE INTO arrays VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .bind(id)
            .bind(arrayName(kind))
            .bind(provenance.inputs.fingerprint())
            .bind(provenance.inputs.toJson())
            .bind(provenance.adopted)
            .bind(provenance.madeAt)
            .bind(dtypeName(provenance.dtype))
            .bind(nlohmann::json(provenance.shape).dump())
            .bind(provenance.fileMark)
            .run();
    });
}

void Catalog::forget(const std::string& id, ArrayKind kind)
{
    state_->change([&] {
        state_->prepared("DELETE FROM arrays WHERE record = ? AND kind = ?").bind(id).bind(arrayName(kind)).run();
    });
}

void Catalog::recordFailure(const std::string& id, Pass pass, const std::string& reason)
{
    state_->change([&] {
        if (reason.empty())
            state_->prepared("DELETE FROM failures WHERE record = ? AND pass = ?").bind(id).bind(passName(pass)).run();
        else
            state_->prepared("INSERT OR REPLACE INTO failures VALUES (?, ?, ?)")
                .bind(id)
                .bind(passName(pass))
                .bind(reason)
                .run();
    });
}

std::map<std::string, std::string> Catalog::failures(Pass pass) const
{
    std::map<std::string, std::string> found;
    auto& select = state_->prepared("SELECT record, reason FROM failures WHERE pass = ? ORDER BY record");
    select.bind(passName(pass));
    while (select.step())
        found.emplace_hint(found.end(), select.text(0), select.text(1));
    return found;
}

void Catalog::addRate(Pass pass, const std::string& encoder, const std::string& device, const std::string& bucket,
                      const PassRate& rate)
{
    // Older measurements fade: at most this many records of them count beside new ones.
    constexpr double remembered = 1000;
    state_->change([&] {
        auto known = rates(pass, encoder, device)[bucket];
        const double share = known.records > remembered ? remembered / known.records : 1;
        state_->prepared("INSERT OR REPLACE INTO pass_rates VALUES (?, ?, ?, ?, ?, ?)")
            .bind(passName(pass))
            .bind(encoder)
            .bind(device)
            .bind(bucket)
            .bind(known.records * share + rate.records)
            .bind(known.seconds * share + rate.seconds)
            .run();
    });
}

std::map<std::string, PassRate> Catalog::rates(Pass pass, const std::string& encoder, const std::string& device) const
{
    std::map<std::string, PassRate> found;
    auto& select = state_->prepared(
        "SELECT bucket, records, seconds FROM pass_rates WHERE pass = ? AND encoder = ? AND device = ?");
    select.bind(passName(pass)).bind(encoder).bind(device);
    while (select.step())
        found[select.text(0)] = {.records = select.number(1), .seconds = select.number(2)};
    return found;
}

DataError noRecordsYet(const Workspace& workspace)
{
    return DataError("the workspace " + workspace.root.string() + " has no records yet", remedy::ImportPictures{});
}

DataError noRecordsLeft(const Workspace& workspace, const Catalog& catalog)
{
    const auto count = catalog.recordCount();
    if (count == 0)
        return noRecordsYet(workspace);
    return DataError("all records of the workspace " + workspace.root.string() + " are excluded (" +
                         std::to_string(count) + ")",
                     remedy::ListRecords{});
}

} // namespace nanodit
