// Reading for requests: at once what is in memory, through the disk's threads what is not.
#include "sinks/s3/file_range.hpp"

#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

namespace seedhook::s3 {
namespace {

// Bytes read, or -1 with errno.
ssize_t read_once(int fd, std::span<char> into, std::uint64_t at, int flags) {
    const iovec piece{into.data(), into.size()};
    ssize_t got = 0;
    do {
        got = ::preadv2(fd, &piece, 1, static_cast<off_t>(at), flags);
    } while (got < 0 && errno == EINTR);
    return got;
}

} // namespace

awaitable<result<std::size_t>> file_range::read_at(std::uint64_t offset, std::span<char> into) {
    const std::span<char> piece =
        into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), size_ - offset)));
    const std::uint64_t at = begin_ + offset;
    const ssize_t in_memory = read_once(file_->get(), piece, at, RWF_NOWAIT);
    if (in_memory > 0) {
        co_return static_cast<std::size_t>(in_memory);
    }
    auto reading = [file = file_, piece, at]() -> result<std::size_t> {
        const ssize_t got = read_once(file->get(), piece, at, 0);
        if (got < 0) {
            return errno_error("reading the video in the spool", errno);
        }
        return static_cast<std::size_t>(got);
    };
    co_return co_await disk_.run(std::move(reading));
}

} // namespace seedhook::s3
