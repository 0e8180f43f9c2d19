#include "core/dataset/catalog_part.h"

#include "core/dataset/shard_merge.h"
#include "core/dataset/sqlite.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <iterator>
#include <sys/file.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

constexpr auto betweenAttempts = std::chrono::milliseconds(50);

constexpr std::string_view partPrefix = "catalog.rank-", partSuffix = ".sqlite";

fs::path partFile(const Workspace& workspace, std::int64_t rank)
{
    char digits[24];
    std::snprintf(digits, sizeof digits, "%04lld", static_cast<long long>(rank));
    return workspace.catalogFile().parent_path() / (std::string(partPrefix) + digits + std::string(partSuffix));
}

/// The rank of a part by its file's name; empty for other files.
std::optional<std::int64_t> rankOfPart(const fs::path& file)
{
    const auto name = file.filename().string();
    if (!name.starts_with(partPrefix) || !name.ends_with(partSuffix))
        return std::nullopt;
    const auto digits = name.substr(partPrefix.size(), name.size() - partPrefix.size() - partSuffix.size());
    if (digits.size() < 4 || digits.size() > 9 ||
        !std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; }))
        return std::nullopt;
    return std::stoll(digits);
}

/// A part's file with the lock that goes with its process, however that ends.
class LockedFile {
public:
    /// Held by this object; taken by somebody else; the file that was locked is not there any more; the file system has
    /// no locks.
    enum class Lock { Held, Taken, Gone, Unknown };

    explicit LockedFile(const fs::path& file)
        : descriptor_(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666))
    {
        if (descriptor_ < 0)
            throw StoreError("the catalog's part " + file.string() + " could not be opened: " + std::strerror(errno) +
                             "; its folder must be writable");
        if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
            lock_ = errno == EWOULDBLOCK ? Lock::Taken : Lock::Unknown;
            return;
        }
        // Whoever took the part in may have removed it between opening and locking.
        struct stat opened {
        }, named{};
        const bool same = ::fstat(descriptor_, &opened) == 0 && ::stat(file.c_str(), &named) == 0 &&
                          opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
        lock_ = same ? Lock::Held : Lock::Gone;
    }
    ~LockedFile() { ::close(descriptor_); }
    LockedFile(const LockedFile&) = delete;
    LockedFile& operator=(const LockedFile&) = delete;

    Lock lock() const { return lock_; }

private:
    int descriptor_;
    Lock lock_ = Lock::Held;
};

/// What a rank changed since it copied its records: arrays by kind, failures by pass, records' pictures.
constexpr auto changeTables = R"sql(
    CREATE TABLE IF NOT EXISTS rank_changes (
        what TEXT NOT NULL,              -- array, failure, record
        kind TEXT NOT NULL,
        record TEXT NOT NULL,
        PRIMARY KEY (what, kind, record)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS rank_state (closed INTEGER NOT NULL);
)sql";

constexpr auto forgetChanges = R"sql(
    DROP TRIGGER IF EXISTS array_made;
    DROP TRIGGER IF EXISTS array_forgotten;
    DROP TRIGGER IF EXISTS failure_noted;
    DROP TRIGGER IF EXISTS failure_mended;
    DROP TRIGGER IF EXISTS picture_changed;
)sql";

constexpr auto noteChanges = R"sql(
    CREATE TRIGGER array_made AFTER INSERT ON arrays
        BEGIN INSERT OR REPLACE INTO rank_changes VALUES ('array', NEW.kind, NEW.record); END;
    CREATE TRIGGER array_forgotten AFTER DELETE ON arrays
        BEGIN INSERT OR REPLACE INTO rank_changes VALUES ('array', OLD.kind, OLD.record); END;
    CREATE TRIGGER failure_noted AFTER INSERT ON failures
        BEGIN INSERT OR REPLACE INTO rank_changes VALUES ('failure', NEW.pass, NEW.record); END;
    CREATE TRIGGER failure_mended AFTER DELETE ON failures
        BEGIN INSERT OR REPLACE INTO rank_changes VALUES ('failure', OLD.pass, OLD.record); END;
    CREATE TRIGGER picture_changed AFTER UPDATE ON records
        BEGIN INSERT OR REPLACE INTO rank_changes VALUES ('record', '', NEW.id); END;
)sql";

