// The tables of the remaining sections and of the whole, with what must hold between sections.
#include "config/sections.hpp"

#include "config/suggest.hpp"
#include "config/values.hpp"

#include <algorithm>
#include <set>

namespace seedhook::config {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_suggestions = 20;

const text absolute_path{"an absolute path", absolute_path_rule};

const section<fetch>& fetch_table() {
    using kind = fetch::check_kind;
    static const section<fetch> table = [] {
        section<fetch> s;
        s.field("concurrency", &fetch::concurrency, integer{1, 256}, "videos at a time");
        s.field("max_bytes", &fetch::max_bytes, size{1}, "the largest video");
        s.field("allow_hosts", &fetch::allow_hosts, list<text>{text{"a host name", host_pattern_rule}},
                "hosts that videos may come from, `*.example.com` for all below; empty: any");
        s.field("allow_cidrs", &fetch::allow_cidrs, list<text>{text{"an address or network", cidr_rule}},
                "networks allowed although they are not public");
        s.field("check", &fetch::check, choice<kind>{{{"mp4", kind::mp4}, {"none", kind::none}}},
                "`mp4`: the file's boxes must add up");
        s.field("idle_timeout", &fetch::idle_timeout, time_span{1ms, 24h},
                "without progress; the transfer then resumes");
        s.field("total_timeout", &fetch::total_timeout, time_span{1ms, 168h}, "for one attempt");
        return s;
    }();
    return table;
}

const section<spool>& spool_table() {
    static const section<spool> table = [] {
        section<spool> s;
        s.field("path", &spool::path, absolute_path, "the folder of videos that not every sink has yet");
        s.field("max_bytes", &spool::max_bytes, size{1}, "fetching waits when they come to more");
        s.field("min_free", &spool::min_free, size{}, "fetching waits when the file system has less left");
        return s;
    }();
    return table;
}

const section<outbound>& outbound_table() {
    using kind = outbound::proxy_kind;
    static const section<outbound> table = [] {
        section<outbound> s;
        s.field("ca_file", &outbound::ca_file, text_or_null{absolute_path},
                "PEM file with authorities to trust beside the system's");
        s.field("proxy", &outbound::proxy, choice<kind>{{{"env", kind::environment}, {"none", kind::none}}},
                "`env`: HTTPS_PROXY, HTTP_PROXY and NO_PROXY of the environment");
        return s;
    }();
    return table;
}

const section<store>& store_table() {
    static const section<store> table = [] {
        section<store> s;
        s.field("type", &store::type, choice<store::kind>{{{"sqlite", store::kind::sqlite}}, {"postgres"}},
                "where tasks, jobs and events are kept");
        s.field("path", &store::path, absolute_path, "the database file");
        s.unsupported({"url"});
        return s;
    }();
    return table;
}

const section<receive>& receive_table() {
    static const section<receive> table = [] {
        section<receive> s;
        s.field("threads", &receive::threads, integer{1, 1024, "auto"},
                "threads that take callbacks; `auto`: one for each core it may use");
        return s;
    }();
    return table;
}

const section<limits>& limits_table() {
    static const section<limits> table = [] {
        section<limits> s;
        s.field("body", &limits::body, size{1024, 16 * 1024 * 1024}, "the largest callback");
        s.field("connections", &limits::connections, integer{1, 1000000}, "at a time, over all listeners");
        s.field("header_timeout", &limits::header_timeout, time_span{1ms, 1h},
                "for a handshake, and for a request's head");
        s.field("idle_timeout", &limits::idle_timeout, time_span{1ms, 24h},
                "between requests, and without progress within one");
        s.field("connections_per_address", &limits::connections_per_address, integer{1, 1000000, "auto"},
                "at a time, of one IPv4 address or IPv6 /64; `auto`: 256 of a public one");
        s.field("failed_signatures_per_minute", &limits::failed_signatures_per_minute, integer{1, 1000000, "auto"},
                "of one address; then its callbacks are answered 429 for a minute; `auto`: 20 of a public one");
        s.field("trusted_proxies", &limits::trusted_proxies,
                list<text>{text{"an address, a network or `unix`", trusted_proxy_rule}},
                "proxies that are believed whom they speak for: `X-Forwarded-For`, and `proxy_protocol`");
        return s;
    }();
    return table;
}

const section<log>& log_table() {
    using level = log::level_kind;
    using format = log::format_kind;
    static const section<log> table = [] {
        const choice<level> levels{
            {{"debug", level::debug}, {"info", level::info}, {"warning", level::warning}, {"error", level::error}}};
        const choice<format> formats{{{"auto", format::automatic}, {"text", format::text}, {"json", format::json}}};
        section<log> s;
        s.field("level", &log::level, levels, "the least that is written");
        s.field("format", &log::format, formats, "`auto`: text on a terminal, JSON lines otherwise");
        return s;
    }();
    return table;
}

void mistake_at(const place& list, std::size_t index, std::string_view key, std::string message) {
    const place element = list.element(index);
    element.member(key).value_or(element).mistake(std::move(message));
}

// What names elements apart must not be there twice. Empty: it could not be read, which is said already.
template <class T>
void check_unique(const std::vector<T>& all, std::string T::*member, const members& given, std::string_view list,
                  std::string_view key) {
    std::set<std::string_view> seen;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const std::string& value = all[i].*member;
        if (!value.empty() && !seen.insert(value).second) {
            mistake_at(*given.find(list), i, key, "another of the " + std::string(list) + " has the same");
        }
    }
}

