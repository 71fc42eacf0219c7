// Looking after certificates.
#include "daemon/certificates.hpp"

#include "seedhook/async/time_limit.hpp"
#include "seedhook/log/log.hpp"
#include "seedhook/log/seldom.hpp"

#include <chrono>
#include <utility>

namespace seedhook {
namespace {

constexpr duration between_looks = std::chrono::seconds(2);

std::string day_of(time_point t) { return to_rfc3339(t).substr(0, 10); }

void tell(const std::vector<tls::server_identity::news>& all) {
    for (const auto& each : all) {
        if (each.refused_because.empty()) {
            log::info("certificate reloaded", {{"file", std::string_view(each.file)}});
        } else {
            log::warning("certificate not reloaded: the one from before stays",
                         {{"file", std::string_view(each.file)}, {"reason", std::string_view(each.refused_because)}});
        }
    }
}

// Clients that only went away are for debugging: scanners and load balancers' checks leave them behind.
void tell_failure(metrics& counts, std::string_view peer, const tls::handshake_failure& what) {
    const std::string_view reason = tls::to_string(what.fault);
    counts.handshake_failed(reason);
    const bool went_away = what.fault == tls::handshake_fault::closed || what.fault == tls::handshake_fault::timed_out;
    log::write_seldom(went_away ? log::level::debug : log::level::info, "TLS handshake failed", 1,
                      {{"reason", reason}, {"detail", std::string_view(what.reason)}, {"peer", peer}});
}

} // namespace

std::string end_text(const tls::certificate_facts& of, time_point now) {
    const auto days = std::chrono::floor<std::chrono::days>(of.ends_at - now);
    const auto hours = std::chrono::floor<std::chrono::hours>(of.ends_at - now);
    const std::string left =
        days.count() > 1 ? std::to_string(days.count()) + " days" : std::to_string(hours.count()) + " hours";
    return "ends in " + left + ", on " + day_of(of.ends_at);
}

std::string trouble_with(const tls::certificate_facts& of, time_point now) {
    if (now < of.begins_at) {
        return "begins only on " + day_of(of.begins_at);
    }
    if (now >= of.ends_at) {
        return "has ended on " + day_of(of.ends_at) + ": renew it";
    }
    return tls::renewal_is_overdue(of, now) ? end_text(of, now) + ": renew it" : std::string();
}

void certificates::add(std::shared_ptr<tls::server_identity> of) {
    of->observe_failures([&counts = counts_](std::string_view peer, const tls::handshake_failure& what) {
        tell_failure(counts, peer, what);
    });
    identities_.push_back(std::move(of));
}

awaitable<> certificates::watch() {
    for (bool goes_on = true; goes_on;) {
        for (const auto& identity : identities_) {
            auto look = [identity] { return identity->refresh(); };
            const auto news = co_await disk_.run(std::move(look));
            tell(news);
        }
        goes_on = co_await sleep_for(between_looks);
    }
}

awaitable<> certificates::reload() {
    for (const auto& identity : identities_) {
        auto look = [identity] { return identity->reload(); };
        const auto news = co_await disk_.run(std::move(look));
        tell(news);
    }
}

std::vector<std::string> certificates::degraded(time_point now) const {
    std::vector<std::string> why;
    for (const auto& identity : identities_) {
        for (const auto& each : identity->refused()) {
            why.push_back("certificate not reloaded, the one from before stays: " + each.refused_because);
        }
        for (const auto& each : identity->certificates()) {
            if (const std::string trouble = trouble_with(each.facts, now); !trouble.empty()) {
                why.push_back("certificate " + each.file + " " + trouble);
            }
        }
    }
    return why;
}

void certificates::refresh_gauges(time_point now) const {
    for (const auto& identity : identities_) {
        for (const auto& each : identity->certificates()) {
            const std::chrono::duration<double> left = each.facts.ends_at - now;
            counts_.set_certificate_expiry(each.file, left.count());
        }
    }
}

} // namespace seedhook
