// The video of one task: the clip, and behind it a `free` box that makes the file this task's own and as long as asked.
#pragma once

#include "seedhook/http/message.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace seedhook::sandbox {

// No video is shorter than this.
std::uint64_t smallest_video() noexcept;

// Made while it is read: costs no memory whatever its size, and any part of it can be had by itself. Immutable.
class video {
public:
    // `size` is at least smallest_video() and below 4 GiB; `key` is where its filler comes from.
    video(std::uint64_t key, const std::string& request_id, std::uint64_t size);

    std::uint64_t size() const noexcept { return size_; }
    const std::string& etag() const noexcept { return etag_; } // strong, with its quotes

    // Fills `into` with the bytes from `offset` on, which must lie within the file.
    void read(std::uint64_t offset, std::span<char> into) const noexcept;

    // Lower-case hex. Reads the whole file: blocks.
    std::string sha256() const;

private:
    std::uint64_t key_;
    std::uint64_t size_;
    std::string head_; // of the free box: its header, and text that names the task
    std::string etag_;
};

// `length` bytes from `first` on, as the body of a response. With `break_after` the connection breaks off there.
std::unique_ptr<http::body_source> make_video_body(video of, std::uint64_t first, std::uint64_t length,
                                                   std::optional<std::uint64_t> break_after = {});

} // namespace seedhook::sandbox
