// What of an answer of upstream an app gets to see.
#pragma once

#include "seedhook/gateway/front_desk.hpp"
#include "seedhook/gateway/upstream.hpp"
#include "seedhook/http/client.hpp"
#include "seedhook/model/error.hpp"

#include <string>
#include <string_view>

namespace seedhook::gateway {

// Puts `*` in the place of every letter of a key wherever it stands in a text that comes in pieces, also at the end,
// where it may be cut short to eight letters or more. The length stays.
class key_mask {
public:
    explicit key_mask(const config::secret& key) : key_(key.reveal()) {}

    // What can be passed on: all but an end that may be the beginning of the key.
    std::string pass(std::string_view piece);
    std::string rest(); // once no more comes

private:
    std::string key_;
    std::string held_;
};

std::string masked(std::string_view text, const config::secret& key);

// Fields that tell an app something: of the content, of caching and of limits, and names of the request. Not those of
// the connection, no cookies (they would be all apps'), no Location (it would lead past us, without a key).
http::field_list fields_for_app(const http::client_response& from, const upstream& of);
std::string content_type_for_app(const http::client_response& from, const upstream& of);

// All of an answer.
upstream_answer passed_on(const http::client_response& from, const upstream& of);

// An error of ours in upstream's form.
upstream_answer refusal(unsigned status, std::string_view code, std::string_view message);
upstream_answer no_such_source(std::string_view name);
upstream_answer no_such_request_id();
// No answer came: 504 when it was too late, else 502.
upstream_answer no_answer(errc why, std::string_view message);

http::response to_response(upstream_answer from);

} // namespace seedhook::gateway
