// Access lists as the kernel takes them: an attribute of a header and eight bytes for each entry.
#include "sinks/exec/lending.hpp"

#include "seedhook/async/unique_fd.hpp"

#include <fcntl.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <endian.h>
#include <vector>

namespace seedhook::exec {
namespace {

namespace fs = std::filesystem;

constexpr const char* attribute = "system.posix_acl_access";
constexpr std::size_t largest_list = 64 * 1024; // XATTR_SIZE_MAX
constexpr auto nobody_named = static_cast<std::uint32_t>(ACL_UNDEFINED_ID);

struct entry {
    std::uint16_t tag = 0;
    std::uint16_t allowed = 0;
    std::uint32_t who = nobody_named;
};

using access_list = std::vector<entry>; // in the order of their tags, as the kernel wants it

bool is_of(const entry& e, uid_t user) { return e.tag == ACL_USER && e.who == user; }

// Bound by the mask.
bool is_masked(const entry& e) { return e.tag == ACL_USER || e.tag == ACL_GROUP || e.tag == ACL_GROUP_OBJ; }

access_list list_of_mode(mode_t mode) {
    const auto bits = [mode](int shift) { return static_cast<std::uint16_t>((mode >> shift) & 7); };
    return {{ACL_USER_OBJ, bits(6), nobody_named},
            {ACL_GROUP_OBJ, bits(3), nobody_named},
            {ACL_OTHER, bits(0), nobody_named}};
}

// False with errno.
bool read_list(int fd, access_list& list) {
    std::vector<char> bytes(largest_list);
    const ssize_t size = ::fgetxattr(fd, attribute, bytes.data(), bytes.size());
    if (size < 0) {
        struct stat seen {};
        if (errno != ENODATA || ::fstat(fd, &seen) != 0) {
            return false;
        }
        list = list_of_mode(seen.st_mode);
        return true;
    }
    for (std::size_t at = sizeof(posix_acl_xattr_header);
         at + sizeof(posix_acl_xattr_entry) <= static_cast<std::size_t>(size); at += sizeof(posix_acl_xattr_entry)) {
        posix_acl_xattr_entry raw{};
        std::memcpy(&raw, bytes.data() + at, sizeof raw);
        list.push_back({le16toh(raw.e_tag), le16toh(raw.e_perm), le32toh(raw.e_id)});
    }
    errno = EIO;
    return list.size() >= 3; // owner, group and others are always there
}

bool write_list(int fd, const access_list& list) {
    std::vector<char> bytes(sizeof(posix_acl_xattr_header) + list.size() * sizeof(posix_acl_xattr_entry));
    const posix_acl_xattr_header header{htole32(POSIX_ACL_XATTR_VERSION)};
    std::memcpy(bytes.data(), &header, sizeof header);
    char* at = bytes.data() + sizeof header;
    for (const entry& e : list) {
        const posix_acl_xattr_entry raw{htole16(e.tag), htole16(e.allowed), htole32(e.who)};
        std::memcpy(at, &raw, sizeof raw);
        at += sizeof raw;
    }
    return ::fsetxattr(fd, attribute, bytes.data(), bytes.size(), 0) == 0;
}

void allow(access_list& list, uid_t user, std::uint16_t what) {
    const auto mine = std::find_if(list.begin(), list.end(), [user](const entry& e) { return is_of(e, user); });
    if (mine != list.end()) {
        mine->allowed = static_cast<std::uint16_t>(mine->allowed | what);
    } else {
        list.insert(std::next(list.begin()), {ACL_USER, what, user}); // after the owner's
    }
    unsigned all = 0;
    for (const entry& e : list) {
        all |= is_masked(e) ? e.allowed : 0U;
    }
    const auto mask = std::find_if(list.begin(), list.end(), [](const entry& e) { return e.tag == ACL_MASK; });
    if (mask != list.end()) {
        mask->allowed = static_cast<std::uint16_t>(mask->allowed | what);
    } else {
        list.insert(std::prev(list.end()),
                    {ACL_MASK, static_cast<std::uint16_t>(all), nobody_named}); // before the others'
    }
}

bool allows(const access_list& list, uid_t user, std::uint16_t what) {
    bool said = false;
    bool masked = true;
    for (const entry& e : list) {
        said = said || (is_of(e, user) && (e.allowed & what) == what);
        masked = masked && (e.tag != ACL_MASK || (e.allowed & what) == what);
    }
    return said && masked;
}

// The next three: false with errno.
bool add(int fd, uid_t user, std::uint16_t what) {
    access_list list;
    if (!read_list(fd, list)) {
        return false;
    }
    if (allows(list, user, what)) {
        return true;
    }
    allow(list, user, what);
    return write_list(fd, list);
}

// Locked: sinks that share the file's inode hold the same lock while they look at it (staging.cpp).
bool open_folder(const fs::path& folder, unique_fd& fd) {
    fd = unique_fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    while (fd && ::flock(fd.get(), LOCK_EX) != 0) {
        if (errno != EINTR) {
            return false;
        }
    }
    return static_cast<bool>(fd);
}

bool let_through(const fs::path& folder, uid_t user) {
    unique_fd fd;
    return open_folder(folder, fd) && add(fd.get(), user, ACL_EXECUTE);
}

} // namespace

int lend(const fs::path& file, const fs::path& root, uid_t user) {
    fs::path folder = root;
    if (!let_through(folder, user)) {
        return errno;
    }
    for (const fs::path& step : file.parent_path().lexically_relative(root)) {
        folder /= step;
        if (step == ".." || !let_through(folder, user)) {
            return step == ".." ? EINVAL : errno;
        }
    }
    unique_fd held;
    if (!open_folder(folder, held)) {
        return errno;
    }
    const unique_fd fd(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    return fd && add(fd.get(), user, ACL_READ) ? 0 : errno;
}

} // namespace seedhook::exec
