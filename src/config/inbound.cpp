// The tables of what comes in: listeners and sources.
#include "config/sections.hpp"
#include "config/values.hpp"

namespace seedhook::config {
namespace {

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
    if (l.tls && l.plaintext) {
        given.mistake("plaintext", "contradicts `tls`: leave out one of the two");
    }
    if (given.find("address") && given.sound("address") && !l.tls && !l.plaintext && given.sound("plaintext") &&
        !is_local_address(l.address)) {
        given.mistake("address",
                      "others than this machine can reach it: it needs `tls`, or `plaintext: true` to go without");
    }
}

void check_source(const source& s, const members& given) {
    if (!given.sound("verify")) {
        return;
    }
    if (s.verify == verify_kind::none) {
        for (const std::string_view key : {"secrets", "signature"}) {
            if (given.find(key)) {
                given.mistake(key, "contradicts `verify: none`, under which nothing is checked");
            }
        }
    } else if (!given.find("secrets")) {
        given.mistake("secrets", "is missing: `verify: signature` needs at least one");
    } else if (s.secrets.empty() && given.sound("secrets")) {
        given.mistake("secrets", "must not be empty: `verify: signature` needs at least one");
    }
}

} // namespace

const section<listener>& listener_table() {
    static const section<listener> table = [] {
        section<listener> s;
        s.required("address", &listener::address, text{"an address", listen_address_rule},
                   "`127.0.0.1:8443`, `[::]:8443`, `unix:/run/seedhook.sock`, or `systemd` for inherited sockets");
        s.field("tls", &listener::tls, optional_nested<tls_files>{tls_table}, "without it: loopback and unix only");
        s.field("plaintext", &listener::plaintext, boolean{}, "go without TLS although others can reach the address");
        s.check(check_listener);
        return s;
    }();
    return table;
}

const section<source>& source_table() {
    static const section<source> table = [] {
        const choice<verify_kind> verify{{{"signature", verify_kind::signature}, {"none", verify_kind::none}},
                                         {"confirm", "both"}};
        section<source> s;
        s.required("name", &source::name, text{"a name", name_rule},
                   "names the source in tasks, metrics and file names");
        s.required("path", &source::path, text{"a path", source_path_rule},
                   "where its callbacks come in, on every listener");
        s.field("verify", &source::verify, verify, "how a callback proves itself; `none` must be asked for by name");
        s.field("secrets", &source::secrets, list<secret_text>{},
                "webhook secrets: a callback is genuine under any of them (rotation: the new and the old)");
        s.field("signature", &source::signature, nested<signature_scheme>{signature_table},
                "the signature's scheme; the default is the documented one");
        s.unsupported({"api", "callback_url"});
        s.check(check_source);
        return s;
    }();
    return table;
}

} // namespace seedhook::config
