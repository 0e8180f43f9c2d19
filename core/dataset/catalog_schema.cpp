#include "core/dataset/catalog_schema.h"

#include "core/dataset/sqlite.h"
#include "core/runtime/error.h"

#include <array>
#include <string>

namespace nanodit {

namespace {

/// Step n brings a catalog from version n to n + 1; never change one that was released, add another.
constexpr std::array migrations = {
    R"sql(
        CREATE TABLE records (
            id TEXT PRIMARY KEY NOT NULL,
            image TEXT NOT NULL,             -- relative to the workspace where it lies inside
            caption TEXT NOT NULL,
            extra TEXT NOT NULL,             -- JSON object
            split TEXT NOT NULL,
            split_given INTEGER NOT NULL,
            width INTEGER NOT NULL,          -- of the original, pixels
            height INTEGER NOT NULL,
            bucket TEXT NOT NULL,            -- "1216x832"
            bucket_given INTEGER NOT NULL,
            image_hash TEXT NOT NULL,        -- SHA-256
            image_bytes INTEGER NOT NULL,
            image_modified INTEGER NOT NULL  -- nanoseconds since 1970
        ) WITHOUT ROWID;
        CREATE INDEX records_by_image ON records (image);
        CREATE TABLE arrays (
            record TEXT NOT NULL REFERENCES records (id) ON DELETE CASCADE,
            kind TEXT NOT NULL,              -- t5, vae, dinov3, dinov3_patches
            fingerprint TEXT NOT NULL,       -- of inputs; empty while the file is being written
            inputs TEXT NOT NULL,            -- JSON object
            adopted INTEGER NOT NULL,        -- made elsewhere and found good
            made_at TEXT NOT NULL,           -- UTC
            dtype TEXT NOT NULL,
            shape TEXT NOT NULL,             -- JSON list
            PRIMARY KEY (kind, record)
        ) WITHOUT ROWID;
        CREATE TABLE failures (
            record TEXT NOT NULL REFERENCES records (id) ON DELETE CASCADE,
            pass TEXT NOT NULL,
            reason TEXT NOT NULL,
            PRIMARY KEY (pass, record)
        ) WITHOUT ROWID;
    )sql",
    R"sql(
        CREATE TABLE certificates (          -- CertificateStore's: of the patches' alignment
            record TEXT PRIMARY KEY NOT NULL REFERENCES records (id) ON DELETE CASCADE,
            certificate TEXT NOT NULL,       -- JSON object
            inputs TEXT NOT NULL,            -- JSON object, as in arrays
            sha256 TEXT NOT NULL,            -- of the file it holds for
            bytes INTEGER NOT NULL,
            modified INTEGER NOT NULL        -- nanoseconds since 1970
        ) WITHOUT ROWID;
    )sql",
    R"sql(
        ALTER TABLE records ADD COLUMN source_caption TEXT;                        -- NULL: as caption
        ALTER TABLE records ADD COLUMN split_edited INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE records ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';            -- JSON list
        ALTER TABLE records ADD COLUMN excluded TEXT NOT NULL DEFAULT '';          -- the reason
        ALTER TABLE records ADD COLUMN exclusion_edited INTEGER NOT NULL DEFAULT 0; -- a person decided
        ALTER TABLE arrays ADD COLUMN file_mark TEXT NOT NULL DEFAULT '';          -- of the file that was judged
    )sql",
    R"sql(
        CREATE TABLE pass_rates (
            pass TEXT NOT NULL,
            encoder TEXT NOT NULL,           -- its fingerprint
            device TEXT NOT NULL,            -- what computed, in words
            bucket TEXT NOT NULL,            -- empty for passes that do not depend on it
            records REAL NOT NULL,
            seconds REAL NOT NULL,
            PRIMARY KEY (pass, encoder, device, bucket)
        ) WITHOUT ROWID;
    )sql",
    R"sql(
        CREATE TABLE fingerprints (          -- FingerprintStore's: of pictures, to find duplicates by
            record TEXT PRIMARY KEY NOT NULL REFERENCES records (id) ON DELETE CASCADE,
            image_hash TEXT NOT NULL,        -- of the file that it was taken of
            pixels INTEGER NOT NULL,
            structure INTEGER NOT NULL,
            colours BLOB NOT NULL
        ) WITHOUT ROWID;
        ALTER TABLE records ADD COLUMN tags_edited INTEGER NOT NULL DEFAULT 0;
        UPDATE records SET tags_edited = 1 WHERE tags <> '[]'; -- nobody but a person gave any
    )sql",
    R"sql(
        CREATE TABLE command_captions (      -- what caption_command wrote
            record TEXT PRIMARY KEY NOT NULL REFERENCES records (id) ON DELETE CASCADE,
            command TEXT NOT NULL,           -- its fingerprint
            image_hash TEXT NOT NULL,
            caption TEXT NOT NULL
        ) WITHOUT ROWID;
    )sql",
};

} // namespace

std::int64_t catalogVersion()
{
    return static_cast<std::int64_t>(migrations.size());
}

void migrateCatalog(sqlite::Database& database)
{
    const auto known = catalogVersion();
    const auto version = database.integer("PRAGMA user_version");
    if (version > known)
        throw DataError("the catalog " + database.file().string() + " has version " + std::to_string(version) +
                        ", this program knows " + std::to_string(known) + ": use the newer program that made it");
    if (version == known)
        return;
    sqlite::Transaction transaction(database);
    // Another program may have been faster while this one waited for the lock.
    for (auto step = database.integer("PRAGMA user_version"); step < known; ++step)
        database.execute(migrations[static_cast<std::size_t>(step)]);
    database.execute("PRAGMA user_version = " + std::to_string(known));
    transaction.commit();
}

} // namespace nanodit
