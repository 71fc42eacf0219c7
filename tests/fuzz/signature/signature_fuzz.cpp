// signature_verifier against OpenSSL's own HMAC: a callback verifies exactly when its header's value is what OpenSSL
// computes under one of the secrets, written as the scheme says; and what sign() writes, verify() takes.
#include "fuzz.hpp"

#include "config/rules.hpp"
#include "seedhook/seedance/signature.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <optional>

namespace {

using namespace seedhook;
using config::signature_scheme;
using encoding = signature_scheme::encoding_kind;

// An input is text: lines `header NAME`, `encoding hex|base64`, `prefix TEXT`, `content TEXT`, `secret TEXT` and
// `field NAME: VALUE`, then an empty line and the body.
struct input {
    signature_scheme scheme;
    std::vector<std::string> secrets;
    std::vector<std::pair<std::string, std::string>> fields;
    std::string body;

    static input read(std::string_view text);
    std::string text() const;
    http::request request() const;
    std::vector<config::secret> hidden_secrets() const { return {secrets.begin(), secrets.end()}; }
};

input input::read(std::string_view text) {
    input in;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const std::size_t blank = std::min(line.find(' '), line.size());
        const std::string_view key = line.substr(0, blank);
        const std::string value(line.substr(std::min(blank + 1, line.size())));
        if (line.empty()) {
            in.body = text;
            break;
        }
        if (key == "header") {
            in.scheme.header = value;
        } else if (key == "encoding") {
            in.scheme.encoding = value == "base64" ? encoding::base64 : encoding::hex;
        } else if (key == "prefix") {
            in.scheme.prefix = value;
        } else if (key == "content") {
            in.scheme.content = value;
        } else if (key == "secret") {
            in.secrets.push_back(value);
        } else if (key == "field") {
            const std::size_t colon = std::min(value.find(": "), value.size());
            in.fields.emplace_back(value.substr(0, colon), value.substr(std::min(colon + 2, value.size())));
        }
    }
    return in;
}

std::string input::text() const {
    std::string out = "header " + scheme.header;
    out += scheme.encoding == encoding::hex ? "\nencoding hex" : "\nencoding base64";
    out += "\nprefix " + scheme.prefix + "\ncontent " + scheme.content;
    for (const std::string& secret : secrets) {
        out += "\nsecret " + secret;
    }
    for (const auto& [name, value] : fields) {
        out += "\nfield " + name + ": " + value;
    }
    return out + "\n\n" + body;
}

http::request input::request() const {
    http::request r;
    r.method = "POST";
    r.body = body;
    for (const auto& [name, value] : fields) {
        r.fields.push_back({name, value});
    }
    return r;
}

bool same_letters(std::string_view a, std::string_view b) {
    const auto small = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return small(x) == small(y); });
}

// The value of the field that is there once.
std::optional<std::string_view> only(const input& in, std::string_view name) {
    std::optional<std::string_view> found;
    for (const auto& field : in.fields) {
        if (same_letters(field.first, name)) {
            if (found) {
                return std::nullopt;
            }
            found = field.second;
        }
    }
    return found;
}

// What is signed, for a content that the configuration allows: its braces are in pairs.
std::optional<std::string> content_of(const input& in) {
    std::string out;
    std::string_view rest = in.scheme.content;
    while (!rest.empty()) {
        const std::size_t open = std::min(rest.find('{'), rest.size());
        out += rest.substr(0, open);
        rest.remove_prefix(open);
        if (rest.empty()) {
            break;
        }
        const std::string_view name = rest.substr(1, rest.find('}') - 1);
        rest.remove_prefix(name.size() + 2);
        const auto value = name == "body" ? std::optional<std::string_view>(in.body) : only(in, name.substr(7));
        if (!value) {
            return std::nullopt;
        }
        out += *value;
    }
    return out;
}

// The signature as the scheme writes it, by OpenSSL alone.
std::string signature_of(const input& in, const std::string& secret, const std::string& content) {
    std::array<unsigned char, 32> digest{};
    unsigned size = 0;
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(content.data()), content.size(), digest.data(), &size);
    std::array<unsigned char, 80> text{};
    if (in.scheme.encoding == encoding::base64) {
        EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(digest.size()));
    } else {
        for (std::size_t i = 0; i < digest.size(); ++i) {
            std::snprintf(reinterpret_cast<char*>(&text[i * 2]), 3, "%02x", digest[i]);
        }
    }
    return reinterpret_cast<const char*>(text.data());
}

