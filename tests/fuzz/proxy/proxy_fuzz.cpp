// What a proxy says of its client: a header of the PROXY protocol, taken as its specification's layout says, however
// its bytes come; and X-Forwarded-For, of which nothing but its trusted end can be changed by whoever is not trusted.
#include "fuzz.hpp"

#include "http/forwarded.hpp"
#include "http/proxy_header.hpp"

#include <optional>

namespace {

using namespace seedhook;
using kind = http::proxy_header::kind;
using namespace std::string_view_literals;

constexpr std::string_view signature = "\r\n\r\n\0\r\nQUIT\n"sv;

unsigned byte(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

// The client that a whole header names, in the words of Asio; an empty text: nobody. Nothing: it is no good header.
std::optional<std::string> client_by_layout(std::string_view bytes) {
    if (bytes.size() < 16 || !bytes.starts_with(signature) || (byte(bytes, 12) != 0x20 && byte(bytes, 12) != 0x21)) {
        return std::nullopt;
    }
    const std::size_t rest = byte(bytes, 14) * 256 + byte(bytes, 15);
    if (rest + 16 > http::longest_proxy_header || bytes.size() < rest + 16) {
        return std::nullopt;
    }
    const unsigned family = byte(bytes, 13);
    if (byte(bytes, 12) == 0x20 || family == 0 || (family == 0x31 && rest >= 216)) {
        return "";
    }
    std::string text;
    if (family == 0x11 && rest >= 12) {
        for (std::size_t at = 16; at < 20; ++at) {
            text += (text.empty() ? "" : ".") + std::to_string(byte(bytes, at));
        }
        return text + ":" + std::to_string(byte(bytes, 24) * 256 + byte(bytes, 25));
    }
    if (family == 0x21 && rest >= 36) {
        boost::asio::ip::address_v6::bytes_type raw{};
        for (std::size_t i = 0; i < raw.size(); ++i) {
            raw[i] = static_cast<unsigned char>(byte(bytes, 16 + i));
        }
        text = "[" + boost::asio::ip::address_v6(raw).to_string() + "]";
        return text + ":" + std::to_string(byte(bytes, 48) * 256 + byte(bytes, 49));
    }
    return std::nullopt;
}

http::proxy_header read(std::string_view bytes) {
    http::proxy_header out = http::read_proxy_header(bytes);
    if (fuzz::planted && out.what == kind::proxy && byte(bytes, 13) == 0x11) {
        out.what = kind::client; // the addresses of a health check
    }
    return out;
}

std::string client_text(const http::proxy_header& h) {
    const auto address = h.client.address();
    const std::string host = address.is_v6() ? "[" + address.to_string() + "]" : address.to_string();
    return host + ":" + std::to_string(h.client.port());
}

// As a connection does: no more bytes than are asked for.
void check_header(std::string_view bytes) {
    std::size_t have = 0;
    http::proxy_header found = read({});
    while (found.what == kind::more && found.size <= bytes.size()) {
        fuzz::must(found.size > have && found.size <= http::longest_proxy_header, "what is asked for is bounded");
        have = found.size;
        const std::vector<char> piece(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(have));
        found = read({piece.data(), piece.size()});
    }
    const auto expected = client_by_layout(bytes);
    const bool good = found.what == kind::client || found.what == kind::proxy;
    fuzz::must(good == expected.has_value(), "exactly the good headers are taken", found.why);
    if (good) {
        fuzz::must(found.size == have, "nothing behind the header was read");
        fuzz::must((found.what == kind::client ? client_text(found) : "") == *expected, "the client is the one named",
                   *expected);
    }
    if (found.what == kind::wrong) {
        fuzz::must_be_fit_to_show(found.why, 100);
        fuzz::must(read(bytes).what == kind::wrong, "what is wrong stays so");
    }
}

std::optional<boost::asio::ip::address> client_in(const fuzz::pieces& values, const http::trusted_proxies& trusted) {
    std::vector<http::field_view> fields;
    for (const std::string& value : values) {
        fields.push_back({"X-Forwarded-For", value});
    }
    return http::forwarded_client(fields, trusted);
}

void check_forwarded(std::string_view text) {
    static const auto trusted = http::trusted_proxies::parse({"10.0.0.0/8", "fd00::/8"}).value();
    const auto found = client_in({std::string(text)}, trusted);
    fuzz::pieces fields = fuzz::cut_after(text, ",");
    for (std::string& field : fields) {
        field.erase(field.find_last_not_of(',') + 1);
    }
    fuzz::must(client_in(fields, trusted) == found, "several fields are one list", text);
    for (const std::string_view forged : {"192.0.2.1", "10.0.0.1", "unknown"}) {
        const auto after = client_in({std::string(forged) + "," + std::string(text)}, trusted);
        fuzz::must(!found || trusted.holds(*found) || after == found, "a client cannot be written over", text);
        const auto none = http::trusted_proxies();
        const auto nearest = client_in({std::string(text)}, none);
        fuzz::must(!nearest || client_in({std::string(forged) + "," + std::string(text)}, none) == nearest,
                   "who trusts nobody hears of the last hop alone", text);
    }
    if (found && !trusted.holds(*found)) {
        fuzz::must(client_in({found->to_string()}, trusted) == found, "an address that is read is one", text);
    }
}

constexpr std::string_view words[] = {signature,
                                      "\x21\x11\x00\x0c"sv,
                                      "\x20\x00\x00\x00"sv,
                                      "\x21\x21\x00\x24"sv,
                                      "\x21\x31\x00\xd8"sv,
                                      "\xcb\x00\x71\x09\x0a\x00\x00\x01\x01\x02\x01\xbb"sv,
                                      "203.0.113.9,",
                                      "10.0.0.1,",
                                      "[2001:db8::1]:443,",
                                      "fd00::1 ,",
                                      "unknown,",
                                      ","};

// The signature, the four bytes behind it, and the rest; a list at its commas.
fuzz::pieces parts_of(std::string_view text) {
    if (!text.starts_with(signature)) {
        return fuzz::cut_after(text, ",");
    }
    fuzz::pieces parts{std::string(signature)};
    text.remove_prefix(signature.size());
    parts.emplace_back(text.substr(0, 4));
    parts.emplace_back(text.substr(std::min<std::size_t>(4, text.size())));
    return parts;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = fuzz::text_of(data, size);
    check_header(text);
    check_forwarded(text);
    return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t room, unsigned seed) {
    fuzz::chance c(seed);
    if (c.one_in(3)) {
        return LLVMFuzzerMutate(data, size, room);
    }
    fuzz::pieces parts = parts_of(fuzz::text_of(data, size));
    fuzz::shuffle(parts, words, c);
    return fuzz::put(fuzz::joined(parts), data, room);
}
