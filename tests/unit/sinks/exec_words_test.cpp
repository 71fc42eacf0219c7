// What hooks are told, and what their ends mean.
#include "sinks/exec/output.hpp"
#include "sinks/exec/words.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cerrno>

using namespace seedhook;
using namespace seedhook::exec;
using kind = report::kind;
using stage = report::stage;

namespace {

config::exec_sink example_settings() {
    config::exec_sink s;
    s.command = {"/opt/ingest", "--fast"};
    s.working_directory = "/srv";
    s.user = "videos";
    return s;
}

delivery example_delivery() {
    delivery d;
    d.id = "dlv_1";
    d.sink = "ingest";
    d.attempt = 3;
    d.of.source = "main";
    d.of.request_id = "req_1";
    d.of.status = task_status::succeeded;
    d.of.video_url = "https://videos.example/1.mp4?a=$(id)";
    d.of.video.emplace();
    d.of.video->size = 12;
    d.of.video->sha256 = "ab";
    d.video = "/spool/main/req_1.mp4";
    return d;
}

// The variable's value; `(none)` when it is not there, `(twice)` when it is there twice.
std::string value_of(const std::vector<std::string>& environment, const std::string& name) {
    const auto is_it = [&](const std::string& entry) { return entry.starts_with(name + "="); };
    const auto found = std::find_if(environment.begin(), environment.end(), is_it);
    if (found == environment.end()) {
        return "(none)";
    }
    return std::any_of(found + 1, environment.end(), is_it) ? "(twice)" : found->substr(name.size() + 1);
}

hook_end ended(kind what, int number, const std::string& output = {}) {
    hook_end end;
    end.said.emplace();
    end.said->what = what;
    end.said->number = number;
    end.output = output;
    return end;
}

hook_end failed(stage where, int number) {
    hook_end end = ended(kind::not_started, number);
    end.said->failed = where;
    return end;
}

outcome outcome_of(const hook_end& end) { return exec::outcome_of(end, example_settings(), "/spool/main/req_1.mp4"); }

template <class Outcome>
std::string why(const hook_end& end) {
    const outcome came_to = outcome_of(end);
    BOOST_REQUIRE(std::holds_alternative<Outcome>(came_to));
    return std::get<Outcome>(came_to).why;
}

} // namespace

BOOST_AUTO_TEST_SUITE(exec_words)

BOOST_AUTO_TEST_CASE(a_hook_is_told_of_its_delivery_in_its_environment) {
    const auto all = environment_of(example_settings(), example_delivery());
    BOOST_TEST(value_of(all, "PATH").starts_with("/usr/local/"));
    BOOST_TEST(value_of(all, "LANG") == "C.UTF-8");
    BOOST_TEST(value_of(all, "SEEDHOOK_REQUEST_ID") == "req_1");
    BOOST_TEST(value_of(all, "SEEDHOOK_SOURCE") == "main");
    BOOST_TEST(value_of(all, "SEEDHOOK_STATUS") == "succeeded");
    BOOST_TEST(value_of(all, "SEEDHOOK_FILE") == "/spool/main/req_1.mp4");
    BOOST_TEST(value_of(all, "SEEDHOOK_SIZE") == "12");
    BOOST_TEST(value_of(all, "SEEDHOOK_SHA256") == "ab");
    BOOST_TEST(value_of(all, "SEEDHOOK_URL") == "https://videos.example/1.mp4?a=$(id)");
    BOOST_TEST(value_of(all, "SEEDHOOK_ERROR_CODE") == "");
    BOOST_TEST(value_of(all, "SEEDHOOK_ERROR_MESSAGE") == "");
    BOOST_TEST(value_of(all, "SEEDHOOK_ATTEMPT") == "3");
    BOOST_TEST(value_of(all, "SEEDHOOK_DELIVERY_ID") == "dlv_1");
    BOOST_TEST(value_of(all, "SEEDHOOK_SINK") == "ingest");
    BOOST_TEST(all.size() == 14);
}

BOOST_AUTO_TEST_CASE(a_variable_without_a_value_is_there_and_empty) {
    delivery d = example_delivery();
    d.video.reset();
    d.of.video.reset();
    d.of.video_url.clear();
    d.of.status = task_status::failed;
    d.of.failure.emplace();
    d.of.failure->code = "no";
    d.of.failure->message = "line\n\"two\"";
    const auto all = environment_of(example_settings(), d);
    for (const char* name : {"SEEDHOOK_FILE", "SEEDHOOK_SIZE", "SEEDHOOK_SHA256", "SEEDHOOK_URL"}) {
        BOOST_TEST(value_of(all, name) == "");
    }
    BOOST_TEST(value_of(all, "SEEDHOOK_ERROR_MESSAGE") == "line\n\"two\"");
    BOOST_TEST(environment_of(example_settings(), std::string("ingest")).size() == all.size());
}

BOOST_AUTO_TEST_CASE(env_adds_variables_and_may_change_the_usual_ones) {
    config::exec_sink s = example_settings();
    s.env["TOKEN"] = config::secret("s3cret");
    s.env["PATH"] = config::secret("/opt/bin");
    const auto all = environment_of(s, example_delivery());
    BOOST_TEST(value_of(all, "TOKEN") == "s3cret");
    BOOST_TEST(value_of(all, "PATH") == "/opt/bin");
}

