// Where requests to the API go, and what keeps the key out of everything else.
#include "seedhook/http/url.hpp"
#include "seedhook/model/text.hpp"
#include "seedhook/seedance/api.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace seedhook::seedance {
namespace {

constexpr std::size_t longest_answer = 1024 * 1024;
constexpr std::string_view stand_in = "[key]";
constexpr std::size_t shortest_telling_part = 8; // of a key at a text's end

result<void> check_base_url(std::string_view text) {
    const auto parsed = http::parse_url(text);
    if (!parsed) {
        return within("api.base_url", parsed.error());
    }
    if (text.find_first_of("?#") != std::string_view::npos) {
        return error(errc::invalid, "api.base_url: it must not have a query or a fragment");
    }
    return {};
}

result<void> check_key(std::string_view key) {
    if (key.empty()) {
        return error(errc::invalid, "api.key: it is empty");
    }
    if (!std::all_of(key.begin(), key.end(), [](char c) { return c > 0x20 && c < 0x7f; })) {
        return error(errc::invalid, "api.key: it has characters that no key has");
    }
    return {};
}

// How many of the text's last bytes are the beginning of a key that was cut off; 0 when they tell nothing of it.
std::size_t cut_key(std::string_view text, std::string_view key) {
    for (std::size_t size = std::min(key.size(), text.size()); size >= shortest_telling_part; --size) {
        if (text.ends_with(key.substr(0, size))) {
            return size;
        }
    }
    return 0;
}

void cut_at_character(std::string& text, std::size_t most) {
    if (text.size() > most) {
        std::size_t end = most;
        while (end > 0 && (static_cast<std::uint8_t>(text[end]) & 0xc0) == 0x80) {
            --end;
        }
        text.resize(end);
    }
}

} // namespace

api_address::api_address(std::string_view base_url, config::secret key)
    : fault_(check_base_url(base_url)), key_(std::move(key)) {
    if (fault_) {
        fault_ = check_key(key_.reveal());
    }
    if (fault_) {
        base_ = base_url.substr(0, base_url.find_last_not_of('/') + 1);
    }
}

result<void> api_address::check() const { return fault_; }

http::client_request api_address::request(std::string method, std::string_view path) const {
    http::client_request out;
    out.method = std::move(method);
    out.response_limit = longest_answer;
    if (base_.empty()) {
        return out; // without a URL the client refuses it
    }
    out.url = base_;
    out.url.append(path.starts_with('/') ? "" : "/").append(path); // `.example` would become a part of the host
    out.fields.emplace_back("Authorization", "Bearer " + key_.reveal());
    return out;
}

std::string api_address::without_key(std::string_view text) const {
    const std::string_view key = key_.reveal();
    if (key.empty()) {
        return std::string(text);
    }
    std::string out;
    for (std::size_t at = text.find(key); at != std::string_view::npos; at = text.find(key)) {
        out.append(text.substr(0, at)).append(stand_in);
        text.remove_prefix(at + key.size());
    }
    const std::size_t cut = cut_key(text, key);
    return out.append(text.substr(0, text.size() - cut)).append(cut == 0 ? std::string_view() : stand_in);
}

std::string api_address::shown(std::string_view text, std::size_t most) const {
    std::string out = printable(without_key(text));
    cut_at_character(out, most);
    return out;
}

} // namespace seedhook::seedance
