// Mistakes: each with its place, its key and what would be right, and all of them at once.
#include "config_support.hpp"

#include <boost/test/unit_test.hpp>

using namespace seedhook::config;

BOOST_AUTO_TEST_CASE(all_mistakes_come_at_once_in_the_order_of_the_file) {
    CHECK_LINES(mistakes("fetch: {concurrency: 0}\n"
                         "sources:\n"
                         "  - name: a b\n"
                         "    pth: /x\n"
                         "listeners:\n"
                         "  - address: 127.0.0.1:1\n"
                         "    tls: {key: /k}\n"
                         "lgo: {}\n"),
                "f.yaml:1:22: fetch.concurrency: must be a whole number from 1 to 256, not \"0\"",
                "f.yaml:3:5: sources[0].path: is missing",
                "f.yaml:3:5: sources[0].secrets: is missing: `verify: signature` needs at least one",
                "f.yaml:3:11: sources[0].name: must be 1 to 64 letters, digits, `_` or `-`, not \"a b\"",
                "f.yaml:4:5: sources[0].pth: unknown key; did you mean \"path\"?",
                "f.yaml:7:10: listeners[0].tls.certificate: is missing",
                "f.yaml:8:1: lgo: unknown key; did you mean \"log\"?");
}

BOOST_AUTO_TEST_CASE(listeners_and_sources_are_needed) {
    CHECK_LINES(mistakes("log: {}\n"), "f.yaml:1:1: listeners: is missing", "f.yaml:1:1: sources: is missing");
    CHECK_LINES(mistakes("listeners: []\nsources:\n"), "f.yaml:1:12: listeners: must not be an empty list",
                "f.yaml:2:1: sources: must be a list");
    CHECK_LINES(mistakes("listeners:\n  - {address: '127.0.0.1:1'}\n  -\n  -\nsources: [~]\n"),
                "f.yaml:3:3: listeners[1]: must be a map with keys such as `address`",
                "f.yaml:4:3: listeners[2]: must be a map with keys such as `address`",
                "f.yaml:5:11: sources[0]: must be a map with keys such as `name`");
}

BOOST_AUTO_TEST_CASE(a_repeated_key_is_a_mistake_at_its_second_place) {
    CHECK_LINES(mistakes_in("log: {level: info, level: debug}\nlog: {}\n"), "f.yaml:3:20: log.level: is there twice",
                "f.yaml:4:1: log: is there twice");
}

BOOST_AUTO_TEST_CASE(an_unknown_key_without_a_near_one_gets_no_suggestion) {
    CHECK_LINES(mistakes_in("banana: 1\n"), "f.yaml:3:1: banana: unknown key");
}

BOOST_AUTO_TEST_CASE(a_hostile_key_cannot_drive_the_terminal) {
    CHECK_LINES(mistakes_in("\"\\e[31m\\n\": 1\n"), "f.yaml:3:1: \\x1b[31m\\n: unknown key");
    CHECK_LINES(mistakes_in("\"\": 1\n"), "f.yaml:3:1: \"\": unknown key");
    CHECK_LINES(mistakes_in("? [x]\n: 1\n"), "f.yaml:3:3: a key must be text");
}

BOOST_AUTO_TEST_CASE(what_later_versions_bring_is_refused_by_name) {
    CHECK_LINES(
        mistakes_in("store: {type: postgres, url: x}\n"),
        "f.yaml:3:15: store.type: must be sqlite (this version of seedhook supports no other), not \"postgres\"",
        "f.yaml:3:25: store.url: is not supported by this version of seedhook");
}

