// What doctor tries by speaking to somebody: the daemon, sinks, APIs, its own listeners.
#include "daemon/checks.hpp"

#include "seedhook/daemon/reach.hpp"
#include "seedhook/model/text.hpp"
#include "seedhook/seedance/api.hpp"
#include "seedhook/seedance/signature.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/json/parse.hpp>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace seedhook {
namespace {

namespace json = boost::json;

constexpr std::size_t longest_quotation = 300;

// No task has it: that the API says so proves that it took the key.
constexpr std::string_view nobodys_request = "seedhook-doctor";

json::object object_in(std::string_view text) {
    json::error_code broken;
    json::value parsed = json::parse(text, broken);
    return !broken && parsed.is_object() ? std::move(parsed.get_object()) : json::object();
}

std::string listed(const json::object& in, std::string_view key) {
    const auto* value = in.if_contains(key);
    const auto* all = value != nullptr ? value->if_array() : nullptr;
    std::string out;
    for (const json::value& one : all != nullptr ? *all : json::array()) {
        if (const auto* text = one.if_string()) {
            out += (out.empty() ? "" : "; ") + std::string(*text);
        }
    }
    return out;
}

std::string error_code_in(std::string_view text) {
    const json::object document = object_in(text);
    const auto* said = document.if_contains("error");
    const auto* fault = said != nullptr ? said->if_object() : nullptr;
    const auto* code = fault != nullptr ? fault->if_contains("code") : nullptr;
    return code != nullptr && code->is_string() ? std::string(code->get_string()) : std::string();
}

struct remark_of_probe {
    result<remark> operator()(const done& d) const { return remark(d.where); }
    result<remark> operator()(const again& a) const { return error(errc::unavailable, a.why); }
    result<remark> operator()(const not_yet& n) const { return error(errc::unavailable, n.why); }
    result<remark> operator()(const blocked& b) const { return error(errc::unavailable, b.why); }
    result<remark> operator()(const rejected& r) const { return error(errc::invalid, r.why); }
    result<remark> operator()(const interrupted&) const { return error(errc::timed_out, "no end in time"); }
};

result<remark> judge_api(const std::string& base_url, const seedance::api_failure& why) {
    using kind = seedance::api_failure::kind;
    switch (why.what) {
    case kind::unauthorized:
        return error(errc::unauthorized, base_url + " refuses the key (" + why.message + "): see api.key");
    case kind::rate_limited:
    case kind::insufficient_credits:
        return warning(base_url + " takes the key, but " + why.message);
    default:
        return error(errc::unavailable, base_url + ": " + why.message);
    }
}

result<way_in> doctors_way_to(const config::listener& at) {
    auto way = way_to(at);
    if (way) {
        way->client.user_agent = "seedhook-doctor";
    }
    return way;
}

// The headers that the signed content names, each with a value.
http::field_list signed_headers(std::string_view content) {
    constexpr std::string_view opening = "{header:";
    http::field_list fields;
    for (std::size_t at = content.find(opening); at != std::string_view::npos; at = content.find(opening)) {
        content.remove_prefix(at + opening.size());
        fields.emplace_back(content.substr(0, content.find('}')), "0");
    }
    return fields;
}

result<http::client_request> callback_of_nothing(const config::source& of, const std::string& origin) {
    http::client_request out;
    out.method = "POST";
    out.url = origin + of.path;
    out.body = "{}";
    if (!config::is_signed(of.verify)) {
        return out;
    }
    out.fields = signed_headers(of.signature.content);
    http::request content;
    content.body = out.body;
    for (const auto& [name, value] : out.fields) {
        content.fields.push_back({name, value});
    }
    auto signature = seedance::sign(of.signature, of.secrets.front(), content);
    if (!signature) {
        return signature.error();
    }
    out.fields.emplace_back(of.signature.header, std::move(*signature));
    return out;
}

result<remark> judge_callback(const config::source& of, const http::client_response& answer) {
    const std::string code = error_code_in(answer.body);
    if (answer.status == 400 && code == "invalid_request") {
        return remark(config::is_signed(of.verify) ? "a signed callback is taken for genuine"
                                                   : "callbacks are taken (unsigned, as configured)");
    }
    if (answer.status == 401) {
        return error(errc::unauthorized,
                     "the daemon runs with other secrets than the configuration has: reload it (SIGHUP)");
    }
    if (answer.status == 404) {
        return error(errc::not_found, "the daemon knows no " + of.path + ": reload it (SIGHUP)");
    }
    return error(errc::protocol, "a signed callback was answered " + std::to_string(answer.status) + " " +
                                     shortened(printable(code), longest_quotation));
}

} // namespace

