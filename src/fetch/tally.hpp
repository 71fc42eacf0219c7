// What is computed over a video while its bytes go by: length, SHA-256 and whether it is a whole MP4.
#pragma once

#include "seedhook/crypto/hash.hpp"
#include "seedhook/fetch/mp4.hpp"
#include "seedhook/model/error.hpp"

#include <cstdint>
#include <span>
#include <string>

namespace seedhook {

class tally {
public:
    // `check`: whether it must be an MP4. Without, it must only not be empty.
    explicit tally(bool check) : check_(check) {}

    // The next bytes. errc::invalid as soon as they cannot belong to an MP4.
    result<void> add(std::span<const char> data);

    // The file ends here. errc::invalid when it is not whole.
    result<void> whole() const;

    std::uint64_t size() const noexcept { return size_; }

    // Lower-case hex. Ends the computation.
    std::string sha256();

private:
    bool check_;
    std::uint64_t size_ = 0;
    crypto::sha256 hash_;
    mp4_check boxes_;
};

// Adds the next piece of the open file to `into`, up to the file's byte `end`. True once all of it is in. errc::invalid
// when it cannot be an MP4, errc::io when the file ends before `end` or cannot be read.
result<bool> add_piece(tally& into, int fd, std::uint64_t end);

} // namespace seedhook
