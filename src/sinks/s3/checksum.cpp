// Checksums (https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html).
#include "sinks/s3/checksum.hpp"

#include "seedhook/crypto/encoding.hpp"
#include "seedhook/crypto/hash.hpp"

#include <boost/crc.hpp>

#include <openssl/evp.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <variant>
#include <vector>

namespace seedhook::s3 {
namespace {

constexpr std::uint64_t hashed_at_once = std::uint64_t{16} << 20; // the longest a cancelled caller waits for
constexpr std::size_t buffer_size = std::size_t{1} << 18;

using crc32 = boost::crc_optimal<32, 0x04C11DB7, 0xFFFFFFFF, 0xFFFFFFFF, true, true>;
using crc32c = boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true>;

class sha1 {
public:
    sha1() {
        if (state_ == nullptr || EVP_DigestInit_ex(state_.get(), EVP_sha1(), nullptr) != 1) {
            throw std::runtime_error("OpenSSL has no SHA-1");
        }
    }
    void process_bytes(const void* data, std::size_t size) { EVP_DigestUpdate(state_.get(), data, size); }
    std::vector<std::uint8_t> bytes() const {
        std::vector<std::uint8_t> out(20);
        EVP_DigestFinal_ex(state_.get(), out.data(), nullptr);
        return out;
    }

private:
    struct deleter {
        void operator()(EVP_MD_CTX* state) const noexcept { EVP_MD_CTX_free(state); }
    };
    std::unique_ptr<EVP_MD_CTX, deleter> state_{EVP_MD_CTX_new()};
};

template <class Crc>
std::vector<std::uint8_t> bytes_of(const Crc& crc) {
    const std::uint32_t value = crc.checksum();
    return {static_cast<std::uint8_t>(value >> 24), static_cast<std::uint8_t>(value >> 16),
            static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
}
std::vector<std::uint8_t> bytes_of(const sha1& hash) { return hash.bytes(); }

// What reading through a stretch has come to so far.
class running_digest {
public:
    explicit running_digest(checksum_kind kind) : kind_(kind) {
        switch (kind) {
        case checksum_kind::crc32:
            other_.emplace<crc32>();
            break;
        case checksum_kind::crc32c:
            other_.emplace<crc32c>();
            break;
        case checksum_kind::sha1:
            other_.emplace<sha1>();
            break;
        case checksum_kind::none:
        case checksum_kind::sha256:
            break;
        }
    }

    // Reads on, up to `size` bytes.
    result<void> read(int fd, std::uint64_t at, std::uint64_t size) {
        std::vector<char> buffer(buffer_size);
        while (size > 0) {
            const std::size_t most = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), size));
            const ssize_t got = ::pread(fd, buffer.data(), most, static_cast<off_t>(at));
            if (got < 0 && errno == EINTR) {
                continue;
            }
            if (got <= 0) {
                return got < 0 ? errno_error("reading the video in the spool", errno)
                               : error(errc::io, "the video in the spool became shorter");
            }
            take({buffer.data(), static_cast<std::size_t>(got)});
            at += static_cast<std::uint64_t>(got);
            size -= static_cast<std::uint64_t>(got);
        }
        return {};
    }

    digests finish() {
        digests out;
        out.sha256 = crypto::to_hex(sha256_.finish());
        if (kind_ == checksum_kind::sha256) {
            out.checksum = checksum_of_sha256(out.sha256);
        }
        std::visit(
            [&out](const auto& hash) {
                if constexpr (!std::is_same_v<std::decay_t<decltype(hash)>, std::monostate>) {
                    out.checksum = crypto::to_base64(bytes_of(hash));
                }
            },
            other_);
        return out;
    }

private:
    void take(std::string_view data) {
        sha256_.update(data);
        std::visit(
            [data](auto& hash) {
                if constexpr (!std::is_same_v<std::decay_t<decltype(hash)>, std::monostate>) {
                    hash.process_bytes(data.data(), data.size());
                }
            },
            other_);
    }

    checksum_kind kind_;
    crypto::sha256 sha256_;
    std::variant<std::monostate, crc32, crc32c, sha1> other_;
};

} // namespace

std::string_view name_of(checksum_kind kind) noexcept {
    switch (kind) {
    case checksum_kind::crc32:
        return "CRC32";
    case checksum_kind::crc32c:
        return "CRC32C";
    case checksum_kind::sha1:
        return "SHA1";
    case checksum_kind::sha256:
        return "SHA256";
    case checksum_kind::none:
        break;
    }
    return {};
}

std::string field_of(checksum_kind kind) {
    std::string name = "x-amz-checksum-";
    for (const char c : name_of(kind)) {
        name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return name;
}

std::string checksum_of_sha256(std::string_view hex) {
    return crypto::to_base64(crypto::from_hex(hex).value_or(std::vector<std::uint8_t>()));
}

awaitable<result<digests>> digest(shared_file file, std::uint64_t begin, std::uint64_t size, checksum_kind kind,
                                  blocking_pool& disk) {
    auto running = std::make_shared<running_digest>(kind);
    for (std::uint64_t done = 0; done < size;) {
        const bool stop = co_await cancelled();
        if (stop) {
            co_return error(errc::cancelled, "cancelled");
        }
        const std::uint64_t piece = std::min(hashed_at_once, size - done);
        auto reading = [file, running, at = begin + done, piece] { return running->read(file->get(), at, piece); };
        const auto read = co_await disk.run(std::move(reading));
        if (!read) {
            co_return read.error();
        }
        done += piece;
    }
    co_return running->finish();
}

} // namespace seedhook::s3