BOOST_AUTO_TEST_CASE(each_type_of_sink_has_its_own_keys) {
    CHECK_LINES(
        mistakes_in("sinks:\n"
                    "  - {name: a, type: exec, command: [x]}\n"
                    "  - {name: b, type: s3, bucket: x, path: /x}\n"
                    "  - {name: c, type: webhook, url: ftp://x}\n"
                    "  - {name: d, type: directry, path: x}\n"
                    "  - {name: e}\n"),
        "f.yaml:4:36: sinks[0].command: must begin with an absolute path",
        "f.yaml:5:33: sinks[1].bucket: must be a bucket's name: 3 to 255 letters, digits, `-`, `.` or `_`, as in "
        "`videos-2026`, not \"x\"",
        "f.yaml:5:36: sinks[1].path: unknown key", "f.yaml:6:5: sinks[2].secret: is missing",
        "f.yaml:6:35: sinks[2].url: must be a URL such as https://hooks.example.com/hooks/seedance, not \"ftp://x\"",
        "f.yaml:7:21: sinks[3].type: must be directory, exec, s3 or webhook; did you mean \"directory\"?",
        "f.yaml:8:5: sinks[4].type: is missing");
}

BOOST_AUTO_TEST_CASE(what_contradicts_itself_in_a_sink_is_a_mistake) {
    CHECK_LINES(
        mistakes_in("sinks:\n"
                    "  - {name: a, type: exec, command: [a, b], shell: true, env: {SEEDHOOK_X: 1, 'A B': 2}}\n"
                    "  - {name: b, type: s3, bucket: abc, endpoint: 'http://s3.example', kms_key_id: x}\n"
                    "  - {name: c, type: s3, bucket: abc, credentials: {access_key_id: x}}\n"
                    "  - {name: d, type: s3, bucket: abc, credentials: {source: config}}\n"
                    "  - {name: e, type: webhook, secret: x, url: 'http://h.example/'}\n"
                    "  - {name: f, type: webhook, secret: x, url: 'http://h.example/', plaintext: true}\n"),
        "f.yaml:4:36: sinks[0].command: must be one text when shell is true",
        "f.yaml:4:63: sinks[0].env.SEEDHOOK_X: each key must be a name that does not begin with SEEDHOOK_",
        "f.yaml:4:78: sinks[0].env.A B: each key must be the name of an environment variable: letters, digits and `_`",
        "f.yaml:5:48: sinks[1].endpoint: http shows everything to whoever is between: use https, or say `plaintext: "
        "true`",
        "f.yaml:5:81: sinks[1].kms_key_id: needs `encryption: aws:kms`",
        "f.yaml:6:51: sinks[2].credentials.secret_access_key: access_key_id and secret_access_key go together",
        "f.yaml:7:60: sinks[3].credentials.source: access_key_id and secret_access_key are missing",
        "f.yaml:8:46: sinks[4].url: http shows everything to whoever is between: use https, or say `plaintext: true`");
}

BOOST_AUTO_TEST_CASE(a_webhook_sends_no_header_that_is_not_its_users_and_shows_no_value) {
    const std::string other = ": each key must be the name of a header, and none that seedhook sets: webhook-…, "
                              "Content-Type, and those that frame a message";
    CHECK_LINES(
        mistakes_in("sinks:\n"
                    "  - {name: a, type: webhook, secret: x, url: 'https://h.example/', headers: {Host: h,\n"
                    "     Webhook-ID: 1, content-type: x, TE: x, 'a b': x, Authorization: \"Bearer x\\n\", X-A: b}}\n"),
        "f.yaml:4:78: sinks[0].headers.Host" + other, "f.yaml:5:6: sinks[0].headers.Webhook-ID" + other,
        "f.yaml:5:21: sinks[0].headers.content-type" + other, "f.yaml:5:38: sinks[0].headers.TE" + other,
        "f.yaml:5:45: sinks[0].headers.a b" + other,
        "f.yaml:5:70: sinks[0].headers.Authorization: must be without control characters, such as the end of a "
        "line");
}

