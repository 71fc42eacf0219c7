// A server on a thread of its own, and a client that says exactly the bytes it is told to.
#include "server_fixture.hpp"

#include "seedhook/async/time_limit.hpp"

#include "http/listening_address.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/test/unit_test.hpp>

#include <cstring>
#include <stdexcept>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace seedhook::http {
namespace {

class pieces final : public body_source {
public:
    pieces(std::size_t count, bool fails) : left_(count), fails_(fails) {}
    awaitable<result<std::size_t>> read(std::span<char> into) override {
        if (left_ == 0) {
            if (fails_) {
                co_return error(errc::io, "the disk is gone");
            }
            co_return std::size_t(0);
        }
        --left_;
        const std::size_t size = std::min<std::size_t>(into.size(), 5);
        std::memcpy(into.data(), "piece", size);
        co_return size;
    }

private:
    std::size_t left_;
    bool fails_;
};

awaitable<response> stream(std::string kind) {
    response answer(200);
    answer.content_type = "text/plain";
    answer.stream = std::make_unique<pieces>(3, kind == "failing");
    if (kind == "sized" || kind == "short" || kind == "long") {
        answer.stream_length = kind == "sized" ? 15 : kind == "short" ? 16 : 14;
    }
    co_return answer;
}

awaitable<response> hold(test_desk& desk) {
    desk.holding = true;
    while (!desk.release) {
        const bool slept = co_await sleep_for(std::chrono::milliseconds(5));
        if (!slept) {
            co_return response(503);
        }
    }
    co_return response(200, "text/plain", "held");
}

struct table {
    test_desk& desk;
    std::shared_ptr<router> routes = std::make_shared<router>();

    void add(std::string method, std::string path, std::function<awaitable<response>(const request&)> handle) {
        endpoint e;
        e.method = std::move(method);
        e.path = std::move(path);
        e.body_limit = 1000;
        e.handle = [&to = desk, inner = std::move(handle)](const request& r) {
            {
                const std::lock_guard lock(to.guard);
                to.seen.push_back(std::string(r.method) + " " + std::string(r.target) + " " + std::string(r.body));
            }
            return inner(r);
        };
        routes->add(std::move(e));
    }
};

awaitable<response> say(std::string text) { co_return response(200, "text/plain", std::move(text)); }

awaitable<response> fail() {
    throw std::runtime_error("a secret of our insides");
    co_return response();
}

awaitable<response> split() {
    response answer(200);
    answer.fields.emplace_back("X-A", "b\r\nSet-Cookie: c");
    co_return answer;
}

} // namespace

scratch_folder::scratch_folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "seedhook-http-XXXXXX").string();
    path = mkdtemp(pattern.data());
}
scratch_folder::~scratch_folder() { std::filesystem::remove_all(path); }

std::vector<std::string> test_desk::requests() {
    const std::lock_guard lock(guard);
    return seen;
}

