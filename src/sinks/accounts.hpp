// Users and groups of this machine, by name or number.
#pragma once

#include "seedhook/model/error.hpp"

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace seedhook {

// The user's or group's number; none for an empty name. errc::invalid when there is none of that name.
result<std::optional<uid_t>> user_id(const std::string& name);
result<std::optional<gid_t>> group_id(const std::string& name);

// Whom a process becomes.
struct identity {
    std::optional<uid_t> user; // none: stays who it is
    gid_t group = 0;
    std::vector<gid_t> groups; // all that it is in
};

// What the two names come to, with the groups that the user is in; none when that is who we are. `group` empty: the
// user's own. errc::invalid when there is no such account, also when we may not become, and end,
// others.
result<std::optional<identity>> identity_of(const std::string& user, const std::string& group);

} // namespace seedhook