BOOST_AUTO_TEST_CASE(wrong_types_say_what_is_right) {
    CHECK_LINES(mistakes_in("fetch: [1]\nspool: text\nlimits: {body: [1], connections: {a: b}}\nlog: {level: ~}\n"),
                "f.yaml:3:8: fetch: must be a map with keys such as `concurrency`",
                "f.yaml:4:8: spool: must be a map with keys such as `path`",
                "f.yaml:5:16: limits.body: must be a size from 1KiB to 16MiB",
                "f.yaml:5:34: limits.connections: must be a whole number from 1 to 1000000",
                "f.yaml:6:7: log.level: must be debug, info, warning or error");
    // An empty list would allow every host: nothing at all is not taken for it.
    CHECK_LINES(mistakes_in("fetch:\n  allow_hosts:\n  check: mp4\n"), "f.yaml:4:3: fetch.allow_hosts: must be a list");
}

BOOST_AUTO_TEST_CASE(numbers_are_whole_decimal_and_in_range) {
    for (const char* bad :
         {"0", "257", "-1", "+1", "0x10", "1.0", "1e2", "1_0", "''", "99999999999999999999", "' 1'", "true"}) {
        const auto lines = mistakes_in("fetch: {concurrency: " + std::string(bad) + "}\n");
        BOOST_REQUIRE_MESSAGE(lines.size() == 1, bad);
        BOOST_TEST(lines[0].find("fetch.concurrency: must be a whole number from 1 to 256") != std::string::npos,
                   lines[0]);
    }
    BOOST_TEST(mistakes_in("fetch: {concurrency: 256}\n").empty());
}

BOOST_AUTO_TEST_CASE(durations_and_sizes_have_units) {
    for (const char* bad : {"5 minutes", "30", "-1s", "1.5s", "1y", "''"}) {
        CHECK_LINES(mistakes_in("shutdown_grace: " + std::string(bad) + "\n"),
                    "f.yaml:3:17: shutdown_grace: must be a duration such as 500ms, 30s, 5m, 24h or 7d, not \"" +
                        (std::string(bad) == "''" ? "" : std::string(bad)) + "\"");
    }
    CHECK_LINES(mistakes_in("shutdown_grace: 2h\n"),
                "f.yaml:3:17: shutdown_grace: must be a duration from 0s to 1h, not \"2h\"");
    for (const char* bad : {"4GB", "4 GiB", "-1", "1.5GiB", "GiB", "99999999999TiB", "0x10", "4gib"}) {
        CHECK_LINES(
            mistakes_in("fetch: {max_bytes: " + std::string(bad) + "}\n"),
            "f.yaml:3:20: fetch.max_bytes: must be a size such as 64KiB, 4GiB, or a plain number of bytes, not \"" +
                std::string(bad) + "\"");
    }
    CHECK_LINES(mistakes_in("fetch: {max_bytes: 0}\n"),
                "f.yaml:3:20: fetch.max_bytes: must be a size of at least 1, not \"0\"");
}

BOOST_AUTO_TEST_CASE(booleans_are_true_or_false) {
    for (const char* bad : {"yes", "on", "True", "1"}) {
        CHECK_LINES(mistakes("listeners: [{plaintext: " + std::string(bad) +
                             ", address: '0.0.0.0:1'}]\nsources: [{name: a, path: /a, secrets: [x]}]\n"),
                    "f.yaml:1:25: listeners[0].plaintext: must be true or false, not \"" + std::string(bad) + "\"");
    }
}

BOOST_AUTO_TEST_CASE(words_are_among_those_known) {
    CHECK_LINES(mistakes_in("log: {level: warn, format: josn}\n"),
                "f.yaml:3:14: log.level: must be debug, info, warning or error, not \"warn\"",
                "f.yaml:3:28: log.format: must be auto, text or json; did you mean \"json\"?");
}

BOOST_AUTO_TEST_CASE(text_holds_no_control_characters) {
    CHECK_LINES(mistakes_in("spool: {path: \"/a\\0b\"}\n"),
                "f.yaml:3:15: spool.path: must be an absolute path without control characters");
    CHECK_LINES(mistakes_in("spool: {path: \"/a\\nb\"}\n"),
                "f.yaml:3:15: spool.path: must be an absolute path without control characters");
}

