// One exchange with the daemon, on an io_context of its own.
#include "cli/control_client.hpp"

#include "seedhook/config/load.hpp"
#include "seedhook/http/client.hpp"
#include "seedhook/http/url.hpp"
#include "seedhook/model/text.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>

#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <span>

namespace seedhook::cli {
namespace {

constexpr std::size_t largest_answer = 64 * 1024 * 1024;
constexpr duration usual_patience{std::chrono::seconds(30)};
constexpr duration for_ever{std::chrono::hours(24 * 365)};
constexpr const char* token_variable = "SEEDHOOK_CONTROL_TOKEN";

using answer = result<http::client_response>;

// Runs `exchange` over a client of its own.
template <class Exchange>
answer run_exchange(const daemon_address& at, duration patience, duration limit, Exchange exchange) {
    http::client_settings settings = at.way.client;
    settings.header_timeout = usual_patience + patience;
    settings.total_timeout = limit;
    settings.user_agent = "seedhook/" + std::string(version());
    asio::io_context context(1);
    const auto client = http::make_client(context.get_executor(), std::move(settings), at.way.trusted);
    std::optional<answer> got;
    std::exception_ptr bug;
    const auto ended = [&bug](std::exception_ptr thrown) { bug = thrown; };
    asio::co_spawn(context, exchange(*client, got), ended);
    context.run();
    if (bug) {
        std::rethrow_exception(bug);
    }
    return std::move(got.value());
}

awaitable<> send(http::client& over, http::client_request what, std::optional<answer>& into) {
    into.emplace(co_await over.send(std::move(what)));
    over.close();
}

awaitable<> download(http::client& over, http::client_request what, http::byte_sink& body,
                     std::optional<answer>& into) {
    into.emplace(co_await over.download(std::move(what), body));
    over.close();
}

http::client_request request_for(const daemon_address& at, const control_request& r) {
    http::client_request out;
    out.method = r.method;
    out.url = at.way.origin + r.path;
    char separator = '?';
    for (const auto& [key, value] : r.query) {
        if (!value.empty()) {
            out.url += separator + key + "=" + percent_encode(value);
            separator = '&';
        }
    }
    out.body = r.body;
    out.response_limit = largest_answer;
    if (!r.body.empty()) {
        out.fields.emplace_back("Content-Type", "application/json");
    }
    if (!at.token.empty()) {
        out.fields.emplace_back("Authorization", "Bearer " + at.token);
    }
    return out;
}

failure unreachable(const daemon_address& at, const error& why) {
    const std::string where = printable(at.shown);
    if (why.code == errc::unavailable || why.code == errc::network || why.code == errc::timed_out) {
        return {exit_no_daemon, "seedhook: no daemon answers on " + where + " (" + printable(why.message) +
                                    ")\nIs `seedhook serve` running, and may you use its socket? --control names "
                                    "another.\n"};
    }
    return {exit_failed, "seedhook: " + where + ": " + printable(why.message) + "\n"};
}

// The good answer's body to `use`; another's is kept.
class told_sink final : public http::byte_sink {
public:
    explicit told_sink(const std::function<bool(std::string_view)>& use) : use_(use) {}

    awaitable<result<void>> begin(const http::client_response& head) override {
        status = head.status;
        co_return result<void>();
    }
    awaitable<result<void>> write(std::span<const char> data) override {
        const std::string_view piece(data.data(), data.size());
        const bool good = status >= 200 && status < 300;
        if (!good) {
            refused += piece;
        } else if (!use_(piece)) {
            enough = true;
            co_return error(errc::cancelled, "enough");
        }
        co_return result<void>();
    }

