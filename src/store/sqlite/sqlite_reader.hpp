// Reading beside the writer, over a connection of its own.
#pragma once

#include "seedhook/store/database.hpp"
#include "store/sqlite/connection.hpp"
#include "store/sqlite/request_index.hpp"

#include <memory>
#include <mutex>
#include <string>

namespace seedhook::sqlite {

// A reader's connection. Whoever uses or closes it holds the lock.
struct reader_connection {
    std::mutex lock;
    std::unique_ptr<connection> db;
};

// Connects when a query finds no connection; one that failed is closed.
std::unique_ptr<database_reader> make_sqlite_reader(std::string path, std::shared_ptr<reader_connection> over,
                                                    std::shared_ptr<const request_index> requests);

} // namespace seedhook::sqlite
