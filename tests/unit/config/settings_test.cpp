// What a valid document becomes.
#include "config_support.hpp"

#include <boost/test/unit_test.hpp>

using namespace seedhook;
using namespace seedhook::config;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_CASE(the_least_document_takes_all_defaults) {
    const loaded l = load(valid_inbound);
    BOOST_REQUIRE(l.value);
    const settings& s = *l.value;
    BOOST_TEST(s.listeners.size() == 1U);
    BOOST_TEST(s.listeners[0].address == "127.0.0.1:8443");
    BOOST_TEST(s.listeners[0].tls.empty());
    BOOST_TEST(s.sources[0].secrets[0].reveal() == "open-sesame");
    BOOST_TEST(s.sources[0].signature.header == "x-seedance-signature");
    BOOST_TEST(s.fetch.concurrency == 8U);
    BOOST_TEST(s.limits.body == 65536U);
    BOOST_TEST(s.sinks.empty());
    BOOST_CHECK(s.shutdown_grace == 25s);
}

BOOST_AUTO_TEST_CASE(every_key_arrives_where_it_belongs) {
    const loaded l = load(R"(
listeners:
  - address: "[::]:8443"
    tls: {certificate: /t/c.pem, key: /t/k.pem}
  - {address: 0.0.0.0:80, plaintext: true}
  - address: unix:/run/x.sock
  - {address: systemd, plaintext: true}
sources:
  - name: main
    path: /hooks/a
    verify: signature
    secrets: [one, two]
    signature: {header: X-Sig, encoding: base64, prefix: "v1=", content: "{header:X-Time}.\n{body}"}
  - {name: open, path: /hooks/b, verify: none}
fetch:
  concurrency: 3
  max_bytes: 1MiB
  allow_hosts: [a.example.com, "*.example.org"]
  allow_cidrs: [10.0.0.0/8, "fd00::/8", 192.0.2.1]
  check: none
  idle_timeout: 500ms
  total_timeout: 2m
spool: {path: /s, max_bytes: 4096, min_free: 0}
sinks:
  - name: library
    type: directory
    path: /srv
    file: "{date}/{requestId}.{ext}"
    on: [succeeded, failed, cancelled, expired]
    match: {source: main, model: [m1, m2], metadata: {k: v, n: 7}}
    retry: {max_attempts: 2, min_delay: 5s, max_delay: 5s}
    concurrency: 9
    on_conflict: reject
    manifest: true
    mode: "0600"
    owner: 1000
    group: video
outbound: {ca_file: /ca.pem, proxy: none}
store: {type: sqlite, path: /db}
control: {address: unix:/c.sock}
receive: {threads: 4}
limits: {body: 32KiB, connections: 5, header_timeout: 1s, idle_timeout: 2s, connections_per_address: 6,
  failed_signatures_per_minute: 7, trusted_proxies: [10.0.0.0/8, "::1", unix]}
log: {level: debug, format: json}
shutdown_grace: 1m
)");
    for (const mistake& m : l.mistakes) {
        BOOST_ERROR(m.to_string());
    }
    BOOST_REQUIRE(l.value);
    const settings& s = *l.value;
    BOOST_TEST(s.listeners[0].tls.at(0).certificate == "/t/c.pem");
    BOOST_TEST(s.listeners[0].tls.at(0).key == "/t/k.pem");
    BOOST_TEST(s.listeners[1].plaintext);
    BOOST_TEST(s.listeners[2].address == "unix:/run/x.sock");
    BOOST_TEST(s.sources[0].secrets.size() == 2U);
    BOOST_TEST(s.sources[0].signature.header == "X-Sig");
    BOOST_CHECK(s.sources[0].signature.encoding == signature_scheme::encoding_kind::base64);
    BOOST_TEST(s.sources[0].signature.prefix == "v1=");
    BOOST_TEST(s.sources[0].signature.content == "{header:X-Time}.\n{body}");
    BOOST_CHECK(s.sources[1].verify == verify_kind::none);
    BOOST_TEST(s.fetch.concurrency == 3U);
    BOOST_TEST(s.fetch.max_bytes == 1048576U);
    BOOST_TEST(s.fetch.allow_hosts[1] == "*.example.org");
    BOOST_TEST(s.fetch.allow_cidrs.size() == 3U);
    BOOST_CHECK(s.fetch.check == fetch::check_kind::none);
    BOOST_CHECK(s.fetch.idle_timeout == 500ms);
    BOOST_CHECK(s.fetch.total_timeout == 2min);
    BOOST_TEST(s.spool.path == "/s");
    BOOST_TEST(s.spool.max_bytes == 4096U);
    BOOST_TEST(s.spool.min_free == 0U);
    const sink& k = s.sinks.at(0);
    BOOST_TEST(k.name == "library");
    BOOST_TEST(k.type == "directory");
    BOOST_TEST(k.routes.sink == "library");
    BOOST_TEST(k.routes.on.size() == 4U);
    BOOST_TEST(k.routes.sources == std::vector<std::string>{"main"}, boost::test_tools::per_element());
    BOOST_TEST(k.routes.models.size() == 2U);
    BOOST_TEST(k.routes.metadata.at("n") == "7");
    BOOST_TEST(k.retries.max_attempts == 2U);
    BOOST_CHECK(k.retries.max_delay == 5s);
    BOOST_TEST(k.concurrency == 9U);
    BOOST_TEST(k.directory->path == "/srv");
    BOOST_TEST(k.directory->file == "{date}/{requestId}.{ext}");
    BOOST_CHECK(k.directory->on_conflict == directory_sink::conflict_kind::reject);
    BOOST_TEST(k.directory->manifest);
    BOOST_TEST(k.directory->mode == 0600U);
    BOOST_TEST(k.directory->owner == "1000");
    BOOST_TEST(k.directory->group == "video");
    BOOST_TEST(s.outbound.ca_file == "/ca.pem");
    BOOST_CHECK(s.outbound.proxy == outbound::proxy_kind::none);
    BOOST_TEST(s.store.path == "/db");
    BOOST_TEST(s.control.address == "unix:/c.sock");
    BOOST_TEST(s.receive.threads == 4U);
    BOOST_TEST(s.limits.body == 32768U);
    BOOST_TEST(s.limits.connections == 5U);
    BOOST_CHECK(s.limits.header_timeout == 1s);
    BOOST_CHECK(s.limits.idle_timeout == 2s);
    BOOST_TEST(s.limits.connections_per_address == 6U);
    BOOST_TEST(s.limits.failed_signatures_per_minute == 7U);
    BOOST_TEST(s.limits.trusted_proxies.size() == 3U);
    BOOST_CHECK(s.log.level == log::level_kind::debug);
    BOOST_CHECK(s.log.format == log::format_kind::json);
    BOOST_CHECK(s.shutdown_grace == 1min);
}

