// The composition of the sandbox: one thread, one io_context.
#include "seedhook/sandbox/sandbox.hpp"

#include "sandbox/open_api.hpp"
#include "sandbox/studio.hpp"
#include "sandbox/test_hooks.hpp"
#include "sandbox/video_endpoint.hpp"
#include "seedhook/async/task_group.hpp"
#include "seedhook/http/client.hpp"
#include "seedhook/http/server.hpp"
#include "seedhook/log/log.hpp"
#include "seedhook/tls/context.hpp"

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

result<void> announce(const options& how, const std::string& base_url, const std::string& port) {
    if (!how.port_file.empty()) {
        if (auto written = write_port_file(how.port_file, port); !written) {
            return written.error();
        }
    }
    boost::json::object line;
    line["baseUrl"] = base_url;
    line["port"] = std::stoi(port);
    line["pid"] = getpid();
    std::printf("%s\n", boost::json::serialize(line).c_str());
    std::fflush(stdout);
    return {};
}

awaitable<> stop_on_signal(asio::signal_set& signals, http::server& server, task_group& work, http::client& out) {
    boost::system::error_code ignored;
    co_await signals.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    work.cancel(asio::cancellation_type::terminal);
    co_await server.stop(stop_grace);
    co_await work.drained();
    out.close();
}

int serve(const options& how) {
    log::configure(how.log_level, log::format::automatic);
    auto socket = http::open_listening_socket(how.listen);
    auto outgoing_tls = tls::make_client_context(how.ca_file);
    if (!socket || !outgoing_tls) {
        return complain(socket ? outgoing_tls.error() : socket.error());
    }
    std::shared_ptr<tls::server_identity> identity;
    if (!how.tls_certificate.empty()) {
        auto loaded = tls::server_identity::load(how.tls_certificate, how.tls_key);
        if (!loaded) {
            return complain(loaded.error());
        }
        identity = std::move(*loaded);
    }
    const std::string address = socket->name();
    const std::string base_url = how.base_url.empty() ? (identity ? "https://" : "http://") + address : how.base_url;

    asio::io_context context(1);
    const asio::any_io_executor executor = context.get_executor();
    task_group work(executor);
    const auto out = http::make_client(executor, callback_client_settings(), *outgoing_tls);
    studio tasks(how, video_urls(base_url, "sandbox " + std::to_string(how.seed)), *out, work);
    open_api api(tasks, how);
    test_hooks hooks(tasks);
    const auto routes = std::make_shared<http::router>();
    api.add_to(*routes);
    add_video_endpoint(*routes, tasks);
    hooks.add_to(*routes);
    const auto server =
        http::make_server(executor, routes, http::server_limits(), std::make_shared<http::connection_count>(0));
    server->listen(std::move(*socket), identity);

    asio::signal_set signals(context, SIGTERM, SIGINT);
    task_group life(executor);
    life.spawn(stop_on_signal(signals, *server, work, *out), "stop on signal");
    int exit_code = 0;
    if (auto said = announce(how, base_url, port_of(address)); !said) {
        exit_code = complain(said.error());
        std::raise(SIGTERM);
    }
    context.run();
    log::flush_and_stop();
    return exit_code;
}

} // namespace

int run(int argc, char** argv) {
    const parsed_options chosen = parse_options(argc, argv);
    return chosen.value ? serve(*chosen.value) : chosen.exit_code;
}

} // namespace seedhook::sandbox
