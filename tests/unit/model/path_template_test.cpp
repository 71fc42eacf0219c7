// File names from templates, with values as hostile as upstream and its users can make them.
#include "seedhook/model/path_template.hpp"
#include "seedhook/model/text.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace {

using namespace seedhook;
using namespace std::string_literals;

task plain_task() {
    task t;
    t.source = "main";
    t.request_id = "req_1";
    t.status = task_status::succeeded;
    t.model = "seedance-2.0";
    t.metadata =
        R"({"projectId":"proj_1","count":7,"big":18446744073709551615,"ratio":1.5,"yes":true,"none":null,"list":[1]})";
    t.settled_at = time_point{std::chrono::sys_days{std::chrono::year{2026} / 11 / 2} + std::chrono::hours(10)};
    t.video = video_file{"spool-name", 1, "abcd", "video/mp4"};
    return t;
}

std::string render(std::string_view text, const task& t, std::string_view extension = "mp4") {
    auto parsed = path_template::parse(text);
    BOOST_REQUIRE_MESSAGE(parsed.has_value(), text);
    return parsed->render(t, extension);
}

std::string with_metadata(const std::string& json_string) {
    task t = plain_task();
    t.metadata = "{\"k\":\"" + json_string + "\"}";
    return render("{metadata.k}/{requestId}", t);
}

std::string fault(std::string_view text) {
    auto parsed = path_template::parse(text);
    BOOST_REQUIRE_MESSAGE(!parsed.has_value(), text);
    BOOST_TEST(static_cast<int>(parsed.error().code) == static_cast<int>(errc::invalid));
    return parsed.error().message;
}

std::vector<std::string> segments(const std::string& path) {
    std::vector<std::string> out{""};
    for (const char c : path) {
        if (c == '/') {
            out.emplace_back();
        } else {
            out.back() += c;
        }
    }
    return out;
}

// The promise of the header, for any value at all.
void check_safe(const std::string& path) {
    for (const std::string& segment : segments(path)) {
        BOOST_TEST(!segment.empty());
        BOOST_TEST(segment.size() <= 255U);
        BOOST_TEST(segment.find_first_of("\\\0"s) == std::string::npos);
        BOOST_TEST(segment.front() != '.');
        BOOST_TEST(segment.front() != '-');
    }
    for (std::string_view rest = path; !rest.empty();) {
        const code_point c = front_code_point(rest);
        BOOST_TEST(c.valid);
        BOOST_TEST(!is_control(c.value));
        rest.remove_prefix(c.length);
    }
}

} // namespace

BOOST_AUTO_TEST_CASE(every_placeholder_has_its_value) {
    const task t = plain_task();
    BOOST_TEST(render("{source}/{requestId}_{status}_{model}.{ext}", t) == "main/req_1_succeeded_seedance-2.0.mp4");
    BOOST_TEST(render("{year}/{month}/{day}/{date}/{sha256}", t) == "2026/11/02/2026-11-02/abcd");
    BOOST_TEST(render("{metadata.projectId}-{requestId}", t) == "proj_1-req_1");
    BOOST_TEST(render("{metadata.count} {metadata.big} {metadata.ratio} {metadata.yes}/{requestId}", t) ==
               "7 18446744073709551615 1.5 true/req_1");
}

BOOST_AUTO_TEST_CASE(a_missing_value_is_an_underscore) {
    task t = plain_task();
    BOOST_TEST(render("{metadata.absent}{metadata.none}{metadata.list}/{requestId}", t) == "___/req_1");
    t.model.clear();
    t.settled_at.reset();
    t.video.reset();
    BOOST_TEST(render("{model}/{date}/{year}/{sha256}/{requestId}.{ext}", t, "") == "_/_/_/_/req_1._");
    t.metadata = "not json";
    BOOST_TEST(render("{metadata.k}/{requestId}", t) == "_/req_1");
    t.metadata = "[1]";
    BOOST_TEST(render("{metadata.k}/{requestId}", t) == "_/req_1");
}

BOOST_AUTO_TEST_CASE(literal_text_stays_as_it_is) {
    BOOST_TEST(render("wide/Größe {requestId}", plain_task()) == "wide/Größe req_1");
    BOOST_TEST(render(".{requestId}", plain_task()) == ".req_1");
}

BOOST_AUTO_TEST_CASE(a_hostile_value_stays_within_one_harmless_name) {
    BOOST_TEST(with_metadata("../../etc/passwd") == "_._.._etc_passwd/req_1");
    BOOST_TEST(with_metadata("/abs") == "_abs/req_1");
    BOOST_TEST(with_metadata(".hidden") == "_hidden/req_1");
    BOOST_TEST(with_metadata("..") == "_./req_1");
    BOOST_TEST(with_metadata(".") == "_/req_1");
    BOOST_TEST(with_metadata("-rf") == "_rf/req_1");
    BOOST_TEST(with_metadata("a\\\\b") == "a_b/req_1");
    BOOST_TEST(with_metadata("a\\u0000b\\nc\\u001b[2Jd\\u007fe\\u009bf") == "a_b_c_[2Jd_e_f/req_1");
    BOOST_TEST(with_metadata("gpj.\\u202eexe") == "gpj._exe/req_1");
    BOOST_TEST(with_metadata("") == "_/req_1");
    BOOST_TEST(with_metadata("con") == "con/req_1");
    BOOST_TEST(with_metadata("{requestId}") == "{requestId}/req_1");
    BOOST_TEST(with_metadata("日本語 🎬") == "日本語 🎬/req_1");
}

