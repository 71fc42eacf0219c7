// One connection of the server, from accept to close.
#pragma once

#include "seedhook/async/awaitable.hpp"
#include "seedhook/http/server.hpp"

#include "http/connection_response.hpp"
#include "http/connection_stream.hpp"
#include "http/gate.hpp"
#include "http/making_room.hpp"
#include "http/peer_identity.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/intrusive/list.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace seedhook::http {

using connection_hook = boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
struct connection_host;

// All members on the server's thread. `host` must outlive the connection.
class connection : public std::enable_shared_from_this<connection>, public connection_hook {
public:
    using clock = std::chrono::steady_clock;

    // `stream` works on the descriptor of `socket`, which is non-blocking. With `proxied` the peer first says whom it
    // speaks for, and `place` is that client's.
    connection(connection_host& host, asio::posix::stream_descriptor socket, std::unique_ptr<connection_stream> stream,
               peer_identity peer, admission::place place, bool proxied);

    // Serves requests until the connection is closed. The caller holds a reference until then.
    awaitable<> run();

    // The server is stopping: closes the connection when it is between requests.
    void stop();

    // Closes the connection wherever it waits: its place is wanted. A request that has just come is still answered.
    void drop();

    clock::time_point since() const noexcept { return since_; } // it is at what it is at

private:
    enum class waited { ready, late, stopped };
    enum class received { bytes, late, ended };
    enum class body_state { whole, refused, gone };
    enum class ending {
        quiet,    // nothing is under way
        answered, // the peer must be able to read our last bytes
        broken,   // the peer must see that what we sent is not whole
    };

    // Waiting, in connection_wait.cpp. One timer serves every limit: it is moved only when a limit comes nearer, and
    // looks again when it fires, so a request that arrives whole touches it not at all.
    awaitable<waited> wait(io_state what, clock::time_point deadline);
    awaitable<received> receive(std::span<char> into, std::size_t& size, clock::time_point deadline);
    awaitable<bool> write_all(std::string_view first, std::string_view second);
    awaitable<bool> shake_hands(clock::time_point deadline);
    awaitable<> close();
    io_state write_now(std::string_view& first, std::string_view& second);
    void arm_timer();
    void on_timer();
    void stand(standing at, clock::time_point since);

    // Whom it is with, in connection_peer.cpp.
    awaitable<bool> hear_proxy(clock::time_point deadline);
    awaitable<bool> read_exactly(std::string& into, std::size_t size, clock::time_point deadline);
    bool belongs_to(peer_identity peer);
    void look_behind_proxy();

    // Receiving, in connection_request.cpp.
    awaitable<std::size_t> receive_head();
    awaitable<received> fill(clock::time_point deadline);
    awaitable<body_state> take_body(const endpoint& taker);
    awaitable<body_state> take_sized_body(std::size_t length);
    awaitable<body_state> take_chunked_body(std::size_t limit);
    body_state refuse_body(refusal why) noexcept;
    body_state lost_body(received how) noexcept;
    clock::time_point body_deadline(std::size_t have) const noexcept;
    void forget_request();

    // Answering, in connection.cpp.
    awaitable<bool> serve_one();
    awaitable<response> call(const endpoint& taker);
    awaitable<> refuse(refusal why);
    awaitable<bool> send(response answer, bool keep_alive);
    awaitable<bool> send_stream(const response& answer, body_form form);
    std::string_view input() const noexcept;

    connection_host& host_;
    asio::posix::stream_descriptor socket_;
    asio::steady_timer timer_;
    std::unique_ptr<connection_stream> stream_;
    peer_identity peer_;
    std::string told_; // whom the present request is of, as a trusted proxy says
    admission::place place_;

    boost::beast::flat_buffer in_; // received, not yet consumed; views of the present request point into it
    std::string body_;             // of the present request, when it did not come with the head
    std::string next_;             // bytes of the next request that came with a chunked body's last ones
    std::string out_;
    std::size_t consumed_ = 0; // bytes of `in_` that the present request takes
    request request_;
    framing framing_;
    refusal refusal_;
    clock::time_point head_deadline_{};
    clock::time_point body_begun_{};
    clock::time_point since_{};
    clock::time_point deadline_{};
    ending ending_ = ending::quiet;
    standing at_ = standing::arriving;
    bool proxied_ = false; // begins with a header of the PROXY protocol
    bool first_ = true;
    bool idle_ = false; // may be closed without anybody missing an answer
    bool dropped_ = false;
    bool waiting_ = false;
    bool late_ = false;
    bool timer_armed_ = false;
};

using connection_list = boost::intrusive::list<connection, boost::intrusive::constant_time_size<false>>;

// What a server's connections have in common.
struct connection_host {
    server_limits limits;
    std::shared_ptr<admission> door;
    std::shared_ptr<const router> routes;
    date_text date;
    bool stopping = false;                // no further requests after the one in hand
    bool broken_off = false;              // no further waiting
    std::array<connection_list, 4> alive; // by `standing`; in front who has been at it longest

    connection_list& those(standing what) noexcept { return alive[static_cast<std::size_t>(what)]; }
};

} // namespace seedhook::http
