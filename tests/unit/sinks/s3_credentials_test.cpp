// Credentials that are written down somewhere, and the search through all sources.
#include "s3_credential_setup.hpp"

#include "sinks/s3/shared_files.hpp"

using namespace seedhook;
using namespace seedhook::s3;

namespace {

const std::string keys = "aws_access_key_id = AKIAFILE\naws_secret_access_key = open-sesame\n";

std::string id_in(std::string_view text, shared_file_kind is = shared_file_kind::credentials,
                  std::string_view profile = "default") {
    const auto found = find_keys(text, is, profile);
    if (!found) {
        BOOST_TEST(!has(found.error().message, "sesame"));
        return std::string(to_string(found.error().code)) + ": " + found.error().message;
    }
    return *found ? (*found)->access_key_id : "none";
}

} // namespace

BOOST_AUTO_TEST_CASE(credentials_of_the_settings_are_used) {
    machine m(kind::config);
    m.settings.access_key_id = "AKIACONFIG";
    m.settings.secret_access_key = config::secret("open-sesame");
    m.settings.session_token = config::secret("token");
    const auto got = m.get();
    BOOST_REQUIRE(got);
    BOOST_TEST(got->access_key_id == "AKIACONFIG");
    BOOST_TEST(got->secret_access_key.reveal() == "open-sesame");
    BOOST_TEST(got->session_token.reveal() == "token");
    BOOST_TEST(!got->expires_at);
}

BOOST_AUTO_TEST_CASE(credentials_of_the_environment_are_used) {
    machine m(kind::environment);
    BOOST_TEST(m.id() == "not_found: AWS_ACCESS_KEY_ID is not set");
    m.environment["AWS_ACCESS_KEY_ID"] = "AKIAENV";
    BOOST_TEST(m.id() == "unauthorized: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY go together: set both");
    m.environment["AWS_SECRET_ACCESS_KEY"] = "open-sesame";
    m.environment["AWS_SESSION_TOKEN"] = "token";
    const auto got = m.get();
    BOOST_REQUIRE(got);
    BOOST_TEST(got->access_key_id == "AKIAENV");
    BOOST_TEST(got->session_token.reveal() == "token");
    m.environment.erase("AWS_ACCESS_KEY_ID");
    BOOST_TEST(has(m.id(), "unauthorized: "));
}

BOOST_AUTO_TEST_CASE(a_line_end_behind_a_key_is_told_without_telling_the_key) {
    machine m(kind::environment);
    m.environment["AWS_ACCESS_KEY_ID"] = "AKIAENV";
    m.environment["AWS_SECRET_ACCESS_KEY"] = "open-sesame\n";
    BOOST_TEST(m.id() == "invalid: the secret access key has characters that none has: a line end behind it?");
    m.environment["AWS_SECRET_ACCESS_KEY"] = "open-sesame";
    m.environment["AWS_SESSION_TOKEN"] = "a b";
    BOOST_TEST(has(m.id(), "invalid: the session token"));
    m.environment["AWS_ACCESS_KEY_ID"] = "AKIA\r\nHost: evil";
    BOOST_TEST(m.id() == "invalid: the access key's id has characters that none has: a line end behind it?");
}

BOOST_AUTO_TEST_CASE(a_file_s_dialect_is_that_of_aws_s_tools) {
    BOOST_TEST(id_in("[default]\r\naws_access_key_id=AKIA1\r\naws_secret_access_key=open-sesame\r\n") == "AKIA1");
    BOOST_TEST(id_in("# a\n; b\n\n[other]\nregion = x\n[default]\n  # c\nregion: eu\nAWS_Access_Key_ID : AKIA2 \n"
                     "aws_secret_access_key=open=sesame # no comment") == "AKIA2");
    BOOST_TEST(find_keys("[default]\naws_access_key_id=A\naws_secret_access_key=open=sesame # no comment",
                         shared_file_kind::credentials, "default")
                   .value()
                   ->secret_access_key.reveal() == "open=sesame # no comment");
    BOOST_TEST(id_in("[default]\ns3 =\n  addressing_style = path\n  aws_access_key_id = nested\n" + keys) ==
               "AKIAFILE");
    BOOST_TEST(id_in("[default]\n" + keys + "aws_session_token = new\naws_security_token = old\n") == "AKIAFILE");
    BOOST_TEST(id_in("[DEFAULT]\n" + keys + "[default]\nregion = x\n") == "AKIAFILE");
    BOOST_TEST(id_in("  [default]\n  aws_access_key_id = AKIA3\n  aws_secret_access_key = open-sesame\n") == "AKIA3");
}