BOOST_AUTO_TEST_CASE(values_from_elsewhere_than_metadata_are_made_safe_too) {
    task t = plain_task();
    t.model = "../x";
    t.source = "\xff\xc0\xaf";
    t.request_id = "../../req";
    const std::string path = render("{source}/{model}/{requestId}.{ext}", t, "../sh");
    BOOST_TEST(path == "___/_._x/_._.._req._._sh");
    check_safe(path);
}

BOOST_AUTO_TEST_CASE(bytes_that_are_not_utf8_are_replaced) {
    task t = plain_task();
    for (const std::string& bad : {"a\x80z"s, "a\xc3"s, "a\xe2\x82z"s, "a\xed\xa0\x80z"s, "a\xf4\x90\x80\x80z"s,
                                   "\0\0"s, "a\xf0\x80\x80\xafz"s}) {
        t.model = bad;
        check_safe(render("{model}/{requestId}", t));
    }
    t.model = "a\xc3";
    BOOST_TEST(render("{model}/{requestId}", t) == "a_/req_1");
}

BOOST_AUTO_TEST_CASE(a_long_name_is_cut_and_keeps_its_extension) {
    task t = plain_task();
    t.model = std::string(300, 'x');
    const std::string path = render("{model}_{requestId}.{ext}", t);
    BOOST_TEST(path.size() == 240U);
    BOOST_TEST(path.starts_with("xxxxxxxx"));
    BOOST_TEST(path.ends_with(".mp4"));
    BOOST_TEST(path == render("{model}_{requestId}.{ext}", t));
    check_safe(path);
}

BOOST_AUTO_TEST_CASE(two_long_names_that_differ_anywhere_stay_different) {
    task a = plain_task();
    task b = plain_task();
    a.model = std::string(300, 'x') + "a";
    b.model = std::string(300, 'x') + "b";
    BOOST_TEST(render("{model}/{requestId}", a) != render("{model}/{requestId}", b));
    b.model = a.model;
    b.request_id = "req_2";
    BOOST_TEST(render("{model}_{requestId}.{ext}", a) != render("{model}_{requestId}.{ext}", b));
}

BOOST_AUTO_TEST_CASE(a_cut_never_splits_a_character) {
    task t = plain_task();
    for (std::size_t lead = 0; lead < 4; ++lead) {
        t.model = std::string(lead, 'x');
        for (int i = 0; i < 100; ++i) {
            t.model += "🎬";
        }
        const std::string path = render("{model}/{requestId}", t);
        check_safe(path);
        BOOST_TEST(path.find('_') == path.size() - 2); // nothing was replaced: the only one is in req_1
    }
}

BOOST_AUTO_TEST_CASE(any_byte_at_any_place_gives_a_safe_path) {
    task t = plain_task();
    for (int byte = 0; byte < 256; ++byte) {
        for (const std::size_t at : {0U, 1U, 2U}) {
            t.model = "ab";
            t.model.insert(at, 1, static_cast<char>(byte));
            check_safe(render("{model}/{requestId}.{ext}", t));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_template_that_could_leave_its_folder_is_refused) {
    for (const char* text : {"/abs/{requestId}", "../{requestId}", "a/../{requestId}", "./{requestId}",
                             "a//{requestId}", "{requestId}/", "", "/"}) {
        fault(text);
    }
    fault("a\nb{requestId}");
    fault("a\0b{requestId}"s);
    fault("\xff{requestId}");
    fault(std::string(256, 'x') + "/{requestId}");
}

BOOST_AUTO_TEST_CASE(a_template_with_broken_placeholders_is_refused) {
    BOOST_TEST(fault("{requestid}") == "unknown placeholder {requestid}");
    BOOST_TEST(fault("{requestId}{metadata.}") == "unknown placeholder {metadata.}");
    BOOST_TEST(fault("{requestId}{}") == "unknown placeholder {}");
    fault("{requestId");
    fault("requestId}");
    fault("{{requestId}}");
    fault("{requestId}{metadata.a/b}");
}

BOOST_AUTO_TEST_CASE(a_template_that_does_not_tell_tasks_apart_is_refused) {
    BOOST_TEST(fault("{date}/{model}.{ext}").find("tell tasks apart") != std::string::npos);
    BOOST_TEST(path_template::parse("{sha256}.{ext}").has_value());
}

BOOST_AUTO_TEST_CASE(printable_text_cannot_drive_a_terminal) {
    BOOST_TEST(printable("plain é 🎬") == "plain é 🎬");
    BOOST_TEST(printable("a\x1b[31m\n\r\t\x7f"s) == "a\\x1b[31m\\n\\r\\t\\x7f");
    BOOST_TEST(printable("\xc2\x9b\xe2\x80\xae"s) == "\\u{9b}\\u{202e}");
    BOOST_TEST(printable("\xff\xc3"s) == "\\xff\\xc3");
    BOOST_TEST(printable("a\0b"s) == "a\\x00b");
}
