// One exchange with the daemon, on an io_context of its own.
#include "cli/control_client.hpp"

#include "seedhook/config/load.hpp"
#include "seedhook/http/client.hpp"
#include "seedhook/model/text.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>

#include <exception>
#include <memory>
#include <optional>

namespace seedhook::cli {
namespace {

constexpr std::string_view scheme = "unix:";
constexpr std::size_t largest_answer = 64 * 1024 * 1024;
constexpr duration usual_patience{std::chrono::seconds(30)};

using answer = result<http::client_response>;

awaitable<> exchange(http::client& over, http::client_request what, std::optional<answer>& into) {
    into.emplace(co_await over.send(std::move(what)));
    over.close();
}

answer send_over(const std::string& socket, http::client_request what, duration patience) {
    http::client_settings settings;
    settings.unix_socket = socket;
    settings.https_only = false;
    settings.addresses.public_only = false;
    settings.header_timeout = usual_patience + patience;
    settings.total_timeout = 2 * usual_patience + patience;
    settings.user_agent = "seedhook/" + std::string(version());
    asio::io_context context(1);
    const auto client = http::make_client(context.get_executor(), std::move(settings), nullptr);
    std::optional<answer> got;
    std::exception_ptr bug;
    const auto ended = [&bug](std::exception_ptr thrown) { bug = thrown; };
    asio::co_spawn(context, exchange(*client, std::move(what), got), ended);
    context.run();
    if (bug) {
        std::rethrow_exception(bug);
    }
    return std::move(got.value());
}

std::string url_of(const control_request& r) {
    std::string url = "http://localhost" + r.path;
    char separator = '?';
    for (const auto& [key, value] : r.query) {
        if (!value.empty()) {
            url += separator + key + "=" + percent_encode(value);
            separator = '&';
        }
    }
    return url;
}

failure unreachable(const std::string& socket, const error& why) {
    const std::string where = printable(std::string(scheme) + socket);
    if (why.code == errc::unavailable || why.code == errc::network || why.code == errc::timed_out) {
        return {exit_no_daemon,
                "seedhook: no daemon answers on " + where + " (" + printable(why.message) +
                    ")\nIs `seedhook serve` running, and may you use its socket? --control names another.\n"};
    }
    return {exit_failed, "seedhook: " + where + ": " + printable(why.message) + "\n"};
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
                  "the daemon's control socket, instead of the configuration's control.address")
        ->type_name("unix:/PATH");
}

attempt<std::string> control_socket(const control_options& o) {
    if (!o.address.empty()) {
        if (!o.address.starts_with("unix:/")) {
            return failure(exit_usage,
                           "seedhook: --control needs a unix socket, such as unix:/run/seedhook/control.sock\n");
        }
        return o.address.substr(scheme.size());
    }
    auto found = config::load_control_address(o.config_file, config::variables::of_this_process());
    if (!found.value) {
        config::loaded wrong;
        wrong.mistakes = std::move(found.mistakes);
        failure why = configuration_failure(wrong);
        why.text += "seedhook: --control unix:/PATH names the daemon's socket without a configuration\n";
        return why;
    }
    return found.value->substr(scheme.size());
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

attempt<control_answer> ask(const std::string& socket, const control_request& what) {
    http::client_request request;
    request.method = what.method;
    request.url = url_of(what);
    request.body = what.body;
    request.response_limit = largest_answer;
    if (!what.body.empty()) {
        request.fields.emplace_back("Content-Type", "application/json");
    }
    auto got = send_over(socket, std::move(request), what.patience);
    if (!got) {
        return unreachable(socket, got.error());
    }
    boost::system::error_code broken;
    boost::json::value body = boost::json::parse(got->body, broken);
    if ((broken || !body.is_object()) && !what.upstream_speaks) {
        return failure(exit_failed, "seedhook: what answers on " + printable(std::string(scheme) + socket) +
                                        " does not speak seedhook's control API\n");
    }
    control_answer a;
    a.status = got->status;
    a.body = std::move(got->body);
    if (body.is_object()) {
        a.json = std::move(body.get_object());
    }
    return a;
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
