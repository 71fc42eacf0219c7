// The composition of the sandbox: one thread, one io_context.
#include "seedhook/sandbox/sandbox.hpp"

#include "sandbox/api_hooks.hpp"
#include "sandbox/entrance.hpp"
#include "sandbox/open_api.hpp"
#include "sandbox/studio.hpp"
#include "sandbox/test_hooks.hpp"
#include "sandbox/video_endpoint.hpp"
#include "seedhook/async/task_group.hpp"
#include "seedhook/http/client.hpp"
#include "seedhook/http/server.hpp"
#include "seedhook/log/log.hpp"
#include "seedhook/tls/context.hpp"
#include "seedhook/tls/server_identity.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <optional>
#include <utility>

namespace seedhook::sandbox {
namespace {

constexpr int exit_failure = 1;
constexpr duration stop_grace = std::chrono::seconds(1);

int complain(const error& why) {
    std::fprintf(stderr, "seedance-sandbox: %s\n", why.message.c_str());
    return exit_failure;
}

http::client_settings callback_client_settings() {
    http::client_settings s;
    s.addresses.public_only = false; // whoever runs the sandbox names the webhooks
    s.https_only = false;
    s.header_timeout = std::chrono::seconds(10);
    s.total_timeout = std::chrono::seconds(20);
    s.user_agent = "seedance-sandbox";
    return s;
}

std::string port_of(const std::string& address) { return address.substr(address.rfind(':') + 1); }

// A reader never sees half of it.
result<void> write_port_file(const std::string& path, const std::string& port) {
    const std::string unfinished = path + ".new";
    std::ofstream(unfinished) << port << '\n';
    if (std::rename(unfinished.c_str(), path.c_str()) != 0) {
        return errno_error(path, errno);
    }
    return {};
}

result<void> announce(const options& how, const std::string& base_url, const std::string& hooks_url,
                      const std::string& port) {
    if (!how.port_file.empty()) {
        if (auto written = write_port_file(how.port_file, port); !written) {
            return written.error();
        }
    }
    boost::json::object line;
    line["baseUrl"] = base_url;
    line["hooksUrl"] = hooks_url;
    line["port"] = std::stoi(port);
    line["pid"] = getpid();
    std::printf("%s\n", boost::json::serialize(line).c_str());
    std::fflush(stdout);
    return {};
}

awaitable<> stop_on_signal(asio::signal_set& signals, entrance& door, entrance& hooks_door, task_group& work,
                           http::client& out) {
    boost::system::error_code ignored;
    co_await signals.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    work.cancel(asio::cancellation_type::terminal);
    co_await hooks_door.shut(stop_grace);
    co_await door.shut(stop_grace);
    co_await work.drained();
    out.close();
}

// What start-up can fail on.
struct resources {
    http::listening_socket socket;
    std::optional<http::listening_socket> hooks_socket;
    std::shared_ptr<tls::server_identity> identity;
    tls::context_ptr outgoing_tls;
};

result<resources> gather(const options& how) {
    auto socket = http::open_listening_socket(how.listen);
    auto outgoing_tls = tls::make_client_context(how.ca_file);
    if (!socket || !outgoing_tls) {
        return socket ? outgoing_tls.error() : socket.error();
    }
    resources all{std::move(*socket), std::nullopt, nullptr, std::move(*outgoing_tls)};
    if (!how.hooks_listen.empty()) {
        auto opened = http::open_listening_socket(how.hooks_listen);
        if (!opened) {
            return opened.error();
        }
        all.hooks_socket = std::move(*opened);
    }
    if (!how.tls_certificate.empty()) {
        auto loaded = tls::server_identity::load(how.tls_certificate, how.tls_key);
        if (!loaded) {
            return loaded.error();
        }
        all.identity = std::move(*loaded);
    }
    return all;
}

int serve(options how) {
    log::configure(how.log_level, log::format::automatic);
    auto gathered = gather(how);
    if (!gathered) {
        return complain(gathered.error());
    }
    const std::string address = gathered->socket.name();
    const std::string own_url = (gathered->identity ? "https://" : "http://") + address;
    const std::string base_url = how.base_url.empty() ? own_url : how.base_url;
    const std::string hooks_url = gathered->hooks_socket ? "http://" + gathered->hooks_socket->name() : own_url;

    asio::io_context context(1);
    const asio::any_io_executor executor = context.get_executor();
    task_group work(executor);
    const auto out = http::make_client(executor, callback_client_settings(), gathered->outgoing_tls);
    studio tasks(how, video_urls(base_url, "sandbox " + std::to_string(how.seed)), *out, work);
    open_api api(tasks, how);
    api_hooks hooks(api, how);
    test_hooks task_hooks(tasks);
    const auto routes = std::make_shared<http::router>();
    const auto hook_routes = gathered->hooks_socket ? std::make_shared<http::router>() : routes;
    api.add_to(*routes);
    add_video_endpoint(*routes, tasks);
    hooks.add_to(*hook_routes);
    task_hooks.add_to(*hook_routes);
    entrance door(executor, routes, gathered->identity);
    entrance hooks_door(executor, hook_routes, nullptr);
    door.open(std::move(gathered->socket));
    if (gathered->hooks_socket) {
        hooks_door.open(std::move(*gathered->hooks_socket));
        hooks.use_door(door);
    }

    asio::signal_set signals(context, SIGTERM, SIGINT);
    task_group life(executor);
    life.spawn(stop_on_signal(signals, door, hooks_door, work, *out), "stop on signal");
    int exit_code = 0;
    if (auto said = announce(how, base_url, hooks_url, port_of(address)); !said) {
        exit_code = complain(said.error());
        std::raise(SIGTERM);
    }
    context.run();
    log::flush_and_stop();
    return exit_code;
}

} // namespace

int run(int argc, char** argv) {
    parsed_options chosen = parse_options(argc, argv);
    return chosen.value ? serve(std::move(*chosen.value)) : chosen.exit_code;
}

} // namespace seedhook::sandbox
