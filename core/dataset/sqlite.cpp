#include "core/dataset/sqlite.h"

#include "core/runtime/error.h"

#include <sqlite3.h>

#include <cerrno>
#include <utility>

namespace nanodit::sqlite {

namespace {

/// How long a writer waits for another one, in milliseconds.
constexpr int busyTimeout = 30000;

/// A file as SQLite's URI: a question mark or a hash in its path must not end the path.
std::string uriOf(const std::filesystem::path& file, Access access)
{
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string uri = "file:";
    for (const char c : std::filesystem::absolute(file).string()) {
        if (c == '?' || c == '#' || c == '%') {
            uri += '%';
            uri += digits[static_cast<unsigned char>(c) >> 4];
            uri += digits[static_cast<unsigned char>(c) & 15];
        } else {
            uri += c;
        }
    }
    switch (access) {
    case Access::Shared:
        return uri + "?mode=rwc";
    case Access::Immutable:
        // In a folder that cannot be written to, SQLite could not make the shared memory file that WAL needs:
        // `immutable` does without.
        return uri + "?mode=ro&immutable=1";
    case Access::Alone:
        return uri + "?mode=rwc&vfs=unix-none";
    }
    return uri;
}

} // namespace

void Database::Close::operator()(sqlite3* handle) const
{
    sqlite3_close_v2(handle);
}

Database::Database(std::filesystem::path file, Access access)
    : file_(std::move(file))
{
    const int flags = SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX |
                      (access == Access::Immutable ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    sqlite3* handle = nullptr;
    const int result = sqlite3_open_v2(uriOf(file_, access).c_str(), &handle, flags, nullptr);
    handle_.reset(handle);
    if (result != SQLITE_OK)
        fail("opened");
    sqlite3_busy_timeout(handle, busyTimeout);
    sqlite3_extended_result_codes(handle, 1);
}

void Database::fail(const std::string& doing) const
{
    const std::string reason = handle_ ? sqlite3_errmsg(handle_.get()) : "out of memory";
    const int code = handle_ ? sqlite3_errcode(handle_.get()) & 0xff : SQLITE_NOMEM;
    const std::string what = "the catalog " + file_.string() + " could not be " + doing + ": " + reason;
    const int system = handle_ ? sqlite3_system_errno(handle_.get()) : 0;
    if (code == SQLITE_IOERR && (system == ENOSPC || system == EDQUOT)) // of the log's index, which SQLite maps
        throw StoreError(what + " because the disk is full; free some space and run again");
    switch (code) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        throw DataError(what + "; it is damaged or not a catalog: move it elsewhere and import the pictures again "
                               "(arrays below data/derived are kept and adopted)");
    case SQLITE_FULL:
        throw StoreError(what + "; free some space on the disk and run again");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        throw StoreError(what + "; another program is writing to this workspace: wait for it to end and run again");
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
        throw StoreError(what + "; check that its folder exists and that you may write to it");
    default:
        throw StoreError(what);
    }
}

void Database::execute(const std::string& sql)
{
    if (sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
        fail("changed");
}

std::int64_t Database::integer(const std::string& sql)
{
    Statement statement(*this, sql);
    return statement.step() ? statement.integer(0) : 0;
}

void Database::attach(const std::filesystem::path& file, Access access, const std::string& schema)
{
    Statement(*this, "ATTACH ? AS " + schema).bind(uriOf(file, access)).run();
}

void Database::detach(const std::string& schema)
{
    execute("DETACH " + schema);
}

void Database::addPredicate(const std::string& name, std::function<bool(const std::string&)> predicate)
{
    using Predicate = std::function<bool(const std::string&)>;
    const auto call = [](sqlite3_context* context, int, sqlite3_value** values) {
        const auto& ask = *static_cast<const Predicate*>(sqlite3_user_data(context));
        const auto* const text = reinterpret_cast<const char*>(sqlite3_value_text(values[0]));
        sqlite3_result_int(context, text != nullptr && ask(text) ? 1 : 0);
    };
    const auto forget = [](void* kept) { delete static_cast<Predicate*>(kept); };
    auto kept = std::make_unique<Predicate>(std::move(predicate));
    // On failure, too, SQLite calls `forget`.
    if (sqlite3_create_function_v2(handle_.get(), name.c_str(), 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, kept.release(),
                                   call, nullptr, nullptr, forget) != SQLITE_OK)
        fail("asked");
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const
{
    sqlite3_finalize(statement);
}

Statement::Statement(const Database& database, std::string_view sql)
    : database_(&database)
{
    sqlite3_stmt* statement = nullptr;
    const int result =
        sqlite3_prepare_v2(database.handle(), sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
    statement_.reset(statement);
    if (result != SQLITE_OK)
        database.fail("read");
}

Statement& Statement::reset()
{
    sqlite3_reset(statement_.get());
    sqlite3_clear_bindings(statement_.get());
    bound_ = 0;
    return *this;
}

Statement& Statement::bind(std::string_view text)
{
    // A default string_view has no data; SQLite would take it for NULL.
    const char* const data = text.data() ? text.data() : "";
    if (sqlite3_bind_text(statement_.get(), ++bound_, data, static_cast<int>(text.size()), SQLITE_TRANSIENT) !=
        SQLITE_OK)
        database_->fail("changed");
    return *this;
}

Statement& Statement::bind(std::int64_t value)
{
    if (sqlite3_bind_int64(statement_.get(), ++bound_, value) != SQLITE_OK)
        database_->fail("changed");
    return *this;
}

Statement& Statement::bind(double value)
{
    if (sqlite3_bind_double(statement_.get(), ++bound_, value) != SQLITE_OK)
        database_->fail("changed");
    return *this;
}

Statement& Statement::bind(std::span<const std::byte> bytes)
{
    if (sqlite3_bind_blob(statement_.get(), ++bound_, bytes.data(), static_cast<int>(bytes.size()), SQLITE_TRANSIENT) !=
        SQLITE_OK)
        database_->fail("changed");
    return *this;
}

Statement& Statement::bindOptional(const std::optional<std::string>& text)
{
    if (text)
        return bind(std::string_view(*text));
    if (sqlite3_bind_null(statement_.get(), ++bound_) != SQLITE_OK)
        database_->fail("changed");
    return *this;
}

bool Statement::step()
{
    switch (sqlite3_step(statement_.get())) {
    case SQLITE_ROW:
        return true;
    case SQLITE_DONE:
        return false;
    default:
        database_->fail(sqlite3_stmt_readonly(statement_.get()) ? "read" : "written");
    }
}

std::string Statement::text(int column) const
{
    const auto* const data = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
    return data ? std::string(data, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column)))
                : std::string();
}

std::span<const std::byte> Statement::bytes(int column) const
{
    const auto* const data = static_cast<const std::byte*>(sqlite3_column_blob(statement_.get(), column));
    return {data, data ? static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column)) : 0};
}

std::int64_t Statement::integer(int column) const
{
    return sqlite3_column_int64(statement_.get(), column);
}

double Statement::number(int column) const
{
    return sqlite3_column_double(statement_.get(), column);
}

bool Statement::isNull(int column) const
{
    return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

Transaction::Transaction(Database& database)
    : database_(&database)
{
    database.execute("BEGIN IMMEDIATE");
}

Transaction::~Transaction()
{
    if (database_)
        sqlite3_exec(database_->handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit()
{
    database_->execute("COMMIT");
    database_ = nullptr;
}

} // namespace nanodit::sqlite
