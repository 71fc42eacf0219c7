// Times as HTTP's fields tell them.
#pragma once

#include "seedhook/http/client.hpp"
#include "seedhook/model/time.hpp"

#include <optional>
#include <string_view>

namespace seedhook::http {

// An HTTP-date in any of its three forms (RFC 9110, 5.6.7).
std::optional<time_point> parse_http_date(std::string_view text);

// How long Retry-After asks to wait (RFC 9110, 10.2.3), at most a year. A date counts from the response's own Date, so
// that clocks may differ, or from `now` when it has none; one that has passed is zero. Nothing when the field is absent
// or neither digits alone nor a date.
std::optional<duration> retry_after(const client_response& head, time_point now);

} // namespace seedhook::http
