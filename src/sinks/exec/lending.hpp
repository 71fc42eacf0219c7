// Lets another user read a video that is ours alone to read, without letting anybody else.
#pragma once

#include <sys/types.h>

#include <filesystem>

namespace seedhook::exec {

// By access lists (POSIX.1e draft 17, as acl(5) has them): `user` may read `file`, and pass through the folders from
// there up to `root`, which holds it. Needs no privilege but to own them. Blocks on the disk. Any process may do it at
// the same time. 0, or what went wrong as errno has it: EOPNOTSUPP where the file system has no access lists.
int lend(const std::filesystem::path& file, const std::filesystem::path& root, uid_t user);

} // namespace seedhook::exec
