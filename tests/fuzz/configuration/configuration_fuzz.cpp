// Loading a configuration: it never throws and ends in bounded time; every mistake has its place and shows no secret;
// what is accepted can be used, and is accepted again and the same when it is written out.
#include "fuzz.hpp"
#include "printed.hpp"

#include "http/listening_address.hpp"
#include "seedhook/http/address_policy.hpp"
#include "seedhook/http/url.hpp"
#include "seedhook/model/path_template.hpp"

#include <set>

#include <netinet/in.h>

namespace {

using namespace seedhook;
using namespace std::string_literals;

constexpr std::string_view secret = "SeCrEt-MaRkEr";

// What is left of the process: a secret in each kind of variable, and values for keys.
config::variables surroundings() {
    config::variables v;
    v.environment = [](const std::string& name) -> std::optional<std::string> {
        return name == "SECRET"   ? std::optional(std::string(secret))
               : name == "TYPE"   ? std::optional("directory"s)
               : name == "BYTES"  ? std::optional("\xff\x01"s)
               : name == "NUMBER" ? std::optional("3"s)
                                  : std::nullopt;
    };
    v.file = [](const std::string& path) -> std::optional<std::string> {
        return path == "/secret" || path == "/credentials/secret" ? std::optional(std::string(secret) + "\n")
                                                                  : std::nullopt;
    };
    v.credentials_directory = "/credentials";
    return v;
}

void check_mistakes(const std::vector<config::mistake>& mistakes, std::string_view text) {
    const auto lines = std::count(text.begin(), text.end(), '\n') + 1;
    std::pair<int, int> before;
    for (const config::mistake& m : mistakes) {
        const std::string shown = m.to_string();
        fuzz::must(m.file == "f.yaml", "a mistake names the file");
        fuzz::must(m.line >= 0 && m.line <= lines + 1, "a mistake's line is one of the file's", shown);
        // yaml-cpp also counts the digits of an escape that the end of the file cuts off: `\UXXXXXXXX`.
        fuzz::must(m.line == 0 ? m.column == 0 && m.key.empty()
                               : m.column > 0 && m.column <= static_cast<int>(text.size()) + 10,
                   "a mistake has a column", shown);
        fuzz::must(before <= std::pair(m.line, m.column), "mistakes come in the order of the file", shown);
        before = {m.line, m.column};
        fuzz::must_be_fit_to_show(m.message, text.size() + 500);
        fuzz::must_be_fit_to_show(shown, text.size() + 20000);
        // Only what was wrong before there were keys has none.
        const bool of_the_whole = mistakes.size() == 1 || m.message.starts_with("a key must be text");
        fuzz::must(!m.key.empty() || of_the_whole, "a mistake names its key", shown);
        fuzz::must(shown.find(secret) == std::string::npos || text.find(secret) != std::string_view::npos,
                   "a mistake shows no variable's value", shown);
    }
}

template <class T>
void must_be_unique(const std::vector<T>& all, std::string T::*member) {
    std::set<std::string> seen;
    for (const T& one : all) {
        fuzz::must(seen.insert(one.*member).second, "names, paths and addresses are there once", one.*member);
    }
}

// Only this machine reaches the address, which must be one that can be bound.
bool is_local(const std::string& address) {
    if (address.starts_with("unix:/") || address == "systemd") {
        return address != "systemd";
    }
    const auto bound = http::parse_tcp_address(address);
    fuzz::must(bound.has_value(), "an address can be bound", address);
    sockaddr_in v4{};
    sockaddr_in6 v6{};
    std::memcpy(&v4, bound->get(), sizeof v4);
    std::memcpy(&v6, bound->get(), sizeof v6);
    return bound->get()->sa_family == AF_INET ? ntohl(v4.sin_addr.s_addr) >> 24 == 127
                                              : IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}

// The key goes nowhere in the clear but to this machine.
void check_api(const config::source& source) {
    using kind = config::verify_kind;
    fuzz::must(source.api || (source.verify != kind::confirm && source.verify != kind::both), "the API can be asked");
    fuzz::must(source.callback_url.empty() || http::parse_url(source.callback_url), "a callback's URL is one",
               source.callback_url);
    if (source.api) {
        const auto base = http::parse_url(source.api->base_url);
        fuzz::must(base.has_value() && !source.api->key.empty(), "an API has its URL and key", source.api->base_url);
        const bool loopback = base->host == "localhost" || (base->address && base->address->is_loopback());
        fuzz::must(base->scheme == "https" || loopback, "no key goes in the clear", source.api->base_url);
    }
}

void check_gateway(const config::gateway& g) {
    fuzz::must(is_local(g.address) || ((!g.tls.empty() || g.plaintext) && !g.token.empty()),
               "a gateway is not for everyone", g.address);
}

// What the daemon takes for granted.
void check_usable(const config::settings& s) {
    fuzz::must(!s.listeners.empty() && !s.sources.empty(), "something is received from somewhere");
    must_be_unique(s.listeners, &config::listener::address);
    must_be_unique(s.sources, &config::source::name);
    must_be_unique(s.sources, &config::source::path);
    must_be_unique(s.sinks, &config::sink::name);
    for (const config::listener& l : s.listeners) {
        fuzz::must(is_local(l.address) || !l.tls.empty() || l.plaintext, "nothing goes in the clear unasked",
                   l.address);
    }
    for (const config::source& source : s.sources) {
        fuzz::must(config::is_signed(source.verify) != source.secrets.empty(), "signatures have secrets");
        check_api(source);
        for (const config::secret& key : source.secrets) {
            fuzz::must(!key.empty(), "no secret is empty");
        }
    }
    if (s.gateway) {
        check_gateway(*s.gateway);
    }
    for (const config::sink& sink : s.sinks) {
        fuzz::must(sink.type == "directory" && sink.directory, "a sink has the settings of its type", sink.name);
        fuzz::must(path_template::parse(sink.directory->file).has_value(), "a file name is a template");
        fuzz::must(sink.routes.sink == sink.name && !sink.routes.on.empty(), "a sink has its route");
        fuzz::must(sink.retries.min_delay <= sink.retries.max_delay, "delays grow");
    }
    for (const std::string& network : s.fetch.allow_cidrs) {
        fuzz::must(http::cidr::parse(network).has_value(), "a network is one", network);
    }
    for (const std::string& warning : config::warnings(s)) {
        fuzz::must_be_fit_to_show(warning, 2000);
    }
}

void check_again(const config::settings& s) {
    const fuzz::printed once(s);
    const config::loaded again = config::load_text(once.text(), "f.yaml", once.variables());
    fuzz::must(again.value.has_value(), "what is accepted is accepted again",
               again.mistakes.empty() ? "" : again.mistakes.front().to_string() + "\n" + once.text());
    fuzz::must(fuzz::printed(*again.value) == once, "and is the same", once.text());
}

config::loaded load(std::string_view text) {
    config::loaded found = config::load_text(text, "f.yaml", surroundings());
    if (fuzz::planted && text.find("&") != std::string_view::npos) { // a loader that loses the place of mistakes
        for (config::mistake& m : found.mistakes) {
            m.column = 0;
        }
    }
    return found;
}

constexpr std::string_view words[] = {
    "listeners: [{address: '127.0.0.1:8443'}]\n",
    "sources: [{name: main, path: /hooks, secrets: [s]}]\n",
    "- {name: a, type: directory, path: /a}\n",
    "- {name: b, type: '${env:TYPE}', path: /b, file: '{date}/{sha256}', match: {source: main, metadata: {k: v}}}\n",
    "- {name: '${env:SECRET}', path: /s, verify: none}\n",
    "fetch: {concurrency: '${env:NUMBER}', allow_hosts: ['*.a.example'], allow_cidrs: [10.0.0.0/8, 'fd00::/8']}\n",
    "sinks: [{name: a, type: directory, path: /a, match: {source: SeCrEt-MaRkE}}]\n",
    "limits: {body: 64KiB, connections: 1, idle_timeout: 500ms}\n",
    "spool: {path: /s, max_bytes: 1TiB}\n",
    "store: {type: sqlite, path: /s/x}\n",
    "signature: {header: x-a, encoding: base64, prefix: 'v1,', content: '{header:x-b}.{body}'}",
    "'${file:/secret}'",
    "'${credential:secret}'",
    "'${env:BYTES}'",
    "'$${env:SECRET}'",
    "${env:",
    "&a ",
    "*a",
    "&b [*a, *a]",
    "<<: *a\n",
    "!!str ",
    "? ",
    ": ",
    "- ",
    "  ",
    "\n",
    "|\n x\n",
    ">-\n  x\n",
    "\"\\u00e4\"",
    "\"\\x01\"",
    "'",
    "\"",
    "[",
    "{",
    "]",
    "}",
    ", ",
    "null",
    "~",
    "#\n",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "\t",
    "\r\n",
    "\xef\xbb\xbf",
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = fuzz::text_of(data, size);
    const config::loaded found = load(text);
    fuzz::must(found.value.has_value() == found.mistakes.empty(), "settings or mistakes, and never both");
    check_mistakes(found.mistakes, text);
    if (found.value) {
        check_usable(*found.value);
        if (size < 4000) { // with all defaults a larger one may go past the bounds
            check_again(*found.value);
        }
    }
    return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t room, unsigned seed) {
    fuzz::chance c(seed);
    if (c.one_in(3)) {
        return LLVMFuzzerMutate(data, size, room);
    }
    fuzz::pieces parts = fuzz::cut_after(fuzz::text_of(data, size), c.one_in(2) ? "\n" : "\n,:[]{} ");
    if (!parts.empty() && c.one_in(30)) { // much of the same
        std::string& part = parts[c.below(parts.size())];
        const std::string once = part;
        while (part.size() < room / 2 && !once.empty() && !c.one_in(1000)) {
            part += once;
        }
    }
    fuzz::shuffle(parts, words, c);
    return fuzz::put(fuzz::joined(parts), data, room);
}
