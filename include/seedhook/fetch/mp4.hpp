// Tells a whole MP4 file from a truncated one, an HTML page and an empty body, while it streams by.
#pragma once

#include "seedhook/model/error.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>

namespace seedhook {

// Follows the top-level boxes of an ISO base media file (ISO/IEC 14496-12, 4.2): the first is `ftyp`, a `moov` and an
// `mdat` that are not empty are among them, every size is sane and the last one ends with the file. Constant memory.
class mp4_check {
public:
    // The next bytes of the file, in order. errc::invalid as soon as it cannot be an MP4; the check then stays failed.
    result<void> update(std::span<const char> data);

    // The file ends here. errc::invalid when a box is cut off or `ftyp`, `moov` or `mdat` is missing.
    result<void> finish() const;

private:
    result<void> fail(std::string why);
    result<void> open_box();

    std::array<unsigned char, 16> head_{};
    unsigned have_ = 0;      // bytes of the present box's head
    bool inside_ = false;    // its head is whole; its content follows
    std::uint64_t rest_ = 0; // bytes of its content still to come
    bool to_end_ = false;    // it runs to the end of the file (size 0)
    bool first_ = true;      // no box's head was whole yet
    enum class kind { other, moov, mdat } kind_ = kind::other;
    bool seen_moov_ = false;
    bool seen_mdat_ = false;
    std::uint64_t offset_ = 0; // of the next byte
    std::string failed_;       // why, once it has
};

} // namespace seedhook