bool test_desk::wait_until_holding() {
    for (int i = 0; i < 1000 && !holding; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return holding;
}

std::shared_ptr<const router> test_router(test_desk& desk) {
    table made{desk};
    made.add("POST", "/echo", [](const request& r) { return say(std::string(r.body)); });
    made.add("GET", "/hello", [](const request&) { return say("hello"); });
    made.add("GET", "/peer", [](const request& r) { return say(std::string(r.peer)); });
    made.add("GET", "/hold", [&desk](const request&) { return hold(desk); });
    made.add("GET", "/throws", [](const request&) { return fail(); });
    made.add("GET", "/splits", [](const request&) { return split(); });
    made.add("GET", "/large", [](const request&) { return say(std::string(3'000'000, 'x')); });
    made.add("GET", "/huge", [](const request&) { return say(std::string(huge_answer, 'x')); });
    made.add("GET", "/stream/{}", [](const request& r) { return stream(std::string(r.captures.at(0))); });
    return made.routes;
}

running_server::running_server(server_limits limits, const std::string& address,
                               std::shared_ptr<tls::server_identity> identity, admission_settings at_the_door,
                               bool proxy_protocol)
    : door(admission::make(std::move(at_the_door))) {
    result<listening_socket> socket = open_listening_socket(address);
    BOOST_REQUIRE_MESSAGE(socket, (socket ? "" : socket.error().message));
    name = socket->name();
    server_ = make_server(context_.get_executor(), test_router(desk), limits, door);
    server_->listen(std::move(*socket), std::move(identity), proxy_protocol);
    thread_ = std::thread([this] { context_.run(); });
}

running_server::~running_server() {
    stop(duration(0));
    wait();
}

unsigned short running_server::port() const {
    return static_cast<unsigned short>(std::stoi(name.substr(name.rfind(':') + 1)));
}

void running_server::stop(duration grace) {
    if (!stopping_.exchange(true)) {
        asio::co_spawn(context_, server_->stop(grace), asio::detached);
    }
}

void running_server::wait() {
    if (thread_.joinable()) {
        thread_.join();
    }
}

raw_client::raw_client(const std::string& address) {
    int outcome = -1;
    if (address.starts_with("unix:")) {
        descriptor_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un where{};
        where.sun_family = AF_UNIX;
        address.copy(where.sun_path, sizeof where.sun_path - 1, 5);
        outcome = ::connect(descriptor_, reinterpret_cast<const sockaddr*>(&where), sizeof where);
    } else {
        const auto where = parse_tcp_address(address);
        BOOST_REQUIRE(where);
        descriptor_ = ::socket(where->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        outcome = ::connect(descriptor_, where->get(), where->size);
    }
    BOOST_REQUIRE_MESSAGE(outcome == 0, "connect to " << address << ": " << std::strerror(errno));
    const timeval limit{5, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
}

raw_client::~raw_client() { ::close(descriptor_); }

void raw_client::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t size = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (size < 0) {
            return; // the server has closed, and what it said is still to be read
        }
        bytes.remove_prefix(static_cast<std::size_t>(size));
    }
}

bool raw_client::fill() {
    char piece[65536];
    const ssize_t size = ::recv(descriptor_, piece, sizeof piece, 0);
    BOOST_REQUIRE_MESSAGE(!(size < 0 && errno == EAGAIN), "the server said nothing for 5 s");
    if (size > 0) {
        buffer_.append(piece, static_cast<std::size_t>(size));
    }
    return size > 0;
}

std::size_t raw_client::read_some(std::size_t most) {
    std::string piece(most, '\0');
    const ssize_t size = ::recv(descriptor_, piece.data(), piece.size(), 0);
    return size > 0 ? static_cast<std::size_t>(size) : 0;
}

std::string raw_client::read_all() {
    while (fill()) {
    }
    return std::exchange(buffer_, {});
}

std::string raw_client::read_until(std::string_view end) {
    std::size_t found = 0;
    while ((found = buffer_.find(end)) == std::string::npos) {
        BOOST_REQUIRE_MESSAGE(fill(), "the connection ended after: " << buffer_);
    }
    return read_bytes(found + end.size());
}

std::string raw_client::read_bytes(std::size_t size) {
    while (buffer_.size() < size) {
        BOOST_REQUIRE_MESSAGE(fill(), "the connection ended after: " << buffer_);
    }
    const std::string front = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return front;
}

std::string raw_client::read_response() {
    const std::string head = read_until("\r\n\r\n");
    const std::size_t length = head.find("Content-Length: ");
    return length == std::string::npos ? head : head + read_bytes(std::stoul(head.substr(length + 16)));
}

bool raw_client::closes() { return buffer_.empty() && !fill(); }

bool raw_client::silent_for(std::chrono::milliseconds time) {
    pollfd readable{descriptor_, POLLIN, 0};
    return buffer_.empty() && ::poll(&readable, 1, static_cast<int>(time.count())) == 0;
}

void raw_client::end_output() { ::shutdown(descriptor_, SHUT_WR); }

std::string answer_to(const std::string& address, std::string_view bytes) {
    raw_client client(address);
    client.send(bytes);
    return client.read_all();
}

std::string status_of(std::string_view response) {
    return response.starts_with("HTTP/1.1 ") ? std::string(response.substr(9, 3)) : std::string();
}

} // namespace seedhook::http
