// The walk over an MP4's top-level boxes.
#include "seedhook/fetch/mp4.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string_view>

namespace seedhook {
namespace {

constexpr unsigned short_head = 8;      // size, type
constexpr unsigned long_head = 16;      // 1, type, 64-bit size
constexpr std::uint64_t ftyp_least = 8; // major brand and minor version

std::uint64_t big_endian(const unsigned char* bytes, unsigned count) noexcept {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < count; ++i) {
        value = value << 8 | bytes[i];
    }
    return value;
}

// Box types are four characters; QuickTime's own begin with a copyright sign (0xA9 in Mac Roman).
bool sane_type(const unsigned char* type) noexcept {
    return std::all_of(type, type + 4, [](unsigned char c) { return (c >= 0x20 && c < 0x7f) || c == 0xa9; });
}

// The first bytes as a person can read them.
std::string printable(const unsigned char* bytes, unsigned count) {
    std::string text;
    for (unsigned i = 0; i < count; ++i) {
        text += bytes[i] >= 0x20 && bytes[i] < 0x7f ? static_cast<char>(bytes[i]) : '.';
    }
    return text;
}

} // namespace

result<void> mp4_check::fail(std::string why) {
    failed_ = std::move(why);
    return error(errc::invalid, failed_);
}

// The present box's head is whole: what follows?
result<void> mp4_check::open_box() {
    const unsigned char* type = head_.data() + 4;
    const std::string_view name(reinterpret_cast<const char*>(type), 4);
    if (first_ && name != "ftyp") {
        return fail("not an MP4: it begins with `" + printable(head_.data(), short_head) + "`");
    }
    const std::string at = " at byte " + std::to_string(offset_ - have_);
    if (!sane_type(type)) {
        return fail("not a whole MP4: no box" + at);
    }
    const std::uint64_t size32 = big_endian(head_.data(), 4);
    const std::uint64_t size = size32 == 1 ? big_endian(head_.data() + 8, 8) : size32;
    to_end_ = size == 0 && size32 == 0;
    if (!to_end_ && (size < have_ || size > std::numeric_limits<std::int64_t>::max() - offset_)) {
        return fail("not a whole MP4: the box `" + printable(type, 4) + "`" + at + " has an impossible size");
    }
    rest_ = to_end_ ? 0 : size - have_;
    if (first_ && !to_end_ && rest_ < ftyp_least) {
        return fail("not an MP4: its `ftyp` is too short");
    }
    kind_ = name == "moov" ? kind::moov : name == "mdat" ? kind::mdat : kind::other;
    first_ = false;
    inside_ = true;
    return {};
}

result<void> mp4_check::update(std::span<const char> data) {
    if (!failed_.empty()) {
        return error(errc::invalid, failed_);
    }
    while (!data.empty()) {
        std::uint64_t take = data.size();
        if (!inside_) {
            const bool is_long = have_ >= short_head; // only a long head goes on past eight bytes
            take = std::min<std::uint64_t>(take, (is_long ? long_head : short_head) - have_);
            std::memcpy(head_.data() + have_, data.data(), take);
            have_ += static_cast<unsigned>(take);
            offset_ += take;
            if (have_ == long_head || (have_ == short_head && big_endian(head_.data(), 4) != 1)) {
                if (auto opened = open_box(); !opened) {
                    return opened;
                }
            } else if (have_ == short_head && first_ && std::memcmp(head_.data() + 4, "ftyp", 4) != 0) {
                return open_box(); // fails, and says why
            }
        } else {
            take = to_end_ ? take : std::min(take, rest_);
            seen_moov_ = seen_moov_ || kind_ == kind::moov;
            seen_mdat_ = seen_mdat_ || kind_ == kind::mdat;
            rest_ -= to_end_ ? 0 : take;
            offset_ += take;
        }
        data = data.subspan(take);
        if (inside_ && !to_end_ && rest_ == 0) {
            inside_ = false;
            have_ = 0;
        }
    }
    return {};
}

result<void> mp4_check::finish() const {
    if (!failed_.empty()) {
        return error(errc::invalid, failed_);
    }
    if (offset_ == 0) {
        return error(errc::invalid, "not an MP4: the file is empty");
    }
    if (have_ != 0 && (!inside_ || rest_ != 0)) {
        return error(errc::invalid, "not a whole MP4: it is cut off at byte " + std::to_string(offset_));
    }
    if (!seen_moov_ || !seen_mdat_) {
        return error(errc::invalid, std::string("not a whole MP4: it has no `") + (seen_moov_ ? "mdat" : "moov") + "`");
    }
    return {};
}

} // namespace seedhook