BOOST_AUTO_TEST_CASE(a_value_that_no_variable_can_hold_does_not_stop_the_hook) {
    delivery d = example_delivery();
    d.of.failure.emplace();
    d.of.failure->message = std::string("a\0b", 3);
    d.of.video_url = std::string(200'000, 'x');
    const auto all = environment_of(example_settings(), d);
    BOOST_TEST(value_of(all, "SEEDHOOK_ERROR_MESSAGE") == "ab");
    BOOST_TEST(value_of(all, "SEEDHOOK_URL") == "");
}

BOOST_AUTO_TEST_CASE(a_command_is_its_argv_and_a_shell_gets_its_text_as_one_argument) {
    config::exec_sink s = example_settings();
    BOOST_TEST(argv_of(s, {"--version"}) == std::vector<std::string>({"/opt/ingest", "--fast", "--version"}));
    s.shell = true;
    s.command = {"echo \"$1\""};
    BOOST_TEST(argv_of(s, {"a b"}) == std::vector<std::string>({"/bin/sh", "-c", "echo \"$1\"", "sh", "a b"}));
}

BOOST_AUTO_TEST_CASE(exit_codes_mean_what_the_documents_say) {
    BOOST_TEST(std::get<done>(outcome_of(ended(kind::exited, 0))).where == "exit code 0");
    BOOST_TEST(why<again>(ended(kind::exited, 75)) == "exit code 75");
    BOOST_TEST(why<rejected>(ended(kind::exited, 100)) == "exit code 100");
    for (const int code : {1, 2, 99, 101, 126, 127, 255}) {
        BOOST_TEST(why<again>(ended(kind::exited, code)) == "exit code " + std::to_string(code));
    }
    BOOST_TEST(why<again>(ended(kind::killed, 9)) == "killed by signal 9");
    BOOST_TEST(why<again>(ended(kind::killed, 100)) == "killed by signal 100");
}

BOOST_AUTO_TEST_CASE(the_output_follows_the_sentence) {
    BOOST_TEST(why<again>(ended(kind::exited, 3, "no room\r\n\n")) == "exit code 3\nno room");
    BOOST_TEST(why<rejected>(ended(kind::exited, 100, "\xFF")) == "exit code 100\n\xEF\xBF\xBD");
}

BOOST_AUTO_TEST_CASE(a_success_keeps_less_of_its_output_than_a_failure) {
    const std::string output(most_output, 'x');
    BOOST_TEST(std::get<done>(outcome_of(ended(kind::exited, 0, output))).where.size() < 5'000);
    BOOST_TEST(why<again>(ended(kind::exited, 1, output)).size() > most_output);
}

BOOST_AUTO_TEST_CASE(a_hook_that_was_asked_to_end_has_not_delivered_whatever_its_exit_code) {
    hook_end end = ended(kind::exited, 0);
    end.said->asked_to_end = 1;
    end.asked = end_reason::timed_out;
    BOOST_TEST(why<again>(end) == "timed out after 10m, then exit code 0");
    end.asked = end_reason::interrupted;
    BOOST_TEST(std::holds_alternative<interrupted>(outcome_of(end)));
}

BOOST_AUTO_TEST_CASE(a_hook_that_had_ended_before_it_was_asked_to_counts) {
    hook_end end = ended(kind::exited, 0);
    end.asked = end_reason::interrupted;
    BOOST_TEST(std::holds_alternative<done>(outcome_of(end)));
    end = ended(kind::exited, 100);
    end.asked = end_reason::timed_out;
    BOOST_TEST(why<rejected>(end) == "exit code 100");
}

BOOST_AUTO_TEST_CASE(what_somebody_must_mend_blocks_with_its_reason) {
    BOOST_TEST(why<blocked>(failed(stage::program, ENOENT)).starts_with("/opt/ingest: there is no such program"));
    BOOST_TEST(why<blocked>(failed(stage::program, EACCES)) == "/opt/ingest: may not be executed: Permission denied");
    BOOST_TEST(why<blocked>(failed(stage::program, ENOEXEC)).find("#!") != std::string::npos);
    BOOST_TEST(why<blocked>(failed(stage::folder, ENOENT)) == "working_directory /srv: No such file or directory");
    BOOST_TEST(why<blocked>(failed(stage::account, EPERM)).find("`videos`") != std::string::npos);
    BOOST_TEST(why<blocked>(failed(stage::permission, EACCES)).starts_with("/spool/main/req_1.mp4: "));
    BOOST_TEST(why<blocked>(failed(stage::start, ENOSYS)).starts_with("/proc "));
}

BOOST_AUTO_TEST_CASE(a_shortage_passes) {
    for (const int number : {EAGAIN, ENOMEM, EMFILE, ETXTBSY}) {
        BOOST_TEST(!why<again>(failed(stage::program, number)).empty());
        BOOST_TEST(!why<again>(failed(stage::start, number)).empty());
    }
    BOOST_TEST(why<again>(failed(stage::video, 0)) == "the video in the spool has changed");
    BOOST_TEST(why<again>(failed(stage::video, ENOENT)) == "/spool/main/req_1.mp4: No such file or directory");
}

BOOST_AUTO_TEST_CASE(a_run_that_nobody_watched_to_its_end_is_tried_again) {
    hook_end end;
    BOOST_TEST(why<again>(end) == "the process that watches over the command was killed");
    end.start_errno = EAGAIN;
    BOOST_TEST(!why<again>(end).empty());
    end.start_errno = ENOENT;
    BOOST_TEST(why<blocked>(end).find("/proc") != std::string::npos);
    end = {};
    end.asked = end_reason::interrupted;
    BOOST_TEST(std::holds_alternative<interrupted>(outcome_of(end)));
}

BOOST_AUTO_TEST_CASE(what_could_not_be_ended_is_said) {
    hook_end end = ended(kind::exited, 1, "x");
    end.said->left_running = 1;
    BOOST_TEST(why<again>(end) == "exit code 1; something that it started could not be ended\nx");
}

BOOST_AUTO_TEST_SUITE_END()
