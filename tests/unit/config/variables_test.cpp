// `${…}` in texts: what they read, and that nothing of it is ever said.
#include "config_support.hpp"
#include "temp_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <fstream>

using namespace seedhook::config;
using namespace std::string_literals;

namespace {

fake_process process() {
    fake_process p;
    p.environment = {{"S", "from-environment"}, {"EMPTY", ""}, {"N", "3"}, {"REF", "${env:S}"}, {"BAD", "tell-no-one"}};
    p.files = {{"/k", "from-file\n"}, {"/k2", "two\n\n"}, {"/creds/hook", "from-credential\r\n"}, {"/m", "a\nb"}};
    p.credentials_directory = "/creds";
    return p;
}

std::string secret_of(const std::string& text, const fake_process& p = process()) {
    loaded l =
        load("listeners: [{address: '127.0.0.1:1'}]\nsources: [{name: a, path: /a, secrets: [" + text + "]}]\n", p);
    for (const mistake& m : l.mistakes) {
        BOOST_ERROR(m.to_string());
    }
    return l.value ? l.value->sources[0].secrets[0].reveal() : "";
}

std::vector<std::string> secret_mistakes(const std::string& text, const fake_process& p = process()) {
    return mistakes("listeners: [{address: '127.0.0.1:1'}]\nsources: [{name: a, path: /a, secrets: [" + text + "]}]\n",
                    p);
}

} // namespace

BOOST_AUTO_TEST_CASE(variables_are_put_in) {
    BOOST_TEST(secret_of("'${env:S}'") == "from-environment");
    BOOST_TEST(load(valid_inbound + "spool:\n  path: /${env:S}\n", process()).value.value().spool.path ==
               "/from-environment");
    BOOST_TEST(secret_of("'${file:/k}'") == "from-file");
    BOOST_TEST(secret_of("'${credential:hook}'") == "from-credential");
    BOOST_TEST(secret_of("'<${env:S}|${file:/k}>'") == "<from-environment|from-file>");
}

BOOST_AUTO_TEST_CASE(only_one_trailing_newline_is_dropped) {
    BOOST_TEST(secret_of("'${file:/k2}'") == "two\n");
    BOOST_TEST(secret_of("'${file:/m}'") == "a\nb");
}

BOOST_AUTO_TEST_CASE(dollars_stay_dollars) {
    BOOST_TEST(secret_of("'$${env:S}'") == "${env:S}");
    BOOST_TEST(secret_of("'$5 $ $x} $$'") == "$5 $ $x} $$");
    BOOST_TEST(secret_of("'$$${env:S}'") == "$${env:S}");
    BOOST_TEST(secret_of("'${env:REF}'") == "${env:S}"); // what was put in is not read again
}

BOOST_AUTO_TEST_CASE(variables_work_in_any_value_but_not_in_keys) {
    const loaded l = load(valid_inbound + "fetch: {concurrency: '${env:N}'}\n", process());
    BOOST_REQUIRE(l.value);
    BOOST_TEST(l.value->fetch.concurrency == 3U);
    fake_process with_type = process();
    with_type.environment["TYPE"] = "directory";
    const loaded sink = load(valid_inbound + "sinks: [{name: a, type: '${env:TYPE}', path: /a}]\n", with_type);
    BOOST_REQUIRE(sink.value);
    BOOST_REQUIRE(sink.value->sinks[0].directory);
    BOOST_TEST(sink.value->sinks[0].directory->path == "/a");
    CHECK_LINES(mistakes_in("${env:S}: 1\n", process()), "f.yaml:3:1: ${env:S}: unknown key");
}

BOOST_AUTO_TEST_CASE(an_unset_variable_is_a_mistake_that_names_it) {
    CHECK_LINES(secret_mistakes("'${env:NOPE}'"),
                "f.yaml:2:41: sources[0].secrets[0]: the environment variable NOPE is not set");
    CHECK_LINES(secret_mistakes("'${file:/nope}'"),
                "f.yaml:2:41: sources[0].secrets[0]: the file /nope cannot be read");
    CHECK_LINES(secret_mistakes("'${credential:nope}'"),
                "f.yaml:2:41: sources[0].secrets[0]: the credential nope cannot be read from /creds");
    fake_process bare;
    CHECK_LINES(secret_mistakes("'${credential:hook}'", bare),
                "f.yaml:2:41: sources[0].secrets[0]: there is no credential hook: the environment variable "
                "CREDENTIALS_DIRECTORY is not set");
    CHECK_LINES(secret_mistakes("'${env:EMPTY}'"), "f.yaml:2:41: sources[0].secrets[0]: must not be empty");
}

