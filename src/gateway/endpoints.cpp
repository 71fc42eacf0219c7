// The table of the gateway: who may use it, which source is meant, and what is done with the request.
#include "gateway/answer.hpp"
#include "gateway/passage.hpp"
#include "seedhook/gateway/gateway.hpp"
#include "seedhook/http/credentials.hpp"
#include "seedhook/log/seldom.hpp"
#include "seedhook/model/text.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace seedhook {
namespace gateway {
namespace {

using namespace std::string_view_literals;
using shared_context = std::shared_ptr<const gateway_context>;

constexpr std::string_view prefix = "/api/open/v1";
constexpr std::string_view source_field = "X-Seedhook-Source";

http::response answer(unsigned status, std::string_view code, std::string_view message) {
    return http::error_response(status, code, message);
}

// What keeps a request out, if anything.
std::optional<http::response> denial(const gateway_context& with, const http::request& asked) {
    if (!with.token.empty()) {
        if (http::bears(asked, with.token.reveal())) {
            return std::nullopt;
        }
        log::write_seldom(log::level::warning, "gateway's token missing or wrong", 0, {{"peer", asked.peer}});
        auto out = answer(401, "unauthorized", "the Bearer must be the gateway's token");
        out.fields.emplace_back("WWW-Authenticate", "Bearer");
        return out;
    }
    // Any web page may make its visitor's browser post to loopback, and browsers say so.
    if (asked.count("Origin") > 0) {
        log::write_seldom(log::level::warning, "a web page tried to use the gateway", 0, {{"peer", asked.peer}});
        return answer(403, "forbidden", "web pages may use the gateway only with a token");
    }
    return std::nullopt;
}

std::string names_of(const upstreams& all) {
    std::string out;
    for (const upstream& one : all) {
        out += (out.empty() ? "" : ", ") + one.name;
    }
    return out;
}

// The upstream that a request is for, or the answer to one that does not say.
struct choice {
    std::shared_ptr<const upstreams> present; // keeps `chosen`
    const upstream* chosen = nullptr;
    std::optional<http::response> refused;
};

choice choose(const gateway_context& with, const http::request& asked, std::string_view in_path) {
    choice out;
    out.present = with.sources();
    const std::size_t count = asked.count(source_field);
    const std::string_view in_field = asked.find(source_field).value_or("");
    if (count > 1 || (count == 1 && !in_path.empty() && in_field != in_path)) {
        out.refused = answer(400, "invalid_request", "the request names more than one source");
        return out;
    }
    const std::string_view name = !in_path.empty() ? in_path : in_field;
    if (name.empty() && count == 0 && out.present->size() == 1) {
        out.chosen = &out.present->front();
    } else if (name.empty()) {
        out.refused = answer(400, "invalid_request",
                             "say which source: put its name in front of the path (/NAME/api/open/v1/…) or into "
                             "X-Seedhook-Source; there are: " +
                                 names_of(*out.present));
    } else if (out.chosen = find_upstream(*out.present, name); out.chosen == nullptr) {
        out.refused = to_response(no_such_source(name));
    }
    return out;
}

// Fields of the app's that upstream may want; its key, cookies and addresses are not among them.
void add_fields(http::client_request& to, const http::request& from) {
    constexpr std::array passed{"Accept"sv, "Accept-Language"sv, "If-Modified-Since"sv, "If-None-Match"sv};
    for (const std::string_view name : passed) {
        if (const auto value = from.find(name)) {
            to.fields.emplace_back(name, *value);
        }
    }
}

awaitable<http::response> pass(shared_context with, const upstream& to, std::string path, const http::request& asked) {
    if (!asked.query.empty()) {
        path.append("?").append(asked.query);
    }
    http::client_request what = to.address.request(std::string(asked.method), path);
    add_fields(what, asked);
    auto passed = co_await pass_through(with->client, with->passages, to, std::move(what));
    co_return passed;
}

// What stood for `{}` in the path: the source where it is named there, and the requestId.
struct places {
    std::string_view source;
    std::optional<std::string> request_id;
};

places places_of(const http::request& asked, bool names_source) {
    places out;
    out.source = names_source ? asked.captures.front() : std::string_view();
    const std::size_t id = names_source ? 1 : 0;
    if (asked.captures.size() > id) {
        auto decoded = http::percent_decode(asked.captures[id]);
        out.request_id = decoded && valid_request_id(*decoded) ? std::move(decoded) : std::nullopt;
    }
    return out;
}

enum class verb { models, submit, status, cancel };

awaitable<http::response> handle(shared_context with, const http::request& asked, verb what, bool names_source) {
    if (auto denied = denial(*with, asked)) {
        co_return std::move(*denied);
    }
    const places at = places_of(asked, names_source);
    choice to = choose(*with, asked, at.source);
    if (to.refused) {
        co_return std::move(*to.refused);
    }
    if ((what == verb::status || what == verb::cancel) && !at.request_id) {
        co_return to_response(no_such_request_id());
    }
    if (what == verb::submit) {
        auto submitted = co_await with->desk.submit(to.chosen->name, std::string(asked.body), "gateway");
        co_return to_response(std::move(submitted));
    }
    if (what == verb::cancel) {
        auto cancelled = co_await with->desk.cancel(to.chosen->name, *at.request_id);
        co_return to_response(std::move(cancelled));
    }
    std::string path(prefix);
    path += what == verb::models ? "/models" : "/video/generations/" + *at.request_id;
    auto passed = co_await pass(with, *to.chosen, std::move(path), asked);
    co_return passed;
}

void add(http::router& into, const shared_context& with, std::string method, std::string_view path, verb what) {
    for (const bool names_source : {false, true}) {
        http::endpoint e;
        e.method = method;
        e.path = std::string(names_source ? "/{}" : "").append(prefix).append(path);
        e.body_limit = most_submission_bytes;
        e.handle = [with, what, names_source](const http::request& asked) {
            return handle(with, asked, what, names_source);
        };
        into.add(std::move(e));
    }
}

} // namespace
} // namespace gateway

void add_gateway_endpoints(http::router& into, gateway_context with) {
    using gateway::verb;
    const auto shared = std::make_shared<const gateway_context>(std::move(with));
    gateway::add(into, shared, "GET", "/models", verb::models);
    gateway::add(into, shared, "POST", "/video/generations", verb::submit);
    gateway::add(into, shared, "GET", "/video/generations/{}", verb::status);
    gateway::add(into, shared, "POST", "/video/generations/{}/cancel", verb::cancel);
}

} // namespace seedhook
