// The tables, and how older files become the present version.
#pragma once

#include "store/sqlite/connection.hpp"

namespace seedhook::sqlite {

// Brings the file to the present version, each step in a transaction of its own. Throws sqlite_failure; a file that a
// newer seedhook wrote, or another program, is errc::invalid.
result<void> migrate(connection& db);

} // namespace seedhook::sqlite