BOOST_AUTO_TEST_CASE(a_file_without_a_single_document_is_a_mistake) {
    for (const char* empty : {"", "\n\n", "# nothing\n", "---\n", "~\n", "null"}) {
        CHECK_LINES(mistakes(empty), "f.yaml: the file is empty");
    }
    CHECK_LINES(mistakes("a: 1\n---\nb: 2\n"), "f.yaml:2:1: only one YAML document may be in the file");
    CHECK_LINES(mistakes("just text\n"), "f.yaml:1:1: must be a map with keys such as `listeners`");
    CHECK_LINES(mistakes("- a: 1\n"), "f.yaml:1:1: must be a map with keys such as `listeners`");
}

BOOST_AUTO_TEST_CASE(broken_yaml_is_one_mistake_with_its_place) {
    CHECK_LINES(mistakes("a: [1, 2\n"), "f.yaml:2:1: not YAML: end of sequence flow not found");
    CHECK_LINES(mistakes("a: 1\n b: 2\n"), "f.yaml:2:3: not YAML: illegal map value");
    CHECK_LINES(mistakes("fetch:\n\tconcurrency: 8\n"),
                "f.yaml:2:1: a tab in the indentation: YAML takes only spaces there");
    CHECK_LINES(mistakes("a: b\nc: \"cut off\n"), "f.yaml:2:4: not YAML: a quoted text that does not end");
    CHECK_LINES(mistakes("c: 'cut '' off\n\n"), "f.yaml:1:4: not YAML: a quoted text that does not end");
    CHECK_LINES(mistakes("a: b\x04\nc: d\n"), "f.yaml:1:5: a control character");
    CHECK_LINES(mistakes("a: b\nc: \xff\n"), "f.yaml:2:4: a byte that is not UTF-8");
    CHECK_LINES(mistakes("a: !!python/object x\n"), "f.yaml:1:4: YAML tags are not supported");
}

BOOST_AUTO_TEST_CASE(a_byte_order_mark_is_passed_over) {
    BOOST_TEST(load("\xEF\xBB\xBF" + valid_inbound).value.has_value());
}

BOOST_AUTO_TEST_CASE(hostile_yaml_is_bounded) {
    CHECK_LINES(mistakes(std::string(1024 * 1024 + 1, '#')), "f.yaml: the file is larger than 1MiB");
    CHECK_LINES(mistakes(std::string(100000, '[')), "f.yaml:1:17: nested too deeply");
    CHECK_LINES(mistakes("a: &a [*a]\n"), "f.yaml:1:8: an alias within its own anchor");

    std::string bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n";
    for (char c = 'b'; c <= 'i'; ++c) {
        const std::string before = std::string("*") + static_cast<char>(c - 1);
        bomb += std::string(1, c) + ": &" + c + " [";
        for (int i = 0; i < 10; ++i) {
            bomb += (i == 0 ? "" : ",") + before;
        }
        bomb += "]\n";
    }
    auto said = mistakes(bomb);
    BOOST_REQUIRE_EQUAL(said.size(), 1U);
    BOOST_TEST(said[0].find("too many values") != std::string::npos);

    std::string wide = "a: &a " + std::string(900000, 'x') + "\nb: [";
    for (int i = 0; i < 10; ++i) {
        wide += "*a,";
    }
    said = mistakes(wide + "]\n");
    BOOST_REQUIRE_EQUAL(said.size(), 1U);
    BOOST_TEST(said[0].find("too many values") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_read_is_a_mistake) {
    const variables none = fake_process{}.reads();
    loaded l = load_file("/nonexistent/seedhook.yaml", none);
    BOOST_REQUIRE_EQUAL(l.mistakes.size(), 1U);
    BOOST_TEST(l.mistakes[0].to_string() == "/nonexistent/seedhook.yaml: cannot be read: No such file or directory");
    l = load_file("/", none);
    BOOST_REQUIRE_EQUAL(l.mistakes.size(), 1U);
    BOOST_TEST(l.mistakes[0].to_string() == "/: cannot be read: Is a directory");
}
