// The scripted peer's sockets and threads.
#include "scripted_peer.hpp"

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace seedhook {

namespace {

void require(bool well, const char* what) {
    if (!well) {
        throw std::runtime_error(std::string("scripted peer: ") + what);
    }
}

} // namespace

scripted_peer::conversation::~conversation() {
    SSL_free(ssl_);
    ::close(descriptor_);
}

long scripted_peer::conversation::receive(char* into, std::size_t size) {
    return ssl_ != nullptr ? SSL_read(ssl_, into, static_cast<int>(size)) : ::recv(descriptor_, into, size, 0);
}

std::string scripted_peer::conversation::read_head() {
    std::size_t end = 0;
    while ((end = unread_.find("\r\n\r\n")) == std::string::npos) {
        char buffer[4096];
        const long got = receive(buffer, sizeof buffer);
        if (got <= 0) {
            return {};
        }
        unread_.append(buffer, static_cast<std::size_t>(got));
    }
    std::string head = unread_.substr(0, end + 4);
    unread_.erase(0, end + 4);
    const std::lock_guard lock(owner_.mutex_);
    owner_.heads_.push_back(head);
    return head;
}

std::string scripted_peer::conversation::read_exactly(std::size_t size) {
    while (unread_.size() < size) {
        char buffer[16384];
        const long got = receive(buffer, sizeof buffer);
        if (got <= 0) {
            break;
        }
        unread_.append(buffer, static_cast<std::size_t>(got));
    }
    std::string out = unread_.substr(0, size);
    unread_.erase(0, out.size());
    return out;
}

bool scripted_peer::conversation::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const std::size_t most = std::min<std::size_t>(bytes.size(), 1U << 20U);
        const long sent = ssl_ != nullptr ? SSL_write(ssl_, bytes.data(), static_cast<int>(most))
                                          : ::send(descriptor_, bytes.data(), most, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

bool scripted_peer::conversation::send_raw(std::string_view bytes) {
    return ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
}

std::vector<std::string> scripted_peer::conversation::sealed_with_ticket(std::string_view bytes) {
    constexpr long record = 512;
    const auto enlarge = [](SSL* ssl, void*) {
        const std::string data(4 * record, 'x');
        return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), data.data(), data.size());
    };
    SSL_CTX_set_session_ticket_cb(SSL_get_SSL_CTX(ssl_), enlarge, nullptr, nullptr);
    SSL_set_max_send_fragment(ssl_, record);
    BIO* const kept = SSL_get_wbio(ssl_);
    BIO_up_ref(kept);
    SSL_set0_wbio(ssl_, BIO_new(BIO_s_mem()));
    send(bytes);
    require(SSL_new_session_ticket(ssl_) == 1 && SSL_do_handshake(ssl_) == 1, "no ticket could be made");
    char* data = nullptr;
    const auto size = static_cast<std::size_t>(BIO_get_mem_data(SSL_get_wbio(ssl_), &data));
    std::string_view rest(data, size);
    std::vector<std::string> records;
    while (!rest.empty()) {
        const auto high = static_cast<unsigned char>(rest.at(3));
        const auto low = static_cast<unsigned char>(rest.at(4));
        records.emplace_back(rest.substr(0, 5 + high * std::size_t{256} + low));
        rest.remove_prefix(records.back().size());
    }
    SSL_set0_wbio(ssl_, kept);
    return records;
}

bool scripted_peer::conversation::pause(std::chrono::milliseconds time) {
    std::unique_lock lock(owner_.mutex_);
    return !owner_.changed_.wait_for(lock, time, [this] { return owner_.stopping_; });
}

void scripted_peer::conversation::wait_for_close() {
    char buffer[4096];
    while (receive(buffer, sizeof buffer) > 0) {
    }
}

bool scripted_peer::conversation::start_tls() {
    ssl_ = SSL_new(owner_.context_.get());
    require(ssl_ != nullptr && SSL_set_fd(ssl_, descriptor_) == 1, "TLS");
    return SSL_accept(ssl_) == 1;
}

void scripted_peer::conversation::end_tls() { SSL_shutdown(ssl_); }

scripted_peer::scripted_peer(std::vector<script> scripts)
    : scripts_(std::move(scripts)), context_(nullptr, &SSL_CTX_free) {
    listen_on_loopback();
    start();
}

scripted_peer::scripted_peer(std::vector<script> scripts, tls_identity tls, bool tls_later)
    : scripts_(std::move(scripts)), context_(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free),
      tls_at_once_(!tls_later) {
    require(SSL_CTX_use_certificate_chain_file(context_.get(), tls.certificate.c_str()) == 1 &&
                SSL_CTX_use_PrivateKey_file(context_.get(), tls.key.c_str(), SSL_FILETYPE_PEM) == 1,
            "the certificate cannot be used");
    listen_on_loopback();
    start();
}

scripted_peer::scripted_peer(std::vector<script> scripts, const std::string& path)
    : scripts_(std::move(scripts)), context_(nullptr, &SSL_CTX_free) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    require(path.size() < sizeof address.sun_path, "the path is too long");
    std::memcpy(address.sun_path, path.data(), path.size());
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    require(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0, "bind");
    start();
}

void scripted_peer::listen_on_loopback() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    require(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) == 0, "bind");
    require(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0, "getsockname");
    port_ = ntohs(address.sin_port);
}

void scripted_peer::start() {
    std::signal(SIGPIPE, SIG_IGN); // SSL_write has no other way
    require(::listen(listener_, 64) == 0, "listen");
    acceptor_ = std::thread([this] { accept_all(); });
}

scripted_peer::~scripted_peer() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        for (const conversation& one : conversations_) {
            ::shutdown(one.descriptor_, SHUT_RDWR);
        }
    }
    changed_.notify_all();
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    for (std::thread& one : threads_) {
        one.join();
    }
    ::close(listener_);
}

void scripted_peer::accept_all() {
    for (std::size_t number = 0;; ++number) {
        const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (descriptor < 0) {
            return;
        }
        const int on = 1;
        ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        const std::lock_guard lock(mutex_);
        conversation& with = conversations_.emplace_back(*this, descriptor);
        if (stopping_) {
            return;
        }
        threads_.emplace_back([this, &with, number] { converse(with, number); });
    }
}

void scripted_peer::converse(conversation& with, std::size_t number) {
    if (!tls_at_once_ || with.start_tls()) {
        scripts_[std::min(number, scripts_.size() - 1)](with);
    }
    const std::lock_guard lock(mutex_);
    // The descriptor's number stays taken until the peer goes, so that nobody shuts down another's socket.
    if (with.reset_) {
        sockaddr nothing{};
        nothing.sa_family = AF_UNSPEC;
        ::connect(with.descriptor_, &nothing, sizeof nothing); // drops the connection with a reset
    } else {
        ::shutdown(with.descriptor_, SHUT_RDWR);
    }
    ++ended_;
    changed_.notify_all();
}

std::string scripted_peer::url(std::string_view path) const {
    return (tls_at_once_ ? "https://localhost:" : "http://127.0.0.1:") + std::to_string(port_) + std::string(path);
}

unsigned scripted_peer::connections() const {
    const std::lock_guard lock(mutex_);
    return static_cast<unsigned>(conversations_.size());
}

std::vector<std::string> scripted_peer::heads() const {
    const std::lock_guard lock(mutex_);
    return heads_;
}

void scripted_peer::wait_for_ends(unsigned count) const {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this, count] { return ended_ >= count; });
}

} // namespace seedhook