BOOST_AUTO_TEST_CASE(a_profile_is_found_by_its_name_in_either_file) {
    const auto credentials_file = shared_file_kind::credentials;
    const auto config_file = shared_file_kind::config;
    BOOST_TEST(id_in("[default]\n" + keys, credentials_file, "work") == "none");
    BOOST_TEST(id_in("[work]\n" + keys, credentials_file, "work") == "AKIAFILE");
    BOOST_TEST(id_in("[profile work]\n" + keys, credentials_file, "work") == "none");
    BOOST_TEST(id_in("[DEFAULT]\n" + keys, credentials_file, "DEFAULT") == "none");
    BOOST_TEST(id_in("[work]\n" + keys, config_file, "work") == "none");
    BOOST_TEST(id_in("[profile work]\n" + keys, config_file, "work") == "AKIAFILE");
    BOOST_TEST(id_in("[profile \"my work\"]\n" + keys, config_file, "my work") == "AKIAFILE");
    BOOST_TEST(id_in("[profilework]\n" + keys, config_file, "work") == "none");
    BOOST_TEST(id_in("[default]\n" + keys, config_file) == "AKIAFILE");
    BOOST_TEST(id_in("[profile default]\n" + keys, config_file) == "AKIAFILE");
    BOOST_TEST(id_in("[profile default]\n" + keys + "[default]\naws_access_key_id = AKIAOTHER\n", config_file) ==
               "AKIAFILE");
    BOOST_TEST(id_in("[default]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = y\n") == "none");
    BOOST_TEST(id_in("") == "none");
}

BOOST_AUTO_TEST_CASE(what_is_wrong_in_a_file_is_told_by_its_line_alone) {
    BOOST_TEST(id_in("[default]\nopen-sesame\n") == "invalid: line 2: it is neither `key = value` nor a `[section]`");
    BOOST_TEST(id_in("\n" + keys) == "invalid: line 2: it is in no section");
    BOOST_TEST(id_in("[default]\n" + keys + keys) == "invalid: line 4: the section has this key above");
    BOOST_TEST(id_in("[default]\n[default]\n") == "invalid: line 2: a section of this name stands above");
    BOOST_TEST(has(id_in("[default]\n= open-sesame\n"), "invalid: line 2"));
    BOOST_TEST(has(id_in("[default]\naws_access_key_id = AKIA\n"), "unauthorized: "));
    BOOST_TEST(has(id_in("[default]\naws_secret_access_key = x\naws_access_key_id = AKIA\n more\n"), "invalid: "));
}

BOOST_AUTO_TEST_CASE(the_credentials_file_goes_before_the_config_file) {
    machine m(kind::file);
    m.write(".aws/config", "[default]\naws_access_key_id = AKIACONFIG\naws_secret_access_key = open-sesame\n");
    BOOST_TEST(m.id() == "AKIACONFIG");
    m.write(".aws/credentials", "[default]\n" + keys);
    BOOST_TEST(m.id() == "AKIAFILE");
}

BOOST_AUTO_TEST_CASE(a_file_that_was_changed_is_used_at_once) {
    machine m(kind::file);
    m.write(".aws/credentials", "[default]\n" + keys);
    BOOST_TEST(m.id() == "AKIAFILE");
    m.write(".aws/credentials", "[default]\naws_access_key_id = AKIANEXT\naws_secret_access_key = open-sesame\n");
    BOOST_TEST(m.id() == "AKIANEXT");
}