    unsigned status = 0;
    std::string refused;
    bool enough = false;

private:
    const std::function<bool(std::string_view)>& use_;
};

result<way_in> way_named(const std::string& address) {
    constexpr std::string_view unix_scheme = "unix:/";
    if (address.starts_with(unix_scheme)) {
        config::listener at;
        at.address = address;
        return way_to(at);
    }
    const auto url = http::parse_url(address);
    if (!url || url->target != "/") {
        return error(errc::invalid, "no address");
    }
    way_in way{url->origin(), {}, nullptr};
    way.client.https_only = false;
    way.client.addresses.public_only = false;
    if (url->scheme == "https") {
        auto trusted = tls::make_client_context("");
        if (!trusted) {
            return trusted.error();
        }
        way.trusted = std::move(*trusted);
    }
    return way;
}

std::string text_of(const boost::json::object& in, std::string_view key) {
    const auto* value = in.if_contains(key);
    const auto* text = value ? value->if_string() : nullptr;
    return text ? std::string(text->data(), text->size()) : std::string();
}

} // namespace

void add_control_options(CLI::App& to, control_options& into) {
    add_config_option(to, into.config_file);
    to.add_option("--control", into.address,
                  "the daemon's control API, instead of the configuration's: unix:/PATH, http://HOST:PORT or "
                  "https://HOST:PORT, with the token in SEEDHOOK_CONTROL_TOKEN")
        ->type_name("ADDRESS");
}

attempt<daemon_address> find_daemon(const control_options& o) {
    daemon_address at;
    if (!o.address.empty()) {
        auto way = way_named(o.address);
        if (!way) {
            return failure(exit_usage, "seedhook: --control needs an address such as "
                                       "unix:/run/seedhook/control.sock or http://127.0.0.1:9090\n");
        }
        const char* token = std::getenv(token_variable);
        at.way = std::move(*way);
        at.token = token != nullptr ? token : "";
        at.shown = o.address;
        return at;
    }
    auto found = config::load_control(o.config_file, config::variables::of_this_process());
    if (!found.value) {
        config::loaded wrong;
        wrong.mistakes = std::move(found.mistakes);
        failure why = configuration_failure(wrong);
        why.text += "seedhook: --control ADDRESS names the daemon's control API without a configuration\n";
        return why;
    }
    auto way = way_to(control_listener(*found.value));
    if (!way) {
        return failure(exit_failed, "seedhook: " + printable(found.value->address + ": " + way.error().message) + "\n");
    }
    at.way = std::move(*way);
    at.token = found.value->token.reveal();
    at.shown = found.value->address;
    return at;
}

failure control_answer::refusal() const {
    const auto* value = json.if_contains("error");
    const auto* said = value ? value->if_object() : nullptr;
    std::string text = said ? text_of(*said, "message") : std::string();
    if (text.empty()) {
        text = "the answer was HTTP status " + std::to_string(status);
    }
    const std::string code = said ? text_of(*said, "code") : std::string();
    return {exit_failed, "seedhook: " + printable(text) + (code.empty() ? "" : " (" + printable(code) + ")") + "\n"};
}

attempt<control_answer> ask(const daemon_address& at, const control_request& what) {
    auto got = run_exchange(
        at, what.patience, 2 * usual_patience + what.patience,
        [&](http::client& over, std::optional<answer>& into) { return send(over, request_for(at, what), into); });
    if (!got) {
        return unreachable(at, got.error());
    }
    boost::system::error_code broken;
    boost::json::value body = boost::json::parse(got->body, broken);
    if ((broken || !body.is_object()) && !what.upstream_speaks) {
        return failure(exit_failed,
                       "seedhook: what answers on " + printable(at.shown) + " does not speak seedhook's control API\n");
    }
    control_answer a;
    a.status = got->status;
    a.body = std::move(got->body);
    if (body.is_object()) {
        a.json = std::move(body.get_object());
    }
    return a;
}

attempt<void> listen(const daemon_address& at, const control_request& what,
                     const std::function<bool(std::string_view piece)>& use) {
    told_sink body(use);
    const auto got = run_exchange(at, what.patience, for_ever, [&](http::client& over, std::optional<answer>& into) {
        return download(over, request_for(at, what), body, into);
    });
    if (body.enough) {
        return {};
    }
    if (!got) {
        return unreachable(at, got.error());
    }
    if (got->status < 200 || got->status > 299) {
        control_answer refused;
        refused.status = got->status;
        boost::system::error_code broken;
        boost::json::value said = boost::json::parse(body.refused, broken);
        if (said.is_object()) {
            refused.json = std::move(said.get_object());
        }
        return refused.refusal();
    }
    return {};
}

std::string percent_encode(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    constexpr std::string_view unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    std::string out;
    for (const char c : text) {
        if (unreserved.find(c) != std::string_view::npos) {
            out += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out += '%';
            out += digits[byte >> 4U];
            out += digits[byte & 15U];
        }
    }
    return out;
}

} // namespace seedhook::cli
