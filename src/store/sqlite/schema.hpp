// The tables, and how older files become the present version.
#pragma once

#include "store/sqlite/connection.hpp"

namespace seedhook::sqlite {

// errc::invalid for a file that a newer seedhook wrote, or another program. Throws sqlite_failure.
result<void> recognise(connection& db);

// Brings the file to the present version, each step in a transaction of its own. Fails and throws as `recognise`.
result<void> migrate(connection& db);

} // namespace seedhook::sqlite
