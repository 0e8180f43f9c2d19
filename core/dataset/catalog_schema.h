#pragma once

#include <cstdint>

namespace nanodit {

namespace sqlite {
class Database;
}

/// Of the tables that this program knows, kept in a catalog as user_version.
std::int64_t catalogVersion();
/// Makes the tables of an empty catalog, and brings those of an older version up to date, as a whole. Throws DataError
/// when a newer program made them.
void migrateCatalog(sqlite::Database& database);

} // namespace nanodit
