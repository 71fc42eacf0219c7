// Hashing and checking a video.
#include "fetch/tally.hpp"

#include "seedhook/crypto/encoding.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <vector>

namespace seedhook {
namespace {

constexpr std::size_t read_size = std::size_t{1} << 20;
constexpr std::uint64_t hashed_at_once = std::uint64_t{16} << 20; // the longest a cancelled caller waits for

} // namespace

result<void> tally::add(std::span<const char> data) {
    size_ += data.size();
    hash_.update(std::string_view(data.data(), data.size()));
    if (!check_) {
        return {};
    }
    return boxes_.update(data);
}

result<void> tally::whole() const {
    if (check_) {
        return boxes_.finish();
    }
    if (size_ == 0) {
        return error(errc::invalid, "the file is empty");
    }
    return {};
}

std::string tally::sha256() { return crypto::to_hex(hash_.finish()); }

result<bool> add_piece(tally& into, int fd, std::uint64_t end) {
    const std::uint64_t stop = std::min(end, into.size() + hashed_at_once);
    std::vector<char> buffer(static_cast<std::size_t>(std::min<std::uint64_t>(read_size, stop - into.size())));
    while (into.size() < stop) {
        const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), stop - into.size()));
        const ssize_t got = ::pread(fd, buffer.data(), want, static_cast<off_t>(into.size()));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return got < 0 ? errno_error("reading a video in the spool", errno)
                           : error(errc::io, "a file in the spool became shorter while it was read");
        }
        if (auto added = into.add(std::span(buffer.data(), static_cast<std::size_t>(got))); !added) {
            return added.error();
        }
    }
    return into.size() == end;
}

} // namespace seedhook