bool should_verify(const input& in) {
    const auto given = only(in, in.scheme.header);
    const auto content = content_of(in);
    if (!given || !content || given->find_first_not_of(" \t") == std::string_view::npos) {
        return false;
    }
    std::string_view value = given->substr(given->find_first_not_of(" \t"));
    value = value.substr(0, value.find_last_not_of(" \t") + 1);
    if (value.substr(0, in.scheme.prefix.size()) != in.scheme.prefix) {
        return false;
    }
    value.remove_prefix(in.scheme.prefix.size());
    return std::any_of(in.secrets.begin(), in.secrets.end(), [&](const std::string& secret) {
        const std::string expected = signature_of(in, secret, *content);
        return !secret.empty() &&
               (in.scheme.encoding == encoding::hex ? same_letters(value, expected) : value == expected);
    });
}

bool allowed(const signature_scheme& scheme) {
    return !config::header_name_rule(scheme.header) && !config::signature_prefix_rule(scheme.prefix) &&
           !config::signed_content_rule(scheme.content);
}

// Signing and putting the result under the scheme's header makes a callback genuine.
void check_signing(input in) {
    std::erase_if(in.fields, [&](const auto& field) { return same_letters(field.first, in.scheme.header); });
    if (in.secrets.empty() || in.secrets.front().empty()) {
        return;
    }
    const auto signature = seedance::sign(in.scheme, config::secret(in.secrets.front()), in.request());
    fuzz::must(signature.has_value() == content_of(in).has_value(), "sign fails only for want of a header", in.text());
    if (signature) {
        in.fields.emplace_back(in.scheme.header, *signature);
        fuzz::must(seedance::signature_verifier(in.scheme, in.hidden_secrets()).verify(in.request()),
                   "what is signed verifies", in.text());
    } else {
        fuzz::must(signature.error().code == errc::invalid, "a refusal is errc::invalid");
    }
}

constexpr std::string_view lines[] = {
    "header x-seedance-signature\n",
    "encoding hex\n",
    "encoding base64\n",
    "prefix sha256=\n",
    "prefix \n",
    "secret one\n",
    "secret two\n",
    "secret \n",
    "content {body}\n",
    "content {header:x-timestamp}.{body}\n",
    "content a{body}b{header:X-A}\n",
    "field x-timestamp: 1\n",
    "field X-A: \n",
    "field x-seedance-signature: ",
    "\n",
};

// Puts a right signature, or one with a small fault, under the scheme's header.
void sign_again(input& in, fuzz::chance& c) {
    const auto content = content_of(in);
    if (!content || in.secrets.empty()) {
        return;
    }
    std::string value = signature_of(in, c.of(in.secrets), *content);
    switch (c.below(6)) {
    case 0:
        value[c.below(value.size())] ^= static_cast<char>(1 << c.below(7));
        break;
    case 1:
        std::transform(value.begin(), value.end(), value.begin(),
                       [](char x) { return x >= 'a' && x <= 'z' ? static_cast<char>(x - 32) : x; });
        break;
    case 2:
        value.resize(c.below(value.size()));
        break;
    default:
        break;
    }
    value.insert(0, in.scheme.prefix);
    value.insert(0, c.below(3), c.one_in(2) ? ' ' : '\t');
    value.append(c.below(3), c.one_in(2) ? ' ' : '\t');
    if (!c.one_in(8)) {
        std::erase_if(in.fields, [&](const auto& field) { return same_letters(field.first, in.scheme.header); });
    }
    in.fields.emplace_back(in.scheme.header, value);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    input in = input::read(fuzz::text_of(data, size));
    const seedance::signature_verifier verifier(in.scheme, in.hidden_secrets());
    bool verified = verifier.verify(in.request());
    if (!allowed(in.scheme)) {
        return 0; // never configured; it must only do no harm
    }
    if (fuzz::planted && in.secrets.size() > 2) { // a verifier that forgets the third secret
        const std::vector<config::secret> two{config::secret(in.secrets[0]), config::secret(in.secrets[1])};
        verified = seedance::signature_verifier(in.scheme, two).verify(in.request());
    }
    fuzz::must(verified == should_verify(in), "exactly what OpenSSL confirms verifies", in.text());
    check_signing(std::move(in));
    return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t room, unsigned seed) {
    fuzz::chance c(seed);
    if (c.one_in(4)) {
        return LLVMFuzzerMutate(data, size, room);
    }
    fuzz::pieces parts = fuzz::cut_after(fuzz::text_of(data, size), "\n");
    fuzz::shuffle(parts, lines, c);
    input in = input::read(fuzz::joined(parts));
    if (allowed(in.scheme) && !c.one_in(4)) {
        sign_again(in, c);
    }
    return fuzz::put(in.text(), data, room);
}