// The sources' names that may be shown: a variable's value may not.
std::vector<std::string_view> written_names(const settings& s, const place& sources) {
    std::vector<std::string_view> names;
    for (std::size_t i = 0; i < s.sources.size(); ++i) {
        const auto name = sources.element(i).member("name");
        if (name && !name->has_variables()) {
            names.push_back(s.sources[i].name);
        }
    }
    return names;
}

void check_wanted_sources(const settings& s, const members& given) {
    if (!given.find("sources") || !given.sound("sources")) {
        return;
    }
    std::set<std::string_view> known;
    for (const source& one : s.sources) {
        known.insert(one.name);
    }
    const std::vector<std::string_view> shown = written_names(s, *given.find("sources"));
    std::size_t unknown = 0;
    for (std::size_t i = 0; i < s.sinks.size(); ++i) {
        for (const std::string& wanted : s.sinks[i].routes.sources) {
            if (!wanted.empty() && !known.contains(wanted)) {
                // Each suggestion looks at every source: without a bound a hostile file takes minutes.
                const auto meant = ++unknown <= most_suggestions ? nearest(wanted, shown) : std::nullopt;
                mistake_at(*given.find("sinks"), i, "match",
                           "there is no such source" +
                               (meant ? "; did you mean \"" + std::string(*meant) + "\"?" : ""));
            }
        }
    }
}

void check_sinks(const settings& s, const members& given) {
    check_wanted_sources(s, given);
    for (std::size_t i = 0; i < s.sinks.size(); ++i) {
        const std::string folder = s.sinks[i].directory ? s.sinks[i].directory->path + "/" : "";
        if (given.sound("spool") && folder.starts_with(s.spool.path + "/")) {
            mistake_at(*given.find("sinks"), i, "path", "lies within the spool, which is the daemon's own");
        }
    }
}

void check_gateway(const settings& s, const members& given) {
    if (!s.gateway || !given.sound("gateway")) {
        return;
    }
    const auto has_api = [](const source& one) { return one.api.has_value(); };
    if (given.sound("sources") && std::none_of(s.sources.begin(), s.sources.end(), has_api)) {
        given.mistake("gateway", "needs a source with `api`, to make tasks with");
    }
    const auto same = [&s](const listener& l) { return l.address == s.gateway->address; };
    if (given.sound("listeners") && std::any_of(s.listeners.begin(), s.listeners.end(), same)) {
        given.mistake("gateway", "one of the listeners has its address");
    }
}

