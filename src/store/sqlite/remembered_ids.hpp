// The names of tasks that were pruned, so that a callback that is sent again years later is still a duplicate.
#pragma once

#include "seedhook/model/task.hpp"
#include "store/sqlite/connection.hpp"

#include <string_view>

namespace seedhook::sqlite {

// Each name stands as the first 16 bytes of its SHA-256: two names meet with a chance of 2^-128, and nobody can make
// them. Its methods run within the transaction that the caller has open.
class remembered_ids {
public:
    // Looks whether there are any: where nothing was ever pruned, nothing is looked up.
    explicit remembered_ids(connection& db);

    bool contains(connection& db, std::string_view source, std::string_view request_id) const;
    void add(connection& db, const task& pruned);

private:
    bool any_;
};

} // namespace seedhook::sqlite
