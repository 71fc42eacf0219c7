// Hashes of a stretch of a video: the SHA-256 that its request is signed with, and the checksum that the service is to
// compare, where one is asked for.
#pragma once

#include "seedhook/async/blocking_pool.hpp"
#include "seedhook/config/config.hpp"
#include "seedhook/model/error.hpp"
#include "sinks/s3/file_range.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace seedhook::s3 {

using checksum_kind = config::s3_sink::checksum_kind;

// `CRC32C`, as x-amz-checksum-algorithm and the elements of requests have it; empty for none.
std::string_view name_of(checksum_kind kind) noexcept;

// `x-amz-checksum-crc32c`.
std::string field_of(checksum_kind kind);

struct digests {
    std::string sha256;   // hex
    std::string checksum; // base64; empty: none was asked for
};

// Reads `size` bytes from `begin` on, on the disk's threads. errc::io when the file is shorter; cancelled.
awaitable<result<digests>> digest(shared_file file, std::uint64_t begin, std::uint64_t size, checksum_kind kind,
                                  blocking_pool& disk);

// The checksum of a SHA-256 that is known already, in hex, where that is the kind.
std::string checksum_of_sha256(std::string_view hex);

} // namespace seedhook::s3
