// Reading beside the writer, over a connection of its own.
#pragma once

#include "seedhook/store/database.hpp"

#include <memory>
#include <string>

namespace seedhook::sqlite {

// Connects at the first read; a connection that failed is opened anew at the next.
std::unique_ptr<database_reader> make_sqlite_reader(std::string path);

} // namespace seedhook::sqlite
