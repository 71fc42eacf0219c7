#include "client.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string_view>

namespace seedhook::bench {
namespace {

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }

std::string tls_reason() {
    std::array<char, 256> text{};
    ERR_error_string_n(ERR_get_error(), text.data(), text.size());
    return text.data();
}

struct answer_shape {
    int status = 0;
    std::size_t head = 0; // with the empty line
    std::size_t body = 0;
};

// Nothing while the head is not whole.
std::optional<answer_shape> read_answer_head(std::string_view bytes) {
    const std::size_t end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos) {
        return std::nullopt;
    }
    answer_shape shape;
    shape.head = end + 4;
    std::from_chars(bytes.data() + 9, bytes.data() + 12, shape.status);
    std::string head(bytes.substr(0, shape.head));
    std::transform(head.begin(), head.end(), head.begin(), [](unsigned char c) { return std::tolower(c); });
    const std::size_t field = head.find("\r\ncontent-length: ");
    if (field == std::string::npos) {
        fail("an answer without Content-Length: " + head);
    }
    std::from_chars(head.data() + field + 18, head.data() + head.size(), shape.body);
    return shape;
}

} // namespace

struct client::connection {
    connection(SSL* s, int f) : tls(s, &SSL_free), fd(f) {}
    ~connection() { ::close(fd); }
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    std::unique_ptr<SSL, decltype(&SSL_free)> tls;
    int fd;
    bench_clock::time_point sent{};
    std::array<char, 4096> buffer{};
    std::size_t filled = 0;
};

client::client(client_settings settings)
    : settings_(std::move(settings)), context_(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_3_VERSION);
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    if (SSL_CTX_load_verify_locations(context_.get(), settings_.ca_file.c_str(), nullptr) != 1) {
        fail(settings_.ca_file + ": " + tls_reason());
    }
}

client::~client() {
    connections_.clear();
    ::close(epoll_);
}

void client::connect() {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(settings_.port);
    ::inet_pton(AF_INET, settings_.address.c_str(), &to.sin_addr);
    for (std::size_t i = 0; i < settings_.connections; ++i) {
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        auto made = std::make_unique<connection>(SSL_new(context_.get()), fd);
        if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
            fail("connect: " + std::string(std::strerror(errno)));
        }
        const int on = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        SSL_set_fd(made->tls.get(), fd);
        if (SSL_connect(made->tls.get()) != 1) {
            fail("handshake: " + tls_reason());
        }
        ::fcntl(fd, F_SETFL, O_NONBLOCK);
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = made.get();
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
        connections_.push_back(std::move(made));
    }
}

bool client::send_next(connection& of, const callback_pool& requests, std::size_t& next, bench_clock::time_point end) {
    of.sent = bench_clock::now();
    if (next == requests.size() || of.sent >= end) {
        return false;
    }
    const std::string_view request = requests[next++];
    // A request fits the socket's buffer, which is empty: the last one was answered.
    if (SSL_write(of.tls.get(), request.data(), static_cast<int>(request.size())) <= 0) {
        fail("write: " + tls_reason());
    }
    return true;
}

// True when an answer is whole.
bool client::receive(connection& of, tally& into) {
    const int got = SSL_read(of.tls.get(), of.buffer.data() + of.filled, static_cast<int>(of.buffer.size() - of.filled));
    if (got <= 0) {
        if (SSL_get_error(of.tls.get(), got) == SSL_ERROR_WANT_READ) {
            return false; // a session ticket, or part of a record
        }
        fail("the server closed a connection after " + std::to_string(into.microseconds.size()) + " answers");
    }
    of.filled += static_cast<std::size_t>(got);
    const std::string_view bytes(of.buffer.data(), of.filled);
    const auto shape = read_answer_head(bytes);
    if (!shape || of.filled < shape->head + shape->body) {
        if (of.filled == of.buffer.size()) {
            fail("an answer over " + std::to_string(of.buffer.size()) + " bytes");
        }
        return false;
    }
    of.filled = 0;
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(bench_clock::now() - of.sent);
    into.statuses[shape->status] += 1;
    if (shape->status != 200 || bytes.substr(shape->head).find(settings_.expected) == std::string_view::npos) {
        into.wrong += 1;
        into.first_wrong = into.first_wrong.empty() ? std::string(bytes) : into.first_wrong;
    } else {
        into.microseconds.push_back(static_cast<std::uint32_t>(took.count()));
    }
    return true;
}

tally client::run(const callback_pool& requests, std::size_t& next, std::chrono::duration<double> time) {
    tally counted;
    counted.microseconds.reserve(requests.size() - next);
    const auto end = bench_clock::now() + std::chrono::duration_cast<bench_clock::duration>(time);
    std::size_t outstanding = 0;
    for (const auto& each : connections_) {
        outstanding += send_next(*each, requests, next, end) ? 1 : 0;
    }
    std::array<epoll_event, 64> events{};
    while (outstanding > 0) {
        const int ready = ::epoll_wait(epoll_, events.data(), events.size(), 10'000);
        if (ready <= 0) {
            fail("no answer for ten seconds");
        }
        for (int i = 0; i < ready; ++i) {
            auto& from = *static_cast<connection*>(events[static_cast<std::size_t>(i)].data.ptr);
            if (receive(from, counted) && !send_next(from, requests, next, end)) {
                --outstanding;
            }
        }
    }
    return counted;
}

} // namespace seedhook::bench