BOOST_AUTO_TEST_CASE(a_malformed_reference_is_a_mistake_that_quotes_nothing) {
    CHECK_LINES(secret_mistakes("'hunter2${env:S'"),
                "f.yaml:2:41: sources[0].secrets[0]: a ${ that is not closed; write $${ for a plain ${");
    for (const char* bad : {"'${}'", "'${hunter2}'", "'${ENV:S}'", "'${env}'"}) {
        CHECK_LINES(secret_mistakes(bad), "f.yaml:2:41: sources[0].secrets[0]: a ${…} must be ${env:NAME}, "
                                          "${file:PATH} or ${credential:NAME}; write $${ for a plain ${");
    }
    CHECK_LINES(secret_mistakes("'${env:a b}'"),
                "f.yaml:2:41: sources[0].secrets[0]: ${env:…} needs a name of letters, digits and `_`");
    CHECK_LINES(secret_mistakes("'${file:k}'"), "f.yaml:2:41: sources[0].secrets[0]: ${file:…} needs an absolute path");
    for (const char* bad : {"'${credential:../k}'", "'${credential:}'", "'${credential:.}'", "'${credential:a/b}'"}) {
        CHECK_LINES(
            secret_mistakes(bad),
            "f.yaml:2:41: sources[0].secrets[0]: ${credential:…} needs a name of letters, digits, `.`, `_` and `-`");
    }
}

BOOST_AUTO_TEST_CASE(no_mistake_shows_what_a_variable_holds) {
    // Every kind of value that can be wrong, given by a variable whose value is wrong for all of them.
    const std::string v = "'${env:BAD} '";
    const auto lines = mistakes(
        "listeners: [{address: " + v + ", plaintext: " + v + ", tls: " + v + "}]\n" + "sources: [{name: " + v +
            ", path: " + v + ", verify: " + v + ", secrets: " + v + ", signature: {header: " + v + ", encoding: " + v +
            ", content: " + v + "}}]\n" + "fetch: {concurrency: " + v + ", max_bytes: " + v + ", allow_hosts: [" + v +
            "], allow_cidrs: [" + v + "], check: " + v + ", idle_timeout: " + v + "}\n" +
            "sinks: [{name: b, type: directory, path: " + v + ", file: '{${env:BAD}}', mode: " + v + ", owner: " + v +
            ", on: [" + v + "], match: {source: " + v + "}}, {name: c, type: " + v + "}]\n" +
            "control: {address: " + v + "}\nlog: " + v + "\n",
        process());
    BOOST_TEST(lines.size() >= 22U);
    for (const std::string& line : lines) {
        BOOST_TEST(line.find("tell-no-one") == std::string::npos, line);
    }
}

BOOST_AUTO_TEST_CASE(no_suggestion_shows_what_a_variable_holds) {
    const std::string wanted = "sinks: [{name: a, type: directory, path: /a, match: {source: tell-no-on}}]\n";
    CHECK_LINES(mistakes("listeners: [{address: '127.0.0.1:1'}]\n"
                         "sources: [{name: '${env:BAD}', path: /a, secrets: [x]}]\n" +
                             wanted,
                         process()),
                "f.yaml:3:53: sinks[0].match: there is no such source");
}

BOOST_AUTO_TEST_CASE(a_secret_in_a_wrong_place_is_not_quoted) {
    for (const char* text : {"hunter2", "{hunter2: x}", "{hunter2: x, hunter2: y}", "[{hunter2: x}]", "[[hunter2]]",
                             "[*hunter2]", "[\"hunter2\\q\"]", "&hunter2 *hunter2", "!hunter2 x", "[hunter2"}) {
        const auto lines = mistakes("listeners: [{address: '127.0.0.1:1'}]\nsources: [{name: a, path: /a, secrets: " +
                                        std::string(text) + "}]\n",
                                    process());
        BOOST_TEST(!lines.empty(), text);
        for (const std::string& line : lines) {
            BOOST_TEST(line.find("hunter2") == std::string::npos, line);
        }
    }
}

BOOST_AUTO_TEST_CASE(the_control_section_needs_no_other_secrets) {
    const seedhook::test::temp_folder folder;
    const std::string path = folder.path() / "seedhook.yaml";
    const auto control_of = [&](const std::string& text) {
        std::ofstream(path) << text;
        return load_control(path, process().reads());
    };
    const std::string rest = "sources: [{secrets: ['${file:/forbidden}']}]\nbanana: 1\n";
    BOOST_TEST(control_of(rest + "control: {address: unix:/c}\n").value.value().address == "unix:/c");
    BOOST_TEST(control_of(rest).value.value().address == "unix:/run/seedhook/control.sock");
    BOOST_TEST(control_of(rest + "control: {address: x}\n").mistakes.size() == 1U);
    BOOST_TEST(control_of("a: [\n").mistakes.size() == 1U);
}

BOOST_AUTO_TEST_CASE(this_process_reads_regular_files_and_the_environment) {
    const variables real = variables::of_this_process();
    ::setenv("SEEDHOOK_CONFIG_TEST", "here", 1);
    BOOST_TEST(real.environment("SEEDHOOK_CONFIG_TEST").value() == "here");
    BOOST_TEST(!real.environment("SEEDHOOK_CONFIG_TEST_NOT").has_value());
    BOOST_TEST(!real.file("/dev/zero").has_value()); // would never end
    BOOST_TEST(!real.file("/tmp").has_value());
    BOOST_TEST(!real.file("/nonexistent").has_value());
}
