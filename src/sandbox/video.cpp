// Videos of any size from a clip and a counter (boxes: ISO/IEC 14496-12, 4.2 and 8.1.2).
#include "sandbox/video.hpp"

#include "sandbox/clip.hpp"
#include "sandbox/random.hpp"
#include "seedhook/crypto/encoding.hpp"
#include "seedhook/crypto/hash.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace seedhook::sandbox {
namespace {

constexpr std::size_t longest_box_head = 256; // header, a request id of 128 characters, and words around it
constexpr std::size_t chunk = std::size_t{64} * 1024;

std::string big_endian_32(std::uint64_t value) {
    std::string out;
    for (unsigned shift : {24U, 16U, 8U, 0U}) {
        out += static_cast<char>((value >> shift) & 0xffU);
    }
    return out;
}

char filler(std::uint64_t key, std::uint64_t position) noexcept {
    const std::uint64_t word = mix(key + golden_gamma * (position / 8 + 1));
    return static_cast<char>((word >> (8 * (position % 8))) & 0xffU);
}

class video_body final : public http::body_source {
public:
    video_body(video of, std::uint64_t first, std::uint64_t length, std::optional<std::uint64_t> break_after)
        : video_(std::move(of)), at_(first), left_(length), until_break_(break_after) {}

    awaitable<result<std::size_t>> read(std::span<char> into) override {
        if (until_break_ && *until_break_ == 0) {
            co_return error(errc::network, "broken off on purpose");
        }
        const std::uint64_t limit = std::min(left_, until_break_.value_or(left_));
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), limit));
        video_.read(at_, into.first(count));
        at_ += count;
        left_ -= count;
        if (until_break_) {
            *until_break_ -= count;
        }
        co_return count;
    }

private:
    video video_;
    std::uint64_t at_;
    std::uint64_t left_;
    std::optional<std::uint64_t> until_break_;
};

} // namespace

std::uint64_t smallest_video() noexcept { return clip().size() + longest_box_head; }

video::video(std::uint64_t key, const std::string& request_id, std::uint64_t size) : key_(key), size_(size) {
    head_ = big_endian_32(size - clip().size()) + "free" + "seedance-sandbox " + request_id + "\n";
    const auto fingerprint = crypto::sha256_of(head_ + std::to_string(key) + " " + std::to_string(size));
    etag_ = '"' + crypto::to_hex(std::span(fingerprint).first(16)) + '"';
}

void video::read(std::uint64_t offset, std::span<char> into) const noexcept {
    const std::string_view parts[] = {clip(), head_};
    for (const std::string_view part : parts) {
        if (offset < part.size()) {
            const auto count = std::min<std::size_t>(into.size(), part.size() - static_cast<std::size_t>(offset));
            std::copy_n(part.data() + offset, count, into.data());
            into = into.subspan(count);
            offset = 0;
        } else {
            offset -= part.size();
        }
    }
    for (char& c : into) {
        c = filler(key_, offset);
        ++offset;
    }
}

std::string video::sha256() const {
    crypto::sha256 sum;
    std::vector<char> buffer(chunk);
    for (std::uint64_t at = 0; at < size_; at += chunk) {
        const auto piece =
            std::span(buffer).first(static_cast<std::size_t>(std::min<std::uint64_t>(chunk, size_ - at)));
        read(at, piece);
        sum.update(std::string_view(piece.data(), piece.size()));
    }
    return crypto::to_hex(sum.finish());
}

std::unique_ptr<http::body_source> make_video_body(video of, std::uint64_t first, std::uint64_t length,
                                                   std::optional<std::uint64_t> break_after) {
    return std::make_unique<video_body>(std::move(of), first, length, break_after);
}

} // namespace seedhook::sandbox
