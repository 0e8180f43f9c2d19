#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace nanodit::sqlite {

/// How a file is opened. Shared: read and written, with SQLite's locks. Immutable: read without locks, and without
/// changes that are still in its write-ahead log; the file must exist, its folder need not be writable. Alone: read and
/// written without locks, by a program that knows that no other one has it open.
enum class Access { Shared, Immutable, Alone };

/// A connection. Failures throw StoreError naming the file. One thread at a time.
class Database {
public:
    Database(std::filesystem::path file, Access access);
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    void execute(const std::string& sql);
    std::int64_t integer(const std::string& sql); ///< First column of the first row; 0 without rows.
    /// Tables of another file under the name `schema`, until detach.
    void attach(const std::filesystem::path& file, Access access, const std::string& schema);
    void detach(const std::string& schema);
    /// What SQL calls as `name`(text), a truth; the same answer for the same text.
    void addPredicate(const std::string& name, std::function<bool(const std::string&)> predicate);
    const std::filesystem::path& file() const { return file_; }
    sqlite3* handle() const { return handle_.get(); }
    [[noreturn]] void fail(const std::string& doing) const;

private:
    struct Close {
        void operator()(sqlite3* handle) const;
    };
    std::filesystem::path file_;
    std::unique_ptr<sqlite3, Close> handle_;
};

/// A prepared statement. Parameters are bound from 1 in the order of `bind` calls after `reset`.
class Statement {
public:
    Statement(const Database& database, std::string_view sql);

    Statement& reset(); ///< Forgets rows and parameters.
    Statement& bind(std::string_view text);
    Statement& bind(std::int64_t value);
    Statement& bind(double value);
    Statement& bind(bool value) { return bind(std::int64_t{value}); }
    Statement& bind(std::span<const std::byte> bytes);
    Statement& bindOptional(const std::optional<std::string>& text); ///< Empty: NULL.
    bool step();                                                     ///< True while there is a row.
    void run() { step(); }

    std::string text(int column) const;
    std::span<const std::byte> bytes(int column) const; ///< Until the next step.
    std::int64_t integer(int column) const;
    double number(int column) const;
    bool isNull(int column) const;

private:
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };
    const Database* database_;
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
    int bound_ = 0;
};

/// Takes the write lock at once (so that two writers queue instead of failing midway); rolled back unless committed.
class Transaction {
public:
    explicit Transaction(Database& database);
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    void commit();

private:
    Database* database_;
};

} // namespace nanodit::sqlite
