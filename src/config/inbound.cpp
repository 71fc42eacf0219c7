// The tables of what comes in: listeners, the gateway, the control API, and sources.
#include "config/sections.hpp"
#include "config/values.hpp"

namespace seedhook::config {
namespace {

const section<api>& api_table() {
    static const section<api> table = [] {
        section<api> s;
        s.field("base_url", &api::base_url, text{"a URL", base_url_rule},
                "https (http to loopback alone), with a path at most; the key goes nowhere else");
        s.required("key", &api::key, secret_text{bearer_rule}, "the API key, `sd2_live_…`");
        return s;
    }();
    return table;
}

const section<signature_scheme>& signature_table() {
    using kind = signature_scheme::encoding_kind;
    static const section<signature_scheme> table = [] {
        section<signature_scheme> s;
        s.field("header", &signature_scheme::header, text{"the name of a header", header_name_rule},
                "the header that carries the signature");
        s.field("encoding", &signature_scheme::encoding, choice<kind>{{{"hex", kind::hex}, {"base64", kind::base64}}},
                "how the signature is written");
        s.field("prefix", &signature_scheme::prefix, text{"printable ASCII", signature_prefix_rule},
                "required in front of the signature, such as `sha256=`");
        s.field("content", &signature_scheme::content,
                text{"text with {body} and {header:NAME}", signed_content_rule, true},
                "what is signed: literal text, `{body}` exactly once, `{header:NAME}` for a header's value");
        return s;
    }();
    return table;
}

void check_listener(const listener& l, const members& given) {
    const bool tls = given.find("tls") != nullptr;
    if (tls && l.plaintext) {
        given.mistake("plaintext", "contradicts `tls`: leave out one of the two");
    }
    if (!tls && !l.client_ca.empty()) {
        given.mistake("client_ca", "needs `tls`: certificates are shown within it");
    }
    if (given.find("address") && given.sound("address") && !tls && !l.plaintext && given.sound("plaintext") &&
        !is_local_address(l.address)) {
        given.mistake("address",
                      "others than this machine can reach it: it needs `tls`, or `plaintext: true` to go without");
    }
}

// A gateway is a listener that also wants a token: the same holds for its `tls` and `plaintext`.
void check_gateway(const gateway& g, const members& given) {
    check_listener({g.address, g.tls, g.client_ca, g.plaintext}, given);
    if (given.sound("address") && given.sound("token") && g.token.empty() && !is_local_address(g.address)) {
        given.mistake("token", "is missing: others than this machine can reach the gateway, and would spend the API "
                               "key's credits");
    }
}

// On a unix socket the file's permissions say who may use it, and there is nobody to encrypt for.
void check_control(const control& c, const members& given) {
    const bool is_unix = c.address.starts_with("unix:");
    if (given.sound("address") && is_unix && !c.tls.empty()) {
        given.mistake("tls", "is for TCP addresses: a unix socket does not leave this machine");
        return;
    }
    check_listener({c.address, c.tls, c.client_ca, c.plaintext}, given);
    if (given.sound("address") && given.sound("token") && c.token.empty() && !is_unix) {
        given.mistake("token", "is missing: whoever can reach a TCP address may ask and change everything here");
    }
}

choice<verify_kind> verify_words() {
    return {{{"signature", verify_kind::signature},
             {"confirm", verify_kind::confirm},
             {"both", verify_kind::both},
             {"none", verify_kind::none}}};
}

void check_unsigned(const source& s, const members& given) {
    const std::string why = s.verify == verify_kind::none ? ", under which nothing is checked"
                                                          : ", under which no signature is checked; `both` does";
    for (const std::string_view key : {"secrets", "signature"}) {
        if (given.find(key) && given.sound(key)) {
            given.mistake(key, "contradicts `verify: " + verify_words().show(s.verify) + "`" + why);
        }
    }
}

void check_source(const source& s, const members& given) {
    if (!given.sound("verify")) {
        return;
    }
    const std::string needs = "`verify: " + verify_words().show(s.verify) + "` needs ";
    if (!is_signed(s.verify)) {
        check_unsigned(s, given);
    } else if (!given.find("secrets")) {
        given.mistake("secrets", "is missing: " + needs + "at least one");
    } else if (s.secrets.empty() && given.sound("secrets")) {
        given.mistake("secrets", "must not be empty: " + needs + "at least one");
    }
    if ((s.verify == verify_kind::confirm || s.verify == verify_kind::both) && !given.find("api")) {
        given.mistake("api", "is missing: " + needs + "it, to ask what became of the task");
    }
}

// What a listener and the gateway take alike.
template <class T>
void add_tls(section<T>& s) {
    s.field("tls", &T::tls, list<nested<tls_files>>{{tls_table}, 1, true},
            "one certificate, or a list: the name that a client asks for picks (exact, else by `*.`), the first is the "
            "default; without: loopback and unix only");
    s.field("client_ca", &T::client_ca, text_or_null{{"an absolute path", absolute_path_rule}},
            "PEM file: clients must show a certificate that one of these authorities signed");
    s.field("plaintext", &T::plaintext, boolean{}, "go without TLS although others can reach the address");
}

} // namespace

const section<tls_files>& tls_table() {
    static const section<tls_files> table = [] {
        const text file{"an absolute path", absolute_path_rule};
        section<tls_files> s;
        s.required("certificate", &tls_files::certificate, file, "PEM file with the certificate chain, leaf first");
        s.required("key", &tls_files::key, file, "PEM file with the private key");
        return s;
    }();
    return table;
}

const section<listener>& listener_table() {
    static const section<listener> table = [] {
        section<listener> s;
        s.required("address", &listener::address, text{"an address", listen_address_rule},
                   "`127.0.0.1:8443`, `[::]:8443`, `unix:/run/seedhook.sock`, or `systemd` for inherited sockets");
        add_tls(s);
        s.field("proxy_protocol", &listener::proxy_protocol, boolean{},
                "`limits.trusted_proxies` connect here and say whom they speak for, by the PROXY protocol, version 2");
        s.check(check_listener);
        return s;
    }();
    return table;
}

const section<gateway>& gateway_table() {
    static const section<gateway> table = [] {
        section<gateway> s;
        s.field("address", &gateway::address, text{"an address", gateway_address_rule},
                "`127.0.0.1:8090`, `[::]:8090` or `unix:/run/seedhook/gateway.sock`");
        s.field("token", &gateway::token, secret_text{bearer_rule},
                "what apps send as the Bearer; needed on anything but loopback and unix");
        add_tls(s);
        s.check(check_gateway);
        return s;
    }();
    return table;
}

const section<control>& control_table() {
    static const section<control> table = [] {
        section<control> s;
        s.field("address", &control::address, text{"an address", control_address_rule},
                "`unix:/run/seedhook/control.sock` (0660 and of the daemon's group), `127.0.0.1:9090` or `[::1]:9090`");
        s.field("token", &control::token, secret_text{bearer_rule},
                "what callers send as the Bearer; needed on anything but a unix socket");
        s.field("hosts", &control::hosts, list<text>{text{"a host name", host_name_rule}},
                "names under which it is reached, such as a proxy's, beside those of its address");
        add_tls(s);
        s.check(check_control);
        return s;
    }();
    return table;
}

const section<source>& source_table() {
    static const section<source> table = [] {
        section<source> s;
        s.required("name", &source::name, text{"a name", name_rule},
                   "names the source in tasks, metrics and file names");
        s.required("path", &source::path, text{"a path", source_path_rule},
                   "where its callbacks come in, on every listener");
        s.field("verify", &source::verify, verify_words(),
                "how a callback proves itself; `confirm`: the API is asked, `both`: and it must be signed");
        s.field("secrets", &source::secrets, list<secret_text>{},
                "webhook secrets: a callback is genuine under any of them (rotation: the new and the old)");
        s.field("signature", &source::signature, nested<signature_scheme>{signature_table},
                "the signature's scheme; the default is the documented one");
        s.field("api", &source::api, optional_nested<config::api>{api_table},
                "the Seedance API that its tasks are made with; without it they are never asked about");
        s.field("callback_url", &source::callback_url, text_or_null{{"a URL", callback_url_rule}},
                "what gateway and submit put in webhookUrl: where upstream reaches `path`");
        s.check(check_source);
        return s;
    }();
    return table;
}

} // namespace seedhook::config
