// Static keys in the files that AWS's tools share: credentials and config, in the INI dialect that botocore reads.
// https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
#pragma once

#include "seedhook/model/error.hpp"
#include "sinks/s3/signing.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace seedhook::s3 {

enum class shared_file_kind {
    credentials, // sections are named after their profiles
    config       // `[profile NAME]` or `[default]`; other sections are no profiles
};

// The keys of `profile` in the text of a shared file; nothing when it has no such profile, or the profile no
// aws_access_key_id (it may assume a role, use SSO or run a process, none of which is done here).
// errc::invalid, with the line, when the text is not of that dialect; errc::unauthorized when there is a key's id and
// no key. The text itself is never repeated.
result<std::optional<credentials>> find_keys(std::string_view text, shared_file_kind kind, std::string_view profile);

// The content of a regular file of at most 1 MiB. not_found, forbidden, io as for every file; errc::invalid for what is
// not a regular file or is larger. Blocks.
result<std::string> read_small_file(const std::string& path);

// errc::invalid when `what` could not be sent: control characters in it, or a space in what goes into a header. The
// usual reason is a line end at the end of a variable or file.
result<credentials> fit_to_send(credentials what);

} // namespace seedhook::s3
