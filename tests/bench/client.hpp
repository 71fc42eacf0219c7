// A closed loop of keep-alive TLS 1.3 connections on one thread: each sends its next request when the last was answered.
// Plain epoll and OpenSSL, nothing of what it measures.
#pragma once

#include "callbacks.hpp"

#include <openssl/ssl.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace seedhook::bench {

using bench_clock = std::chrono::steady_clock;

struct client_settings {
    std::string address; // numeric IPv4
    std::uint16_t port = 0;
    std::string ca_file;
    std::size_t connections = 1;
    std::string expected; // part of the body of a right answer
};

struct tally {
    std::vector<std::uint32_t> microseconds; // of each right answer
    std::map<int, std::uint64_t> statuses;   // of all answers
    std::uint64_t wrong = 0;                 // not 200, or without what was expected
    std::string first_wrong;                 // its head and body, cut
};

// Throws std::runtime_error for whatever a benchmark cannot go on after: a refused connection, a closed one.
class client {
public:
    explicit client(client_settings settings);
    ~client();
    client(const client&) = delete;
    client& operator=(const client&) = delete;

    // Connects and shakes hands with all, one after the other.
    void connect();

    // Sends the pool's requests from `next` on until the time is over or the pool is; answers that are then
    // outstanding are awaited. `next` moves to the first that was not sent.
    tally run(const callback_pool& requests, std::size_t& next, std::chrono::duration<double> time);

private:
    struct connection;

    bool send_next(connection& of, const callback_pool& requests, std::size_t& next, bench_clock::time_point end);
    bool receive(connection& of, tally& into);

    client_settings settings_;
    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
    std::vector<std::unique_ptr<connection>> connections_;
    int epoll_ = -1;
};

} // namespace seedhook::bench