BOOST_AUTO_TEST_CASE(a_section_whose_keys_are_all_commented_out_takes_its_defaults) {
    const loaded l = load(valid_inbound + "fetch:\n  # concurrency: 3\nlog: ~\n");
    BOOST_REQUIRE(l.value);
    BOOST_TEST(l.value->fetch.concurrency == 8U);
}

BOOST_AUTO_TEST_CASE(null_is_none_where_a_file_may_be_left_out) {
    BOOST_REQUIRE(load(valid_inbound + "outbound: {ca_file: null}\n").value);
    BOOST_TEST(load(valid_inbound + "outbound: {ca_file: null}\n").value->outbound.ca_file.empty());
}

BOOST_AUTO_TEST_CASE(automatic_threads_are_zero) {
    BOOST_TEST(load(valid_inbound + "receive: {threads: auto}\n").value->receive.threads == 0U);
}

BOOST_AUTO_TEST_CASE(a_mode_is_octal_with_and_without_quotes) {
    const auto mode = [](const std::string& text) {
        return load(valid_inbound + "sinks: [{name: a, type: directory, path: /a, mode: " + text + "}]\n")
            .value.value()
            .sinks[0]
            .directory->mode;
    };
    BOOST_TEST(mode("0640") == 0640U);
    BOOST_TEST(mode("\"0644\"") == 0644U);
    BOOST_TEST(mode("00") == 0U);
}

BOOST_AUTO_TEST_CASE(aliases_are_copied_in) {
    const loaded l = load("listeners: [{address: '127.0.0.1:1'}]\n"
                          "sources:\n"
                          "  - {name: a, path: /a, secrets: &both [one, two]}\n"
                          "  - {name: b, path: /b, secrets: *both}\n");
    BOOST_REQUIRE(l.value);
    BOOST_TEST(l.value->sources[1].secrets[1].reveal() == "two");
}

BOOST_AUTO_TEST_CASE(loopback_and_unix_listeners_need_no_tls) {
    for (const char* address : {"127.0.0.1:1", "127.255.0.9:65535", "[::1]:1", "unix:/x", "127.0.0.1:0"}) {
        const std::string text = valid_inbound.substr(valid_inbound.find('\n') + 1);
        BOOST_TEST(load("listeners: [{address: '" + std::string(address) + "'}]\n" + text).value.has_value(), address);
    }
}

BOOST_AUTO_TEST_CASE(a_valid_but_risky_configuration_is_warned_about) {
    BOOST_TEST(warnings(*load("listeners: [{address: '127.0.0.1:8443'}]\n"
                              "sources: [{name: main, path: /hooks, secrets: [open-sesame], api: {key: k}}]\n"
                              "sinks: [{name: a, type: directory, path: /a}]\n")
                             .value)
                   .empty());
    const auto said = warnings(*load("listeners: [{address: '0.0.0.0:1', plaintext: true}]\n"
                                     "sources: [{name: open, path: /p, verify: none, api: {key: k}}]\n"
                                     "fetch: {allow_cidrs: [10.0.0.0/8]}\n")
                                    .value);
    BOOST_REQUIRE_EQUAL(said.size(), 4U);
    BOOST_TEST(said[0].find("source open has verify: none") == 0U);
    BOOST_TEST(said[1].find("listener 0.0.0.0:1 has plaintext: true") == 0U);
    BOOST_TEST(said[2].find("no sinks") != std::string::npos);
    BOOST_TEST(said[3].find("fetch.allow_cidrs") == 0U);
}
