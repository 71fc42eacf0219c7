// Notes as small JSON files, for the daemon's eyes only (0600).
#include "fetch/note.hpp"

#include "seedhook/async/unique_fd.hpp"
#include "seedhook/crypto/encoding.hpp"
#include "seedhook/crypto/hash.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace seedhook {
namespace {

namespace json = boost::json;

constexpr int note_version = 1;

// The front of a small file; empty when there is none, or it cannot be read.
std::string read_small(const char* file) {
    const unique_fd fd(::open(file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    std::string text(4096, '\0');
    std::size_t have = 0;
    while (fd && have < text.size()) {
        const ssize_t got = ::read(fd.get(), text.data() + have, text.size() - have);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return {};
        }
        if (got == 0) {
            break;
        }
        have += static_cast<std::size_t>(got);
    }
    text.resize(have);
    return text;
}

// False with errno. A write may take only a part of what it is given.
bool write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t wrote = ::write(fd, text.data(), text.size());
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote <= 0) {
            errno = wrote < 0 ? errno : EIO;
            return false;
        }
        text.remove_prefix(static_cast<std::size_t>(wrote));
    }
    return true;
}

std::string text_of(const json::object& from, std::string_view key) {
    const json::value* value = from.if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::optional<std::uint64_t> number_of(const json::object& from, std::string_view key) {
    const json::value* value = from.if_contains(key);
    if (value == nullptr || !value->is_int64() || value->get_int64() < 0) {
        return std::nullopt;
    }
    return static_cast<std::uint64_t>(value->get_int64());
}

} // namespace

std::optional<part_note> load_note(const std::filesystem::path& file) {
    json::error_code failure;
    const json::value parsed = json::parse(read_small(file.c_str()), failure);
    if (failure || !parsed.is_object() || number_of(parsed.get_object(), "version") != note_version) {
        return std::nullopt;
    }
    const json::object& from = parsed.get_object();
    part_note note;
    note.url_key = text_of(from, "url");
    note.validator = text_of(from, "validator");
    note.total = number_of(from, "total");
    note.content_type = text_of(from, "contentType");
    note.boot = text_of(from, "boot");
    note.synced = number_of(from, "synced").value_or(0);
    return note;
}

result<void> save_note(const std::filesystem::path& file, const part_note& note, bool durable) {
    json::object out;
    out["version"] = note_version;
    out["url"] = note.url_key;
    out["validator"] = note.validator;
    if (note.total) {
        out["total"] = static_cast<std::int64_t>(*note.total);
    }
    out["contentType"] = note.content_type;
    out["boot"] = note.boot;
    out["synced"] = static_cast<std::int64_t>(note.synced);
    const std::string text = json::serialize(out);
    const unique_fd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
    // A torn note is no JSON, and its part is then fetched anew.
    if (!fd || !write_all(fd.get(), text) || (durable && ::fdatasync(fd.get()) != 0)) {
        return errno_error("writing " + file.string(), errno);
    }
    return {};
}

std::string present_boot() {
    std::string id = read_small("/proc/sys/kernel/random/boot_id");
    while (!id.empty() && id.back() == '\n') {
        id.pop_back();
    }
    return id;
}

std::string url_key(std::string_view url) {
    if (const auto scheme = url.find("://"); scheme != std::string_view::npos) {
        url.remove_prefix(scheme + 3);
    }
    url = url.substr(0, url.find_first_of("?#"));
    const auto path = url.find('/');
    return crypto::to_hex(crypto::sha256_of(path == std::string_view::npos ? "/" : url.substr(path)));
}

} // namespace seedhook
