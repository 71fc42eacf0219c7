// What sections of inbound and sinks must be, and what must hold between keys.
#include "config_support.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

using namespace seedhook::config;

namespace {

std::vector<std::string> listener_mistakes(const std::string& one) {
    return mistakes("listeners: [" + one + "]\nsources: [{name: a, path: /a, secrets: [x]}]\n");
}

std::vector<std::string> source_mistakes(const std::string& one) {
    return mistakes("listeners: [{address: '127.0.0.1:1'}]\nsources: [" + one + "]\n");
}

std::vector<std::string> sink_mistakes(const std::string& keys) {
    return mistakes_in("sinks: [{name: a, type: directory, path: /a, " + keys + "}]\n");
}

bool one_says(const std::vector<std::string>& lines, const std::string& part) {
    return lines.size() == 1 && lines[0].find(part) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_reachable_listener_needs_tls_or_consent) {
    for (const char* address :
         {"0.0.0.0:80", "[::]:80", "192.0.2.1:80", "systemd", "[::ffff:127.0.0.1]:80", "128.0.0.1:1"}) {
        BOOST_TEST(one_says(listener_mistakes("{address: '" + std::string(address) + "'}"),
                            "1:23: listeners[0].address: others"),
                   address);
        BOOST_TEST(listener_mistakes("{address: '" + std::string(address) + "', plaintext: true}").empty(), address);
        BOOST_TEST(one_says(listener_mistakes("{address: '" + std::string(address) + "', plaintext: false}"), "others"),
                   address);
    }
    CHECK_LINES(listener_mistakes("{address: 0.0.0.0:80, plaintext: true, tls: {certificate: /c, key: /k}}"),
                "f.yaml:1:46: listeners[0].plaintext: contradicts `tls`: leave out one of the two");
}

BOOST_AUTO_TEST_CASE(a_proxied_listener_needs_somebody_to_trust) {
    const std::string proxied = "listeners: [{address: '127.0.0.1:1', proxy_protocol: true}]\n"
                                "sources: [{name: a, path: /a, secrets: [x]}]\n";
    CHECK_LINES(mistakes(proxied),
                "f.yaml:1:54: listeners[0].proxy_protocol: needs `limits.trusted_proxies`: who may say "
                "whom it speaks for");
    BOOST_TEST(mistakes(proxied + "limits: {trusted_proxies: [10.0.0.0/8, 'fd00::/8', 127.0.0.1, unix]}").empty());
    for (const char* bad : {"proxy.example", "10.0.0.1/8", "Unix", "'*'"}) {
        BOOST_TEST(one_says(mistakes(proxied + "limits: {trusted_proxies: [" + bad + "]}"), "or `unix`"), bad);
    }
}

BOOST_AUTO_TEST_CASE(tls_needs_both_files) {
    CHECK_LINES(
        listener_mistakes("{address: 0.0.0.0:80, tls: {certificate: c.pem}}"),
        "f.yaml:1:40: listeners[0].tls.key: is missing",
        "f.yaml:1:54: listeners[0].tls.certificate: must be an absolute path (all paths here are), not \"c.pem\"");
    CHECK_LINES(listener_mistakes("{address: 127.0.0.1:80, tls: ~}"),
                "f.yaml:1:37: listeners[0].tls: must be a map with keys such as `certificate`");
}

BOOST_AUTO_TEST_CASE(each_pair_of_a_list_is_read_and_an_empty_list_is_none) {
    CHECK_LINES(listener_mistakes("{address: 127.0.0.1:80, tls: [{certificate: /c, key: /k}, {certificate: /d}, 7]}"),
                "f.yaml:1:71: listeners[0].tls[1].key: is missing",
                "f.yaml:1:90: listeners[0].tls[2]: must be a map with keys such as `certificate`");
    CHECK_LINES(listener_mistakes("{address: 0.0.0.0:80, tls: []}"),
                "f.yaml:1:40: listeners[0].tls: must not be an empty list");
}

BOOST_AUTO_TEST_CASE(clients_show_certificates_within_tls_alone) {
    CHECK_LINES(listener_mistakes("{address: 127.0.0.1:80, client_ca: /ca.pem}"),
                "f.yaml:1:48: listeners[0].client_ca: needs `tls`: certificates are shown within it");
    BOOST_TEST(listener_mistakes("{address: 127.0.0.1:80, client_ca: null}").empty());
}

BOOST_AUTO_TEST_CASE(listener_addresses_are_numeric_or_unix_or_systemd) {
    for (const char* bad : {"localhost:80",
                            "example.com:80",
                            ":80",
                            "80",
                            "127.0.0.1",
                            "127.0.0.1:65536",
                            "127.0.0.1:-1",
                            "127.0.0.1:",
                            "127.0.0.1:x",
                            "::1:80",
                            "[::1]",
                            "[]:80",
                            "[127.0.0.1]:80",
                            "127.1:80",
                            "0x7f.0.0.1:80",
                            "unix:",
                            "unix:/",
                            "unix:run/x",
                            "tcp://1.2.3.4:5",
                            "",
                            "Systemd",
                            "1.2.3.4:80:80",
                            "[fe80::1%eth0]:80"}) {
        BOOST_TEST(one_says(listener_mistakes("{address: '" + std::string(bad) + "'}"), "must be an address such as"),
                   bad);
    }
    BOOST_TEST(listener_mistakes("{address: 'unix:/" + std::string(106, 'x') + "'}").empty());
    BOOST_TEST(!listener_mistakes("{address: 'unix:/" + std::string(107, 'x') + "'}").empty());
}

BOOST_AUTO_TEST_CASE(a_source_path_is_plain) {
    for (const char* bad : {"hooks", "", "/a?b", "/a#b", "/./a", "/a/..", "/..", "/a//b", "//", "/a b", "/%61", "/{x}",
                            "/a\\b", "/ä", "http://x/y"}) {
        BOOST_TEST(one_says(source_mistakes("{name: a, path: '" + std::string(bad) + "', secrets: [x]}"),
                            "sources[0].path: must be a path"),
                   bad);
    }
    for (const char* good : {"/", "/a", "/a/", "/a/.b", "/a..b/...", "/hooks/seedance-2.0_x~"}) {
        BOOST_TEST(source_mistakes("{name: a, path: '" + std::string(good) + "', secrets: [x]}").empty(), good);
    }
}

BOOST_AUTO_TEST_CASE(names_are_short_and_plain) {
    for (const std::string& bad : {std::string("a b"), std::string("a.b"), std::string("a/b"), std::string(""),
                                   std::string("ä"), std::string(65, 'x')}) {
        BOOST_TEST(one_says(source_mistakes("{name: '" + bad + "', path: /a, secrets: [x]}"),
                            "sources[0].name: must be 1 to 64"),
                   bad);
    }
    BOOST_TEST(source_mistakes("{name: " + std::string(64, 'x') + ", path: /a, secrets: [x]}").empty());
}

BOOST_AUTO_TEST_CASE(names_paths_and_addresses_are_unique) {
    CHECK_LINES(mistakes("listeners: [{address: '127.0.0.1:1'}, {address: '127.0.0.1:1'}]\n"
                         "sources:\n"
                         "  - {name: a, path: /a, secrets: [x]}\n"
                         "  - {name: a, path: /a, secrets: [x]}\n"
                         "sinks:\n"
                         "  - {name: a, type: directory, path: /a}\n"
                         "  - {name: a, type: directory, path: /b}\n"),
                "f.yaml:1:49: listeners[1].address: another of the listeners has the same",
                "f.yaml:4:12: sources[1].name: another of the sources has the same",
                "f.yaml:4:21: sources[1].path: another of the sources has the same",
                "f.yaml:7:12: sinks[1].name: another of the sinks has the same");
}

BOOST_AUTO_TEST_CASE(verification_and_secrets_agree) {
    CHECK_LINES(source_mistakes("{name: a, path: /a}"),
                "f.yaml:2:11: sources[0].secrets: is missing: `verify: signature` needs at least one");
    CHECK_LINES(source_mistakes("{name: a, path: /a, secrets: []}"),
                "f.yaml:2:40: sources[0].secrets: must not be empty: `verify: signature` needs at least one");
    CHECK_LINES(source_mistakes("{name: a, path: /a, secrets: ['']}"),
                "f.yaml:2:41: sources[0].secrets[0]: must not be empty");
    CHECK_LINES(source_mistakes("{name: a, path: /a, verify: none, secrets: [x], signature: {}}"),
                "f.yaml:2:54: sources[0].secrets: contradicts `verify: none`, under which nothing is checked",
                "f.yaml:2:70: sources[0].signature: contradicts `verify: none`, under which nothing is checked");
    CHECK_LINES(source_mistakes("{name: a, path: /a, verify: both, api: {key: k}}"),
                "f.yaml:2:11: sources[0].secrets: is missing: `verify: both` needs at least one");
    CHECK_LINES(source_mistakes("{name: a, path: /a, verify: confirm, secrets: [x], api: {key: k}}"),
                "f.yaml:2:57: sources[0].secrets: contradicts `verify: confirm`, under which no signature is checked; "
                "`both` does");
    BOOST_TEST(source_mistakes("{name: a, path: /a, verify: confirm, api: {key: k}}").empty());
    BOOST_TEST(source_mistakes("{name: a, path: /a, verify: both, secrets: [x], api: {key: k}}").empty());
}

BOOST_AUTO_TEST_CASE(what_the_api_says_can_only_be_settled_with_an_api) {
    CHECK_LINES(source_mistakes("{name: a, path: /a, verify: confirm}"),
                "f.yaml:2:11: sources[0].api: is missing: `verify: confirm` needs it, to ask what became of the task");
    CHECK_LINES(source_mistakes("{name: a, path: /a, verify: both, secrets: [x]}"),
                "f.yaml:2:11: sources[0].api: is missing: `verify: both` needs it, to ask what became of the task");
}

BOOST_AUTO_TEST_CASE(the_api_key_goes_over_https_or_to_this_machine) {
    const auto with_api = [](const std::string& api) {
        return source_mistakes("{name: a, path: /a, secrets: [x], api: {" + api + "}}");
    };
    CHECK_LINES(with_api(""), "f.yaml:2:50: sources[0].api.key: is missing");
    for (const char* bad : {"sd2 live", "hunter2\\n", "sd2\\x7f", "sd2\\u00e9"}) {
        BOOST_TEST(one_says(with_api("key: \"" + std::string(bad) + "\""),
                            "sources[0].api.key: must be one or more visible ASCII characters, without spaces"),
                   bad);
    }
    for (const char* bad : {"http://www.seedance2.ink",
                            "http://10.0.0.1",
                            "http://127.0.0.1.example.com",
                            "http://[::2]:1",
                            "http://localhost.example.com",
                            "ftp://example.com",
                            "https://",
                            "https://a b",
                            "https://user@example.com",
                            "https://example.com:0",
                            "https://example.com:65536",
                            "https://example.com:x",
                            "https://[::1",
                            "https://[x]",
                            "https://[::1]x",
                            "https://127.1",
                            "https://1",
                            "https://0x7f",
                            "https://a..b",
                            "https://-a",
                            "example.com",
                            "//example.com",
                            "https://example.com/?a",
                            "https://example.com/#a",
                            "https://example.com?a",
                            "https://example.com/%61",
                            "https://example.com/a b",
                            "https://example.com\\@x",
                            "HTTPS://example.com",
                            "''"}) {
        BOOST_TEST(one_says(with_api("key: k, base_url: '" + std::string(bad) + "'"), "sources[0].api.base_url: "),
                   bad);
    }
    for (const char* good : {"https://example.com", "https://example.com/", "https://example.com:8443/a/b/",
                             "https://192.0.2.1", "https://[2001:db8::1]:8443", "http://127.0.0.1:1",
                             "http://127.9.9.9", "http://[::1]:1/x", "http://localhost:1"}) {
        BOOST_TEST(with_api("key: k, base_url: '" + std::string(good) + "'").empty(), good);
    }
}

BOOST_AUTO_TEST_CASE(a_callback_url_is_one) {
    const auto with_url = [](const std::string& url) {
        return source_mistakes("{name: a, path: /a, secrets: [x], callback_url: '" + url + "'}");
    };
    for (const char* bad :
         {"/hooks", "ftp://x", "https://x/\"", "https://x/#a", "https://x/%6", "https://x/%zz", "x"}) {
        BOOST_TEST(one_says(with_url(bad), "sources[0].callback_url: must be a URL such as"), bad);
    }
    for (const char* good : {"https://hooks.example.com/hooks/a?b=%20&c", "http://192.0.2.1:80/hooks"}) {
        BOOST_TEST(with_url(good).empty(), good);
    }
}

BOOST_AUTO_TEST_CASE(the_signed_content_holds_the_body_once) {
    for (const char* bad : {"", "x", "{body}{body}", "{Body}", "{body", "body}", "{body}}", "{{body}}",
                            "{body}{header:}", "{body}{header:a b}", "{body}{x}", "{header:X}"}) {
        BOOST_TEST(one_says(source_mistakes("{name: a, path: /a, secrets: [x], signature: {content: '" +
                                            std::string(bad) + "'}}"),
                            "sources[0].signature.content: must be text"),
                   bad);
    }
    for (const char* good : {"{body}", "a.{body}.b", "{header:X-Time}.{body}", "{body}{header:a}{header:b}"}) {
        BOOST_TEST(
            source_mistakes("{name: a, path: /a, secrets: [x], signature: {content: '" + std::string(good) + "'}}")
                .empty(),
            good);
    }
    BOOST_TEST(
        one_says(source_mistakes("{name: a, path: /a, secrets: [x], signature: {header: 'a b'}}"), "name of a header"));
    BOOST_TEST(
        one_says(source_mistakes("{name: a, path: /a, secrets: [x], signature: {prefix: 'ä'}}"), "printable ASCII"));
    BOOST_TEST(one_says(source_mistakes("{name: a, path: /a, secrets: [x], signature: {prefix: ' v1='}}"),
                        "does not begin with a space"));
}

BOOST_AUTO_TEST_CASE(hosts_and_networks_are_checked) {
    for (const char* bad : {"https://x", "x/y", "x:80", "*", "*.", "a..b", "-a", "a.*.b", "", "a b", ".a"}) {
        BOOST_TEST(one_says(mistakes_in("fetch: {allow_hosts: ['" + std::string(bad) + "']}\n"),
                            "fetch.allow_hosts[0]: must be a host name"),
                   bad);
    }
    for (const char* bad :
         {"10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "10.0.0.0/-1", "fd00::/129", "x", "", "1.2.3.4/8/8", "/8",
          // What the fetcher's own reading refuses must not wait until the daemon starts.
          "10.0.0.1/8", "10.0.0.0/08", "fd00::1/64", "128.0.0.0/0", "1.2.3.4/31x"}) {
        BOOST_TEST(one_says(mistakes_in("fetch: {allow_cidrs: ['" + std::string(bad) + "']}\n"),
                            "fetch.allow_cidrs[0]: must be an address"),
                   bad);
    }
}

BOOST_AUTO_TEST_CASE(the_control_address_is_a_socket_of_ours) {
    for (const char* bad : {"127.0.0.1", "systemd", "/run/x.sock", "unix:x", "localhost:9090"}) {
        BOOST_TEST(one_says(mistakes_in("control: {token: t, address: '" + std::string(bad) + "'}\n"),
                            "control.address: must be an address such as"),
                   bad);
    }
}

BOOST_AUTO_TEST_CASE(control_over_tcp_needs_a_token_and_beyond_this_machine_tls) {
    const std::string tls = "tls: {certificate: /c, key: /k}";
    BOOST_TEST(one_says(mistakes_in("control: {address: '127.0.0.1:9090'}\n"), "control.token: is missing"));
    BOOST_TEST(mistakes_in("control: {address: '127.0.0.1:9090', token: t}\n").empty());
    BOOST_TEST(one_says(mistakes_in("control: {address: '0.0.0.0:9090', token: t}\n"),
                        "control.address: others than this machine can reach it"));
    BOOST_TEST(mistakes_in("control: {address: '0.0.0.0:9090', token: t, plaintext: true}\n").empty());
    BOOST_TEST(mistakes_in("control: {address: '0.0.0.0:9090', token: t, " + tls + "}\n").empty());
    BOOST_TEST(one_says(mistakes_in("control: {address: 'unix:/c', " + tls + "}\n"), "control.tls: is for TCP"));
    BOOST_TEST(mistakes_in("control: {address: 'unix:/c', token: t}\n").empty());
}

BOOST_AUTO_TEST_CASE(control_has_names_and_an_address_of_its_own) {
    for (const char* bad : {"a:80", "https://a", "*", "*.a", ""}) {
        BOOST_TEST(one_says(mistakes_in("control: {hosts: ['" + std::string(bad) + "']}\n"),
                            "control.hosts[0]: must be a host name"),
                   bad);
    }
    BOOST_TEST(mistakes_in("control: {hosts: [seedhook.example.com]}\n").empty());
    BOOST_TEST(
        one_says(mistakes_in("control: {address: '127.0.0.1:8443', token: t}\n"), "one of the listeners has its address"));
}

BOOST_AUTO_TEST_CASE(a_directory_sink_is_checked_in_full) {
    CHECK_LINES(mistakes_in("sinks: [{name: a, type: directory}]\n"), "f.yaml:3:9: sinks[0].path: is missing");
    CHECK_LINES(mistakes_in("sinks: [{name: a, type: directory, path: videos}]\n"),
                "f.yaml:3:42: sinks[0].path: must be an absolute path (all paths here are), not \"videos\"");
    BOOST_TEST(one_says(sink_mistakes("file: '{date}.mp4'"),
                        "sinks[0].file: must be a file name template (the template needs {requestId}"));
    BOOST_TEST(one_says(sink_mistakes("file: '../{requestId}'"), "sinks[0].file: must be a file name template"));
    BOOST_TEST(one_says(sink_mistakes("file: '{requestID}'"), "unknown placeholder {requestID}"));
    for (const char* bad : {"640", "0o640", "0888", "rw", "04755", "0", "-0640", "''"}) {
        BOOST_TEST(one_says(sink_mistakes("mode: " + std::string(bad)), "sinks[0].mode: must be permissions in octal"),
                   bad);
    }
    BOOST_TEST(one_says(sink_mistakes("owner: '-x'"), "sinks[0].owner: must be the name or number"));
    BOOST_TEST(one_says(sink_mistakes("on: []"), "sinks[0].on: must not be an empty list"));
    BOOST_TEST(one_says(sink_mistakes("on: [queued]"), "sinks[0].on[0]: must be succeeded"));
    BOOST_TEST(
        one_says(sink_mistakes("on_conflict: overwrite"), "sinks[0].on_conflict: must be rename, replace or reject"));
    BOOST_TEST(one_says(sink_mistakes("retry: {min_delay: 2h, max_delay: 1h}"),
                        "sinks[0].retry.max_delay: min_delay is longer than max_delay"));
    BOOST_TEST(one_says(sink_mistakes("retry: {min_delay: 2h}"),
                        "sinks[0].retry.min_delay: min_delay is longer than max_delay"));
    BOOST_TEST(one_says(sink_mistakes("match: {metadata: {k: 1, k: 2}}"), "sinks[0].match.metadata.k: is there twice"));
    BOOST_TEST(one_says(sink_mistakes("match: {metadata: {k: [1]}}"), "sinks[0].match.metadata.k: must be text"));
    BOOST_TEST(one_says(sink_mistakes("match: {source: mian}"),
                        "sinks[0].match: there is no such source; did you mean \"main\"?"));
    BOOST_TEST(one_says(sink_mistakes("match: {source: []}"), "sinks[0].match.source: must not be an empty list"));
}

BOOST_AUTO_TEST_CASE(only_some_unknown_sources_come_with_a_suggestion) {
    std::string wanted;
    for (int i = 0; i < 1000; ++i) {
        wanted += "mian, ";
    }
    const auto lines = sink_mistakes("match: {source: [" + wanted + "]}");
    BOOST_TEST(lines.size() == 1000U);
    const auto helpful = std::count_if(
        lines.begin(), lines.end(), [](const std::string& l) { return l.find("did you mean") != std::string::npos; });
    BOOST_TEST(helpful == 20);
}

BOOST_AUTO_TEST_CASE(the_store_stays_out_of_the_spool) {
    BOOST_TEST(one_says(mistakes_in("spool: {path: /s}\nstore: {path: /s/seedhook.db}\n"),
                        "store: its path lies within the spool"));
    BOOST_TEST(mistakes_in("spool: {path: /s/spool}\nstore: {path: /s/seedhook.db}\n").empty());
}

BOOST_AUTO_TEST_CASE(a_sink_stays_out_of_the_spool) {
    for (const char* path : {"/s", "/s/", "/s/videos"}) {
        BOOST_TEST(one_says(mistakes_in("spool: {path: /s}\nsinks: [{name: a, type: directory, path: " +
                                        std::string(path) + "}]\n"),
                            "sinks[0].path: lies within the spool"),
                   path);
    }
    BOOST_TEST(mistakes_in("spool: {path: /s}\nsinks: [{name: a, type: directory, path: /srv}]\n").empty());
}
