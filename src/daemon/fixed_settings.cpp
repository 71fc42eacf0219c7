// Comparing what is fixed at start.
#include "daemon/fixed_settings.hpp"

#include "daemon/front.hpp"
#include "seedhook/daemon/reach.hpp"

#include <algorithm>
#include <tuple>
#include <vector>

namespace seedhook {
namespace {

bool same_files(const config::tls_files& a, const config::tls_files& b) {
    return a.certificate == b.certificate && a.key == b.key;
}

bool same_listener(const config::listener& a, const config::listener& b) {
    return a.address == b.address && a.client_ca == b.client_ca && a.proxy_protocol == b.proxy_protocol &&
           std::equal(a.tls.begin(), a.tls.end(), b.tls.begin(), b.tls.end(), same_files);
}

using listeners = std::vector<config::listener>;

bool same_listeners(const listeners& a, const listeners& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), same_listener);
}

auto of_spool(const config::spool& s) { return std::tie(s.path, s.max_bytes, s.min_free); }

auto of_limits(const config::limits& l) {
    return std::tie(l.body, l.connections, l.header_timeout, l.idle_timeout, l.connections_per_address,
                    l.failed_signatures_per_minute, l.trusted_proxies);
}

} // namespace

std::string changes_that_need_a_restart(const config::settings& running, const config::settings& wanted) {
    std::string names;
    const auto compare = [&names](bool same, std::string_view name) {
        if (!same) {
            names.append(names.empty() ? "" : ", ").append(name);
        }
    };
    compare(same_listeners(running.listeners, wanted.listeners), "listeners");
    compare(of_spool(running.spool) == of_spool(wanted.spool), "spool");
    compare(running.store.path == wanted.store.path, "store");
    compare(same_listeners({control_listener(running.control)}, {control_listener(wanted.control)}), "control");
    compare(same_listeners(gateway_listeners(running), gateway_listeners(wanted)), "gateway");
    compare(running.receive.threads == wanted.receive.threads, "receive");
    compare(of_limits(running.limits) == of_limits(wanted.limits), "limits");
    compare(running.shutdown_grace == wanted.shutdown_grace, "shutdown_grace");
    return names;
}

} // namespace seedhook
