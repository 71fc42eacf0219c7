// A server on a thread of its own, and a client that says exactly the bytes it is told to.
#pragma once

#include "seedhook/http/server.hpp"

#include <boost/asio/io_context.hpp>

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace seedhook::http {

struct scratch_folder {
    std::filesystem::path path;
    scratch_folder();
    ~scratch_folder();
};

// What the endpoints of `test_router` saw and are told.
struct test_desk {
    std::mutex guard;
    std::vector<std::string> seen;    // `METHOD target body` of every request that reached a handler
    std::atomic<bool> holding{false}; // a request waits at `/hold`
    std::atomic<bool> release{false}; // lets it go

    std::vector<std::string> requests();
    bool wait_until_holding();
};

// `POST /echo` (at most 1000 bytes), `GET /hello`, `GET /peer`, `GET /hold`, `GET /throws`, `GET /splits`,
// `GET /large`, `GET /huge`, `GET /stream/{}` with {} one of sized, short, long, chunked, failing.
std::shared_ptr<const router> test_router(test_desk& desk);

// Of `/huge`: more than the kernel holds of a connection's bytes.
inline constexpr std::size_t huge_answer = 40'000'000;

class running_server {
public:
    explicit running_server(server_limits limits = {}, const std::string& address = "127.0.0.1:0",
                            std::shared_ptr<tls::server_identity> identity = nullptr,
                            admission_settings at_the_door = {}, bool proxy_protocol = false);
    ~running_server();

    test_desk desk;
    std::string name; // of the listening socket
    unsigned short port() const;

    // Begins to stop; `wait` returns once it has.
    void stop(duration grace);
    void wait();

    std::shared_ptr<admission> door;

private:
    void run_on_thread(awaitable<> work);

    asio::io_context context_{1};
    std::unique_ptr<server> server_;
    std::thread thread_;
    std::atomic<bool> stopping_{false};
};

// Reads give up after 5 s, which fails the test that reads.
class raw_client {
public:
    explicit raw_client(const std::string& address); // as `running_server::name`
    ~raw_client();
    raw_client(const raw_client&) = delete;
    raw_client& operator=(const raw_client&) = delete;

    void send(std::string_view bytes);
    std::string read_all();                       // until the server closes
    std::string read_until(std::string_view end); // up to and including `end`
    std::string read_bytes(std::size_t size);
    std::size_t read_some(std::size_t most); // drops it, and says how much; 0 when the connection has ended
    std::string read_response();      // a head and the body that its Content-Length announces
    bool closes();                    // nothing more comes and the connection ends
    bool silent_for(std::chrono::milliseconds time);
    void end_output();

private:
    bool fill();
    int descriptor_;
    std::string buffer_;
};

// One exchange on a connection of its own: everything the server answers until it closes.
std::string answer_to(const std::string& address, std::string_view bytes);

std::string status_of(std::string_view response); // `200`

} // namespace seedhook::http
