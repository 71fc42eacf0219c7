// Where requests to the API go, and what keeps the key out of everything else.
#include "seedhook/http/url.hpp"
#include "seedhook/model/text.hpp"
#include "seedhook/seedance/api.hpp"

#include <algorithm>
#include <utility>

namespace seedhook::seedance {
namespace {

constexpr std::size_t longest_answer = 1024 * 1024;
constexpr std::string_view stand_in = "[key]";

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
    return without_secret(text, key_.reveal(), stand_in);
}

std::string api_address::shown(std::string_view text, std::size_t most) const {
    return shortened(printable(without_key(text)), most);
}

} // namespace seedhook::seedance