void check_proxied_listeners(const settings& s, const members& given) {
    if (!given.sound("limits") || !s.limits.trusted_proxies.empty()) {
        return;
    }
    for (std::size_t i = 0; i < s.listeners.size(); ++i) {
        if (s.listeners[i].proxy_protocol) {
            mistake_at(*given.find("listeners"), i, "proxy_protocol",
                       "needs `limits.trusted_proxies`: who may say whom it speaks for");
        }
    }
}

void check_control(const settings& s, const members& given) {
    const auto taken = [&s](const listener& l) { return l.address == s.control.address; };
    const bool by_listener = given.sound("listeners") && std::any_of(s.listeners.begin(), s.listeners.end(), taken);
    const bool by_gateway = given.sound("gateway") && s.gateway && s.gateway->address == s.control.address;
    if (given.find("control") && given.sound("control") && (by_listener || by_gateway)) {
        given.mistake("control", by_listener ? "one of the listeners has its address" : "the gateway has its address");
    }
}

void check_settings(const settings& s, const members& given) {
    check_unique(s.listeners, &listener::address, given, "listeners", "address");
    check_unique(s.sources, &source::name, given, "sources", "name");
    check_unique(s.sources, &source::path, given, "sources", "path");
    check_unique(s.sinks, &sink::name, given, "sinks", "name");
    check_sinks(s, given);
    check_gateway(s, given);
    check_proxied_listeners(s, given);
    check_control(s, given);
    if (given.sound("spool") && given.sound("store") && s.store.path.starts_with(s.spool.path + "/")) {
        given.mistake("store", "its path lies within the spool, which is for videos alone");
    }
}

} // namespace

const section<settings>& settings_table() {
    static const section<settings> table = [] {
        section<settings> s;
        s.required("listeners", &settings::listeners, list<nested<listener>>{{listener_table}, 1},
                   "where callbacks are taken");
        s.required("sources", &settings::sources, list<nested<source>>{{source_table}, 1},
                   "one Seedance API key each: where callbacks come from");
        s.field("poll", &settings::poll, nested<config::poll>{poll_table},
                "when tasks are asked about whose callback does not come");
        s.field("fetch", &settings::fetch, nested<config::fetch>{fetch_table}, "how finished videos are fetched");
        s.field("spool", &settings::spool, nested<config::spool>{spool_table}, "where videos are kept on their way");
        s.field("sinks", &settings::sinks, list<sink_reader>{}, "where finished tasks go");
        s.field("outbound", &settings::outbound, nested<config::outbound>{outbound_table},
                "for every outgoing connection");
        s.field("store", &settings::store, nested<config::store>{store_table}, "what outlives a crash");
        s.field("control", &settings::control, nested<config::control>{control_table}, "the control API");
        s.field("gateway", &settings::gateway, optional_nested<config::gateway>{gateway_table},
                "a listener that speaks the Open API itself, for apps; left out: there is none");
        s.field("receive", &settings::receive, nested<config::receive>{receive_table}, "how callbacks are taken");
        s.field("limits", &settings::limits, nested<config::limits>{limits_table}, "what one peer may cost");
        s.field("retention", &settings::retention, nested<config::retention>{retention_table},
                "how long the store keeps what is over");
        s.field("log", &settings::log, nested<config::log>{log_table}, "what is said on standard error");
        s.field("shutdown_grace", &settings::shutdown_grace, time_span{0ms, 1h},
                "how long a stop waits for work in hand");
        s.check(check_settings);
        return s;
    }();
    return table;
}

const section<settings>& control_only_table() {
    static const section<settings> table = [] {
        section<settings> s;
        s.field("control", &settings::control, nested<config::control>{control_table}, "the control API")
            .any_other_key();
        return s;
    }();
    return table;
}

} // namespace seedhook::config