BOOST_AUTO_TEST_CASE(files_and_profiles_are_where_the_settings_or_the_environment_say) {
    machine m(kind::file);
    m.write("mine", "[default]\n" + keys + "[work]\naws_access_key_id = AKIAWORK\naws_secret_access_key = x\n");
    m.environment["AWS_SHARED_CREDENTIALS_FILE"] = "~/mine";
    BOOST_TEST(m.id() == "AKIAFILE");
    m.environment["AWS_PROFILE"] = "work";
    BOOST_TEST(m.id() == "AKIAWORK");
    m.source.reset();
    m.settings.profile = "default";
    BOOST_TEST(m.id() == "AKIAFILE");

    machine named(kind::file);
    named.settings.file = (m.home.path() / "mine").string();
    named.write(".aws/credentials", "[work]\n" + keys);
    BOOST_TEST(named.id() == "AKIAFILE");
    named.environment["AWS_PROFILE"] = "none";
    BOOST_TEST(named.id() == "unauthorized: " + named.settings.file + ": no aws_access_key_id for the profile `none`");
}

BOOST_AUTO_TEST_CASE(files_that_are_not_there_are_named) {
    machine m(kind::file);
    const std::string folder = m.home.path().string() + "/.aws/";
    BOOST_TEST(m.id() == "not_found: " + folder + "credentials: No such file or directory, " + folder +
                             "config: No such file or directory");
    std::filesystem::create_directories(folder + "credentials");
    BOOST_TEST(m.id() == "invalid: " + folder + "credentials: not a regular file");
    m.environment.erase("HOME");
    BOOST_TEST(has(m.id(), "not_found: ~/.aws/credentials: HOME is not set"));
}

BOOST_AUTO_TEST_CASE(the_first_source_that_has_credentials_is_used) {
    machine m;
    m.environment["AWS_EC2_METADATA_DISABLED"] = "true";
    m.environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/x";
    m.metadata.will_answer(200, document("AKIACONTAINER", "2026-11-22T16:00:00Z"));
    BOOST_TEST(m.id() == "AKIACONTAINER");
    m.write(".aws/credentials", "[default]\n" + keys);
    BOOST_TEST(m.id() == "AKIAFILE");
    m.environment["AWS_ACCESS_KEY_ID"] = "AKIAENV";
    m.environment["AWS_SECRET_ACCESS_KEY"] = "open-sesame";
    BOOST_TEST(m.id() == "AKIAENV");
    m.source.reset();
    m.settings.access_key_id = "AKIACONFIG";
    m.settings.secret_access_key = config::secret("open-sesame");
    BOOST_TEST(m.id() == "AKIACONFIG");
}

BOOST_AUTO_TEST_CASE(a_source_that_ought_to_have_credentials_ends_the_search) {
    machine m;
    m.write(".aws/credentials", "[default]\n[default]\n");
    BOOST_TEST(has(m.id(), "invalid: file: "));
    m.write(".aws/credentials", "[default]\n");
    m.environment["AWS_PROFILE"] = "work";
    BOOST_TEST(has(m.id(), "unauthorized: file: "));
    m.environment["AWS_ACCESS_KEY_ID"] = "AKIAENV";
    BOOST_TEST(has(m.id(), "unauthorized: environment: "));
    BOOST_TEST(m.metadata.asked.empty());
}

BOOST_AUTO_TEST_CASE(without_credentials_every_place_is_named) {
    machine m;
    m.metadata.will_fail(errc::unavailable);
    const std::string said = m.id();
    BOOST_TEST(has(said, "not_found: "));
    for (const char* place : {"config: ", "environment: AWS_ACCESS_KEY_ID", "file: ", ".aws/credentials", ".aws/config",
                              "container: ", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "instance: ", "169.254.169.254"}) {
        BOOST_TEST(has(said, place), place);
    }
}

BOOST_AUTO_TEST_CASE(a_service_that_has_answered_before_is_not_said_to_be_missing) {
    machine m;
    m.metadata.will_answer(200, "imds-token");
    m.metadata.will_answer(200, "role");
    m.metadata.will_answer(200, document("AKIAROLE", "2026-11-22T16:00:00Z"));
    BOOST_TEST(m.id() == "AKIAROLE");
    m.source->forget();
    m.metadata.will_fail(errc::timed_out);
    BOOST_TEST(has(m.id(), "timed_out: instance: "));
}