/// The rank's records as the workspace's catalog, `whole`, has them now, with all that is known of them; what the rank
/// itself changed in an earlier life and was not yet taken in stays.
constexpr auto copyRecords = R"sql(
    DELETE FROM main.records;
    INSERT INTO main.records SELECT * FROM whole.records WHERE held(id);
    DELETE FROM rank_changes WHERE what = 'record' OR record NOT IN (SELECT id FROM main.records);
    DELETE FROM main.arrays WHERE (kind, record) NOT IN (SELECT kind, record FROM rank_changes WHERE what = 'array');
    INSERT INTO main.arrays SELECT * FROM whole.arrays WHERE record IN (SELECT id FROM main.records)
        AND (kind, record) NOT IN (SELECT kind, record FROM rank_changes WHERE what = 'array');
    DELETE FROM main.failures WHERE (pass, record) NOT IN
        (SELECT kind, record FROM rank_changes WHERE what = 'failure');
    INSERT INTO main.failures SELECT * FROM whole.failures WHERE record IN (SELECT id FROM main.records)
        AND (pass, record) NOT IN (SELECT kind, record FROM rank_changes WHERE what = 'failure');
    DELETE FROM main.certificates;
    INSERT INTO main.certificates SELECT * FROM whole.certificates WHERE record IN (SELECT id FROM main.records);
    DELETE FROM rank_state;
)sql";

/// What the part changed, for records that there still are.
constexpr auto takeChanges = R"sql(
    DELETE FROM main.arrays WHERE (kind, record) IN (SELECT kind, record FROM part.rank_changes WHERE what = 'array');
    INSERT INTO main.arrays SELECT * FROM part.arrays
        WHERE (kind, record) IN (SELECT kind, record FROM part.rank_changes WHERE what = 'array')
        AND record IN (SELECT id FROM main.records);
    DELETE FROM main.failures WHERE (pass, record) IN
        (SELECT kind, record FROM part.rank_changes WHERE what = 'failure');
    INSERT INTO main.failures SELECT * FROM part.failures
        WHERE (pass, record) IN (SELECT kind, record FROM part.rank_changes WHERE what = 'failure')
        AND record IN (SELECT id FROM main.records);
    UPDATE main.records SET (width, height, bucket, image_hash, image_bytes, image_modified) =
        (SELECT width, height, bucket, image_hash, image_bytes, image_modified FROM part.records p
         WHERE p.id = main.records.id)
        WHERE id IN (SELECT record FROM part.rank_changes WHERE what = 'record');
    INSERT INTO main.pass_rates SELECT * FROM part.pass_rates WHERE true
        ON CONFLICT (pass, encoder, device, bucket) DO UPDATE SET
        records = records + excluded.records, seconds = seconds + excluded.seconds;
)sql";

/// What a change of the workspace's catalog changes; empty while it is being written to, since what is in its
/// write-ahead log cannot be read without locking it.
std::optional<FileStamp> quietStamp(const fs::path& catalogFile)
{
    const auto log = stampOf(catalogFile.string() + "-wal");
    return log && log->bytes > 0 ? std::nullopt : stampOf(catalogFile);
}

void copyAtOnce(sqlite::Database& part, const fs::path& whole)
{
    part.attach(whole, sqlite::Access::Immutable, "whole");
    try {
        if (part.integer("PRAGMA whole.user_version") != part.integer("PRAGMA main.user_version"))
            throw DataError("the catalog " + whole.string() + " was made by another version of this program",
                            remedy::UpdateCatalog{});
        if (part.integer("SELECT count(*) FROM (SELECT 1 FROM whole.records LIMIT 1)") == 0)
            throw DataError("the catalog " + whole.string() + " has no records yet", remedy::ImportPictures{});
        sqlite::Transaction transaction(part);
        part.execute(forgetChanges);
        part.execute(copyRecords);
        part.execute(noteChanges);
        transaction.commit();
    } catch (...) {
        part.detach("whole");
        throw;
    }
    part.detach("whole");
}

/// Again and again, until nobody changed the workspace's catalog meanwhile.
void copyWhenQuiet(sqlite::Database& part, const fs::path& whole, std::chrono::milliseconds patience)
{
    const auto end = std::chrono::steady_clock::now() + patience;
    for (;;) {
        const auto before = quietStamp(whole);
        std::exception_ptr failure;
        if (before) {
            try {
                copyAtOnce(part, whole);
            } catch (const Error&) {
                failure = std::current_exception();
            }
            if (quietStamp(whole) == before) {
                if (failure)
                    std::rethrow_exception(failure);
                return;
            }
        }
        if (std::chrono::steady_clock::now() >= end)
            throw StoreError("the catalog " + whole.string() +
                                 " is being written to, or was when a program was killed: let that end first",
                             remedy::UpdateCatalog{});
        std::this_thread::sleep_for(betweenAttempts);
    }
}

} // namespace

