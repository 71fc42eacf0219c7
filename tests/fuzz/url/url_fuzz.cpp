// URLs, addresses and networks. Each line of an input is taken for all three: a URL that is accepted means one thing
// only and survives printing, the policy agrees with the registries, a CIDR holds what its bits say.
#include "fuzz.hpp"
#include "plain_address.hpp"

#include "config/rules.hpp"
#include "http/listening_address.hpp"
#include "seedhook/http/address_policy.hpp"
#include "seedhook/http/url.hpp"

#include <boost/url/parse.hpp>

#include <sys/socket.h>

#include <algorithm>

namespace {

using namespace seedhook;
using fuzz::plain_address;
using fuzz::plain_network;
namespace ip = boost::asio::ip;
namespace urls = boost::urls;

constexpr std::size_t most_together = 12; // addresses, and networks: each is held against each

std::string_view std_view(urls::string_view text) { return {text.data(), text.size()}; }

void must_be_refused_well(const error& why, std::string_view text) {
    fuzz::must(why.code == errc::invalid || why.code == errc::refused, "a refusal is errc::invalid or refused");
    fuzz::must_be_fit_to_show(why.message, 200);
    // libFuzzer learns words from comparisons, our own messages among them: what these are written in may be ours.
    const bool may_be_ours = std::all_of(text.begin(), text.end(), [](char c) {
        return c == ' ' || c == ':' || c == '6' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    });
    fuzz::must(text.size() < 12 || may_be_ours || why.message.find(text) == std::string::npos,
               "the text is not repeated", text);
}

bool same(const http::url& a, const http::url& b) {
    return a.scheme == b.scheme && a.host == b.host && a.port == b.port && a.target == b.target &&
           a.address == b.address;
}

void check_host(const http::url& u) {
    fuzz::must(!u.host.empty() && u.host.size() <= 253, "the host is there and bounded");
    fuzz::must(u.host.find_first_of("@/?#%[]ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos, "the host is plain",
               u.host);
    const auto address = fuzz::plain_address_of(u.host);
    fuzz::must(address.has_value() == u.address.has_value(), "an address is seen as one", u.host);
    fuzz::must(!address || address->text() == u.address->to_string(), "the address is the one written", u.host);
    in_addr legacy{};
    fuzz::must(inet_aton(u.host.c_str(), &legacy) == 0 || address, "no name that a resolver takes for an address",
               u.host);
    if (!address) {
        fuzz::must(http::host_matches(u.host, u.host) && http::host_matches("*." + u.host, "a." + u.host) &&
                       !http::host_matches("*." + u.host, u.host),
                   "patterns match the host", u.host);
    }
}

// Boost.URL 1.81 takes `//1.2.3.4.example` for the host 1.2.3.4 with a path behind it.
bool is_sane(const urls::url_view_base& u) {
    return !u.has_authority() || u.encoded_path().empty() || u.encoded_path().front() == '/';
}

// Where Boost.URL takes the text as well, it must see the same in it.
void check_with_boost(const http::url& ours, std::string_view text) {
    const auto theirs = urls::parse_uri({text.data(), text.size()});
    if (!theirs || !is_sane(*theirs)) {
        return;
    }
    fuzz::must(!theirs->has_userinfo(), "user information is refused", text);
    std::string target(std_view(theirs->encoded_path()));
    target.insert(0, target.empty() ? "/" : "");
    target += theirs->has_query() ? "?" + std::string(std_view(theirs->encoded_query())) : "";
    fuzz::must(ours.target == target, "Boost.URL sees the same target", text);
    fuzz::must(theirs->port().empty() || theirs->port_number() == ours.port, "Boost.URL sees the same port", text);
    if (!ours.address) {
        std::string host(std_view(theirs->encoded_host()));
        std::transform(host.begin(), host.end(), host.begin(),
                       [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
        fuzz::must(ours.host == host, "Boost.URL sees the same host", text);
    }
}

void check_accepted(const http::url& u) {
    fuzz::must(u.scheme == "http" || u.scheme == "https", "the scheme is one of two");
    fuzz::must(u.port != 0, "the port is not 0");
    fuzz::must(u.target.starts_with('/') && u.target.find('#') == std::string::npos, "the target is one", u.target);
    for (const char c : u.text()) {
        fuzz::must(c > ' ' && c <= '~', "no control character, blank or 8-bit character", u.text());
    }
    check_host(u);
    const auto again = http::parse_url(u.text());
    fuzz::must(again && same(*again, u) && again->text() == u.text(), "parse, print, parse is the identity", u.text());
    fuzz::must(u.text() == u.scheme + "://" + u.authority() + u.target, "a URL is its parts", u.text());
}

std::optional<http::url> check_url(std::string_view text) {
    const auto parsed = http::parse_url(text);
    if (!parsed) {
        must_be_refused_well(parsed.error(), text);
        return std::nullopt;
    }
    check_accepted(*parsed);
    check_with_boost(*parsed, text);
    return *parsed;
}

// RFC 3986, 5.2.4, by taking the path apart.
std::string without_dots(std::string_view path) {
    std::vector<std::string_view> kept;
    for (std::string_view rest = path; !rest.empty();) {
        rest.remove_prefix(1);
        const std::string_view segment = rest.substr(0, rest.find('/'));
        rest.remove_prefix(segment.size());
        if (segment == ".." && !kept.empty()) {
            kept.pop_back();
        }
        if (segment != "." && segment != "..") {
            kept.push_back(segment);
        } else if (rest.empty()) {
            kept.push_back("");
        }
    }
    std::string out;
    for (const std::string_view segment : kept) {
        out.append("/").append(segment);
    }
    return out;
}

// RFC 3986, 5.2.2, for a reference of a path, a query, or both.
std::string resolved_target(std::string_view base, std::string_view reference) {
    const std::string_view path = reference.substr(0, reference.find('?'));
    const std::string_view query = reference.substr(path.size());
    const std::string_view base_path = base.substr(0, base.find('?'));
    if (path.empty()) {
        return query.empty() ? std::string(base) : std::string(base_path).append(query);
    }
    const std::string_view before = path.front() == '/' ? "" : base_path.substr(0, base_path.rfind('/') + 1);
    return without_dots(std::string(before).append(path)).append(query);
}

void check_reference(const http::url& base, std::string_view reference) {
    const auto found = http::resolve_url(base, reference);
    if (!found) {
        must_be_refused_well(found.error(), reference);
        return;
    }
    check_accepted(*found);
    http::url expected = base;
    const std::string_view plain = reference.substr(0, reference.find('#'));
    if (const auto whole = http::parse_url(reference); whole || plain.starts_with("//")) {
        expected = whole ? *whole : http::parse_url(base.scheme + ":" + std::string(plain)).value();
        expected.target = resolved_target("/", expected.target);
    } else {
        expected.target = resolved_target(base.target, plain);
    }
    fuzz::must(same(*found, expected), "a reference is resolved as RFC 3986 says",
               found->text() + " is not " + expected.text());
}

ip::address asio_address(const plain_address& a) {
    if (a.v6) {
        return ip::make_address_v6(a.bytes);
    }
    return ip::make_address_v4(ip::address_v4::bytes_type{a.bytes[0], a.bytes[1], a.bytes[2], a.bytes[3]});
}

bool permits(const http::address_policy& policy, const plain_address& a) {
    const bool fault = fuzz::planted && fuzz::nat64.holds(a); // a policy that knows no NAT64
    return fault || policy.permits(asio_address(a));
}

bool holds(const plain_network& network, const plain_address& a) {
    return network.holds(a) || (fuzz::mapped_v4.holds(a) && network.holds(a.inner(12)));
}

void check_policy(const plain_address& a, const std::vector<std::pair<http::cidr, plain_network>>& networks) {
    http::address_policy policy;
    fuzz::must(permits(policy, a) == fuzz::is_public(a), "the policy agrees with the registries", a.text());
    bool excepted = false;
    for (const auto& [block, network] : networks) {
        policy.allowed.push_back(block);
        fuzz::must(block.contains(asio_address(a)) == holds(network, a), "a block holds what its bits say", a.text());
        excepted = excepted || holds(network, a);
    }
    fuzz::must(permits(policy, a) == (excepted || fuzz::is_public(a)), "exceptions are what is excepted", a.text());
    if (a.v6) {
        ip::address_v6 scoped = asio_address(a).to_v6();
        scoped.scope_id(1);
        fuzz::must(!policy.permits(scoped), "an address with a scope is never permitted", a.text());
    }
    policy.public_only = false;
    fuzz::must(permits(policy, a), "without a policy all is permitted");
}

// Within, and just outside of, the network.
void check_edges(const http::cidr& block, const plain_network& network) {
    plain_address inside = network.last();
    fuzz::must(block.contains(asio_address(network.first)) && block.contains(asio_address(inside)),
               "a block has its ends");
    for (unsigned i = 0; i < network.length; ++i) {
        inside.set_bit(i, !inside.bit(i));
        fuzz::must(!block.contains(asio_address(inside)), "a block has nothing with another prefix", inside.text());
        inside.set_bit(i, !inside.bit(i));
    }
}

// What the configuration takes must be what the rooms below can use.
void check_rules(std::string_view text, bool is_network) {
    fuzz::must(config::cidr_rule(text).has_value() != is_network, "the configuration takes exactly the CIDRs", text);
    const bool takes = !config::listen_address_rule(text);
    if (takes && !text.starts_with("unix:") && text != "systemd") {
        fuzz::must(http::parse_tcp_address(std::string(text)).has_value(), "what is configured can be bound", text);
    }
}

constexpr std::string_view lines[] = {"https://a.example/v?x=%2F#f\n",
                                      "http://[::1]:8443\n",
                                      "HTTPS://127.0.0.1:0443/..\n",
                                      "http://0x7f.1/\n",
                                      "http://1.2.3.4.example/\n",
                                      "http://u:p@h/\n",
                                      "//b.example/../c\n",
                                      "../a/./b/..\n",
                                      "?q\n",
                                      "#f\n",
                                      ":\n",
                                      "a:b\n",
                                      "./a:b\n",
                                      "10.0.0.0/8\n",
                                      "::/0\n",
                                      "fe80::1%1\n",
                                      "[::]:8443\n",
                                      "unix:/a\n"};

// An address at or near the edge of a special network, bare or within one of the forms that hold IPv4 addresses.
std::string some_address(fuzz::chance& c) {
    const plain_network network = c.of(fuzz::specials());
    plain_address a = c.one_in(2) ? network.first : network.last();
    if (c.one_in(2)) {
        const unsigned flipped = static_cast<unsigned>(c.below(a.bits()));
        a.set_bit(flipped, !a.bit(flipped));
    }
    if (!a.v6 && c.one_in(2)) {
        const bool in_front = c.one_in(3);
        plain_address outer = (in_front ? fuzz::six_to_four : c.one_in(2) ? fuzz::mapped_v4 : fuzz::nat64).first;
        std::copy_n(a.bytes.begin(), 4, outer.bytes.begin() + (in_front ? 2 : 12));
        a = outer;
    }
    const std::string text = a.text();
    switch (c.below(4)) {
    case 0:
        return (a.v6 ? "http://[" + text + "]" : "http://" + text) + "/\n";
    case 1:
        return text + "/" + std::to_string(c.below(a.bits() + 2)) + "\n";
    default:
        return text + "\n";
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::vector<std::pair<http::cidr, plain_network>> networks;
    std::vector<plain_address> addresses;
    std::optional<http::url> base;
    for (const std::string& piece : fuzz::cut_after(fuzz::text_of(data, size), "\n")) {
        const std::string line = piece.ends_with('\n') ? piece.substr(0, piece.size() - 1) : piece;
        const auto found = check_url(line);
        if (base) {
            check_reference(*base, line);
        }
        base = found ? found : base;
        const auto block = http::cidr::parse(line);
        const auto network = fuzz::plain_network_of(line);
        fuzz::must(block.has_value() == network.has_value(), "exactly the CIDRs are taken", line);
        check_rules(line, network.has_value());
        if (network && networks.size() < most_together) {
            check_edges(*block, *network);
            networks.emplace_back(*block, *network);
        }
        if (const auto address = fuzz::plain_address_of(line); address && addresses.size() < most_together) {
            addresses.push_back(*address);
        }
    }
    for (const plain_address& a : addresses) {
        check_policy(a, networks);
    }
    return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t room, unsigned seed) {
    fuzz::chance c(seed);
    if (c.one_in(3)) {
        return LLVMFuzzerMutate(data, size, room);
    }
    fuzz::pieces parts = fuzz::cut_after(fuzz::text_of(data, size), "\n");
    const std::string address = some_address(c);
    const std::string_view words[] = {address, address, c.of(lines)};
    fuzz::shuffle(parts, words, c);
    return fuzz::put(fuzz::joined(parts), data, room);
}
