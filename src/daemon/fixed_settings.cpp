// Comparing what is fixed at start.
#include "daemon/fixed_settings.hpp"

#include <algorithm>
#include <tuple>

namespace seedhook {
namespace {

bool same_listener(const config::listener& a, const config::listener& b) {
    const bool same_files = a.tls.has_value() == b.tls.has_value() &&
                            (!a.tls || (a.tls->certificate == b.tls->certificate && a.tls->key == b.tls->key));
    return a.address == b.address && same_files;
}

bool same_control(const config::control& a, const config::control& b) {
    return same_listener({a.address, a.tls, a.plaintext}, {b.address, b.tls, b.plaintext});
}

bool same_gateway(const std::optional<config::gateway>& a, const std::optional<config::gateway>& b) {
    const auto listens = [](const config::gateway& g) { return config::listener{g.address, g.tls, g.plaintext}; };
    return a.has_value() == b.has_value() && (!a || same_listener(listens(*a), listens(*b)));
}

bool same_listeners(const config::settings& a, const config::settings& b) {
    return std::equal(a.listeners.begin(), a.listeners.end(), b.listeners.begin(), b.listeners.end(), same_listener);
}

auto of_spool(const config::spool& s) { return std::tie(s.path, s.max_bytes, s.min_free); }

auto of_limits(const config::limits& l) { return std::tie(l.body, l.connections, l.header_timeout, l.idle_timeout); }

} // namespace

std::string changes_that_need_a_restart(const config::settings& running, const config::settings& wanted) {
    std::string names;
    const auto compare = [&names](bool same, std::string_view name) {
        if (!same) {
            names.append(names.empty() ? "" : ", ").append(name);
        }
    };
    compare(same_listeners(running, wanted), "listeners");
    compare(of_spool(running.spool) == of_spool(wanted.spool), "spool");
    compare(running.store.path == wanted.store.path, "store");
    compare(same_control(running.control, wanted.control), "control");
    compare(same_gateway(running.gateway, wanted.gateway), "gateway");
    compare(running.receive.threads == wanted.receive.threads, "receive");
    compare(of_limits(running.limits) == of_limits(wanted.limits), "limits");
    compare(running.shutdown_grace == wanted.shutdown_grace, "shutdown_grace");
    return names;
}

} // namespace seedhook