struct CatalogPart::State {
    std::unique_ptr<LockedFile> lock;
    std::optional<Catalog> catalog;
};

CatalogPart::CatalogPart(const Workspace& workspace, const RankShare& share, std::chrono::milliseconds patience)
    : state_(std::make_unique<State>())
{
    const auto whole = workspace.catalogFile();
    if (!fs::exists(whole))
        throw noRecordsYet(workspace);
    const auto file = partFile(workspace, share.rank);
    do
        state_->lock = std::make_unique<LockedFile>(file);
    while (state_->lock->lock() == LockedFile::Lock::Gone);
    if (state_->lock->lock() == LockedFile::Lock::Taken)
        throw StoreError("another process is rank " + std::to_string(share.rank) + " of this workspace (it holds " +
                         file.string() + "): give each process a rank of its own, or wait for that one to end");
    state_->catalog = Catalog::openAlone(workspace, file);
    auto& part = state_->catalog->database();
    part.addPredicate("held", [share](const std::string& id) { return share.holds(id); });
    part.execute(changeTables);
    part.execute("PRAGMA foreign_keys = OFF"); // or replacing a record would take its arrays along
    copyWhenQuiet(part, whole, patience);
    part.execute("PRAGMA foreign_keys = ON");
}

CatalogPart::~CatalogPart() = default;

Catalog& CatalogPart::catalog()
{
    return *state_->catalog;
}

void CatalogPart::close()
{
    state_->catalog->database().execute("INSERT INTO rank_state VALUES (1)");
}

namespace {

/// Whether the rank said that nothing more will be written. Read without disturbing a rank that is still at work.
bool isClosed(const fs::path& file)
{
    try {
        return sqlite::Database(file, sqlite::Access::Immutable).integer("SELECT count(*) FROM rank_state") > 0;
    } catch (const Error&) {
        return false; // it was just begun, or is being written to
    }
}

/// False when the part may still be written to.
bool takeIn(const fs::path& file, sqlite::Database& whole, const Workspace& workspace)
{
    const LockedFile lock(file);
    if (lock.lock() == LockedFile::Lock::Gone)
        return true;
    if (lock.lock() == LockedFile::Lock::Taken || (lock.lock() == LockedFile::Lock::Unknown && !isClosed(file)))
        return false;
    // Rolls back what was being written, brings tables that an older version left up to date, and makes those that a
    // rank that was killed at its start has not made.
    Catalog::openAlone(workspace, file).database().execute(changeTables);
    whole.attach(file, sqlite::Access::Alone, "part");
    sqlite::Transaction transaction(whole);
    whole.execute(takeChanges);
    transaction.commit();
    whole.detach("part");
    std::error_code ignored; // what cannot be removed is taken in again, which changes nothing
    fs::remove(file.string() + "-journal", ignored);
    fs::remove(file, ignored);
    return true;
}

std::vector<std::pair<std::int64_t, fs::path>> partsOf(const Workspace& workspace)
{
    std::vector<std::pair<std::int64_t, fs::path>> parts;
    std::error_code error;
    for (fs::directory_iterator it(workspace.catalogFile().parent_path(), error), end; !error && it != end;
         it.increment(error)) {
        if (const auto rank = rankOfPart(it->path()))
            parts.emplace_back(*rank, it->path());
    }
    std::ranges::sort(parts);
    return parts;
}

} // namespace

std::vector<std::int64_t> takeInParts(sqlite::Database& whole, const Workspace& workspace)
{
    std::vector<std::int64_t> atWork;
    for (const auto& [rank, file] : partsOf(workspace)) {
        if (!takeIn(file, whole, workspace))
            atWork.push_back(rank);
    }
    return atWork;
}

std::vector<std::int64_t> ranksAtWork(const Workspace& workspace)
{
    std::vector<std::int64_t> ranks;
    for (const auto& [rank, file] : partsOf(workspace))
        ranks.push_back(rank);
    return ranks;
}

RanksMerged mergeRanks(const Workspace& workspace)
{
    const auto before = ranksAtWork(workspace);
    Catalog::open(workspace); // which takes in all it can
    RanksMerged merged;
    merged.atWork = ranksAtWork(workspace);
    std::ranges::set_difference(before, merged.atWork, std::back_inserter(merged.taken));
    if (auto sets = mergeRankShards(workspace))
        merged.sets = std::move(*sets);
    return merged;
}

} // namespace nanodit
