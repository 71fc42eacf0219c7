// A peer on a loopback socket that says exactly what a test tells it to: any bytes, at any time, cut anywhere. Plain
// blocking sockets and OpenSSL on threads of its own, so that it shares nothing with the code under test.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

struct ssl_st;
struct ssl_ctx_st;

namespace seedhook {

class scripted_peer {
public:
    // One accepted connection, on a thread of its own.
    class conversation {
    public:
        conversation(scripted_peer& owner, int descriptor) : owner_(owner), descriptor_(descriptor) {}
        ~conversation();
        conversation(const conversation&) = delete;
        conversation& operator=(const conversation&) = delete;

        // A request's head with its blank line; empty once the other side has gone.
        std::string read_head();
        std::string read_exactly(std::size_t size);
        // False once the other side has gone.
        bool send(std::string_view bytes);
        // False when the peer is being taken down.
        bool pause(std::chrono::milliseconds time);
        // Returns when the other side closes.
        void wait_for_close();
        // The TLS handshake, as the server; false when it fails.
        bool start_tls();
        // Says TLS's own goodbye.
        void end_tls();
        // TLS 1.3's records of `bytes`, in one, and after them of a session ticket, in several. Nothing is sent.
        std::vector<std::string> sealed_with_ticket(std::string_view bytes);
        // Beside TLS. False once the other side has gone.
        bool send_raw(std::string_view bytes);
        // The connection ends with a reset when the script does.
        void reset() noexcept { reset_ = true; }

    private:
        friend class scripted_peer;
        long receive(char* into, std::size_t size);

        scripted_peer& owner_;
        int descriptor_;
        ssl_st* ssl_ = nullptr;
        std::string unread_;
        bool reset_ = false;
    };
    using script = std::function<void(conversation&)>;

    struct tls_identity {
        std::string certificate; // PEM files
        std::string key;
    };

    // The n-th connection follows the n-th script, and further ones the last. With `tls` every connection begins with
    // a handshake unless `tls_later`. The socket is closed after the script.
    explicit scripted_peer(std::vector<script> scripts);
    scripted_peer(std::vector<script> scripts, tls_identity tls, bool tls_later = false);
    // On a unix socket.
    scripted_peer(std::vector<script> scripts, const std::string& path);
    ~scripted_peer();

    std::uint16_t port() const noexcept { return port_; }
    // `http://127.0.0.1:port/path`; `https://localhost:port/path` with TLS from the beginning.
    std::string url(std::string_view path) const;
    unsigned connections() const;
    // Every request's head so far, in order.
    std::vector<std::string> heads() const;
    // Waits until `count` connections have ended.
    void wait_for_ends(unsigned count) const;

private:
    void listen_on_loopback();
    void start();
    void accept_all();
    void converse(conversation& with, std::size_t number);

    std::vector<script> scripts_;
    std::unique_ptr<ssl_ctx_st, void (*)(ssl_ctx_st*)> context_;
    bool tls_at_once_ = false;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::thread acceptor_;
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    bool stopping_ = false;
    unsigned ended_ = 0;
    std::vector<std::string> heads_;
    std::list<conversation> conversations_;
    std::vector<std::thread> threads_;
};

} // namespace seedhook