awaitable<result<remark>> check_daemon(const config::control& control, bool& running) {
    auto way = doctors_way_to(control_listener(control));
    if (!way) {
        co_return way.error();
    }
    const auto executor = co_await asio::this_coro::executor;
    const auto client = http::make_client(executor, way->client, way->trusted);
    http::client_request question;
    question.url = way->origin + "/readyz";
    if (!control.token.empty()) {
        question.fields.emplace_back("Authorization", "Bearer " + control.token.reveal());
    }
    const auto answer = co_await client->send(std::move(question));
    if (!answer && answer.error().code == errc::unavailable) {
        co_return warning("it does not run, or its socket is not ours to use, so that no callback was tried (" +
                          answer.error().message + ")");
    }
    if (!answer) {
        co_return answer.error();
    }
    if (answer->status == 401) {
        co_return error(errc::unauthorized, "the daemon runs with another control.token: reload it (SIGHUP)");
    }
    const json::object state = object_in(answer->body);
    if (!state.contains("ready")) {
        co_return error(errc::protocol, "what answers on " + control.address + " is no seedhook");
    }
    running = true;
    if (answer->status != 200) {
        co_return error(errc::unavailable, "it runs and is not ready: " + listed(state, "reasons"));
    }
    const std::string degraded = listed(state, "degraded");
    co_return degraded.empty() ? remark("it runs and is ready") : warning("it runs; degraded: " + degraded);
}

awaitable<result<remark>> check_sink(const config::sink& settings, sink_context with, kept_objects& kept) {
    const auto to = make_sink(settings, with);
    if (!to) {
        co_return to.error();
    }
    kept.push_back(*to);
    const outcome came_to = co_await (*to)->probe();
    co_return std::visit(remark_of_probe(), came_to);
}

awaitable<result<remark>> check_api(const config::source& of, const outbound_clients& outgoing, kept_objects& kept) {
    const auto executor = co_await asio::this_coro::executor;
    seedance::api_address address(of.api->base_url, of.api->key);
    if (auto sound = address.check(); !sound) {
        co_return sound.error();
    }
    const std::shared_ptr<http::client> client = outgoing.client(executor, seedance::api_client_settings());
    kept.push_back(client);
    const auto api = seedance::make_api(*client, std::move(address));
    const auto models = co_await api->models(); // which needs no key: that it is the API at all
    if (!models) {
        co_return judge_api(of.api->base_url, models.error());
    }
    std::string id(nobodys_request);
    const auto answer = co_await api->status(std::move(id));
    if (answer || answer.error().what == seedance::api_failure::kind::not_found) {
        co_return remark(of.api->base_url + " takes the key");
    }
    co_return judge_api(of.api->base_url, answer.error());
}

awaitable<result<remark>> check_callback(const config::source& of, const config::listener& at) {
    auto way = doctors_way_to(at);
    if (!way) {
        co_return way.error().code == errc::unavailable ? result<remark>(warning("not tried: " + way.error().message))
                                                        : result<remark>(way.error());
    }
    auto callback = callback_of_nothing(of, way->origin);
    if (!callback) {
        co_return callback.error();
    }
    const auto executor = co_await asio::this_coro::executor;
    const auto client = http::make_client(executor, way->client, way->trusted);
    const auto answer = co_await client->send(std::move(*callback));
    if (answer) {
        co_return judge_callback(of, *answer);
    }
    if (answer.error().code == errc::invalid) { // a header that is not ours to set
        co_return warning("not tried: " + answer.error().message);
    }
    if (answer.error().code == errc::tls) {
        co_return error(errc::tls, "the daemon shows another certificate than the file has: it takes a new one "
                                   "within seconds, or says in its log and in /readyz why it does not");
    }
    co_return answer.error();
}

} // namespace seedhook
