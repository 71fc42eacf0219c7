// Limits on peers as the rooms below take them.
#include "daemon/inbound_limits.hpp"

#include "seedhook/log/log.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <limits>

namespace seedhook {
namespace {

// Upstream sends from few addresses and needs a connection for each callback under way at most: 256 hold thousands of
// callbacks a second. As many clients as there are places, divided by it, must join to take all.
constexpr std::uint32_t usual_connections = 256;
// Upstream sends none. A key that was changed at one end only shows long before.
constexpr std::uint32_t usual_failures = 20;

constexpr std::size_t for_the_process = 128; // the store's files, timers, signals, the log, people at the control API
constexpr std::size_t for_a_thread = 4;      // what an io_context waits with
constexpr std::size_t for_a_video = 2;       // its connection and its file
constexpr std::size_t for_a_delivery = 4;    // a file, and a connection or a command's pipes

http::address_limit limit(std::uint32_t configured, std::uint32_t usual) noexcept {
    return configured > 0 ? http::address_limit{configured, false} : http::address_limit{usual, true};
}

std::uint64_t descriptor_limit() noexcept {
    rlimit given{};
    const bool known = ::getrlimit(RLIMIT_NOFILE, &given) == 0;
    return known ? given.rlim_cur : std::numeric_limits<std::uint64_t>::max();
}

} // namespace

std::size_t descriptors_needed(const config::settings& s, std::size_t receive_threads) {
    std::size_t needed =
        for_the_process + receive_threads * (for_a_thread + s.listeners.size()) + for_a_video * s.fetch.concurrency;
    for (const config::sink& k : s.sinks) {
        const std::size_t parts = k.s3 ? k.s3->parts_at_a_time : 0;
        needed += k.concurrency * (for_a_delivery + parts);
    }
    return needed;
}

std::size_t connections_within(std::size_t wanted, std::uint64_t descriptors, std::size_t needed) noexcept {
    const std::uint64_t left = descriptors > needed ? descriptors - needed : 0;
    const std::uint64_t room = std::max({left, descriptors / 4, std::uint64_t{1}});
    return static_cast<std::size_t>(std::min<std::uint64_t>(wanted, room));
}

http::address_limit connection_limit(const config::limits& l) noexcept {
    return limit(l.connections_per_address, usual_connections);
}

http::address_limit failure_limit(const config::limits& l) noexcept {
    return limit(l.failed_signatures_per_minute, usual_failures);
}

result<http::admission_settings> admission_of(const config::settings& s, std::size_t receive_threads) {
    auto proxies = http::trusted_proxies::parse(s.limits.trusted_proxies);
    if (!proxies) {
        return within("limits.trusted_proxies", proxies.error());
    }
    const std::uint64_t descriptors = descriptor_limit();
    http::admission_settings out;
    out.connections = connections_within(s.limits.connections, descriptors, descriptors_needed(s, receive_threads));
    out.per_address = connection_limit(s.limits);
    out.proxies = std::move(*proxies);
    if (out.connections < s.limits.connections) {
        log::warning("fewer connections than limits.connections: the limit on open files (RLIMIT_NOFILE) is too low",
                     {{"connections", static_cast<std::int64_t>(out.connections)},
                      {"open_files", static_cast<std::int64_t>(descriptors)}});
    }
    return out;
}

} // namespace seedhook
