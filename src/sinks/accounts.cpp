// Looking up users and groups, and whether we may become them.
#include "sinks/accounts.hpp"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string_view>

namespace seedhook {
namespace {

constexpr std::size_t entry_buffer = 64 * 1024; // for a user or group with many members
constexpr int most_groups = 65536;              // the kernel's own limit

std::optional<std::uint32_t> parse_id(std::string_view text) {
    std::uint32_t value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = failure == std::errc() && end == text.data() + text.size();
    return whole && value != std::numeric_limits<std::uint32_t>::max() ? std::optional(value) : std::nullopt;
}

struct account {
    std::string name; // empty: a number that nobody bears
    uid_t user = 0;
    std::optional<gid_t> group;
};

result<account> find_account(const std::string& name) {
    std::vector<char> buffer(entry_buffer);
    passwd entry{};
    passwd* found = nullptr;
    const auto number = parse_id(name);
    if (number) {
        ::getpwuid_r(*number, &entry, buffer.data(), buffer.size(), &found);
    } else {
        ::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
    }
    if (found != nullptr) {
        return account{entry.pw_name, entry.pw_uid, entry.pw_gid};
    }
    if (number) {
        return account{{}, *number, {}};
    }
    return error(errc::invalid, "there is no user `" + name + "`");
}

std::vector<gid_t> groups_of(const std::string& user, gid_t group) {
    std::vector<gid_t> all(64);
    int count = static_cast<int>(all.size());
    while (::getgrouplist(user.c_str(), group, all.data(), &count) < 0 && count <= most_groups) {
        all.resize(static_cast<std::size_t>(count));
    }
    all.resize(static_cast<std::size_t>(count));
    return all;
}

// To become another, and to end what then runs.
bool may_become_others() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> held{};
    if (::syscall(SYS_capget, &header, held.data()) != 0) {
        return ::geteuid() == 0;
    }
    constexpr unsigned needed = 1U << CAP_SETUID | 1U << CAP_SETGID | 1U << CAP_KILL;
    return (held[0].effective & needed) == needed;
}

} // namespace

result<std::optional<uid_t>> user_id(const std::string& name) {
    if (name.empty()) {
        return std::optional<uid_t>();
    }
    const auto found = find_account(name);
    return found ? result<std::optional<uid_t>>(found->user) : found.error();
}

result<std::optional<gid_t>> group_id(const std::string& name) {
    if (name.empty()) {
        return std::optional<gid_t>();
    }
    if (const auto number = parse_id(name)) {
        return std::optional<gid_t>(*number);
    }
    std::vector<char> buffer(entry_buffer);
    group entry{};
    group* found = nullptr;
    ::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
    if (found == nullptr) {
        return error(errc::invalid, "there is no group `" + name + "`");
    }
    return std::optional<gid_t>(entry.gr_gid);
}

result<std::optional<identity>> identity_of(const std::string& user, const std::string& group) {
    const auto wanted_group = group_id(group);
    if (!wanted_group) {
        return within("group", wanted_group.error());
    }
    identity who;
    if (user.empty()) {
        if (!*wanted_group) {
            return std::optional<identity>();
        }
        who.group = **wanted_group;
        who.groups = {who.group};
    } else {
        const auto found = find_account(user);
        if (!found) {
            return within("user", found.error());
        }
        const std::optional<gid_t> own = *wanted_group ? *wanted_group : found->group;
        if (!own) {
            return error(errc::invalid, "user: nobody bears the number " + user + ", so `group` must be said too");
        }
        who.user = found->user;
        who.group = *own;
        who.groups = found->name.empty() ? std::vector<gid_t>{who.group} : groups_of(found->name, who.group);
    }
    if (who.user.value_or(::geteuid()) == ::geteuid() && who.group == ::getegid()) {
        return std::optional<identity>();
    }
    if (!may_become_others()) {
        return error(errc::invalid, "user and group: only root (or CAP_SETUID, CAP_SETGID and CAP_KILL together) may "
                                    "run a command as somebody else");
    }
    return std::optional<identity>(std::move(who));
}

} // namespace seedhook
