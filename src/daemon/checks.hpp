// What `doctor` tries, one function each. An error is a failure; its text, like a remark's, is one sentence for a
// person.
#pragma once

#include "daemon/outbound.hpp"
#include "daemon/sinks.hpp"

#include "seedhook/async/awaitable.hpp"
#include "seedhook/config/config.hpp"
#include "seedhook/model/error.hpp"
#include "seedhook/model/time.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace seedhook {

struct remark {
    remark() = default;
    explicit remark(std::string text, bool warns = false) : says(std::move(text)), warning(warns) {}

    std::string says;
    bool warning = false;
};

inline remark warning(std::string text) { return remark(std::move(text), true); }

// ---- on this machine: these block ----

// Of a store that no daemon has open. Reads for at most `limit`.
result<remark> check_store(const config::store& settings, duration limit);

// The spool's folder takes a file and has room. Makes nothing that stays.
result<remark> check_spool(const config::spool& settings);

// The key belongs to it, and it is valid for a while.
result<remark> check_certificate(const config::tls_files& files, time_point now);

// Authorities of clients: there are some that are still valid.
result<remark> check_client_ca(const std::string& file, time_point now);

// ---- over the network: what they are given outlives them ----

// Whether it runs: `running` says so then.
awaitable<result<remark>> check_daemon(const config::control& control, bool& running);

// What the end of a check would have to wait for: threads that the system holds up.
using kept_objects = std::vector<std::shared_ptr<void>>;

// The sink as the daemon would make it, and its own probe.
awaitable<result<remark>> check_sink(const config::sink& settings, sink_context with, kept_objects& kept);

// Whether the API takes the key. `of.api` is set.
awaitable<result<remark>> check_api(const config::source& of, const outbound_clients& outgoing, kept_objects& kept);

// A signed callback that cannot settle or track anything: that its content is refused proves that its signature held.
awaitable<result<remark>> check_callback(const config::source& of, const config::listener& at);

} // namespace seedhook
