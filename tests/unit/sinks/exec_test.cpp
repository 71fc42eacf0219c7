// Commands run through the exec sink: what is left when they have ended.
#include "as_hook_runner.hpp"
#include "file_text.hpp"
#include "run_coroutine.hpp"
#include "sinks/exec/process_tree.hpp"
#include "temp_folder.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

using namespace seedhook;
using test::read_file;
namespace fs = std::filesystem;

namespace {

// Each run starts this program anew, which with AddressSanitizer takes a third of a second.
#ifdef __SANITIZE_ADDRESS__
constexpr int many_runs = 100;
constexpr std::chrono::seconds enough_to_begin(5);
#else
constexpr int many_runs = 1000;
constexpr std::chrono::seconds enough_to_begin(1);
#endif

struct bench {
    bench() {
        settings.name = "ingest";
        settings.exec.emplace();
        settings.exec->shell = true;
        settings.exec->env["HERE"] = config::secret(folder.path().string());
        what.sink = "ingest";
        what.id = "dlv_1";
        what.of.source = "main";
        what.of.request_id = "req_1";
        what.of.status = task_status::failed;
    }

    outcome run(const std::string& text) {
        settings.exec->command = {text};
        const auto to = make_exec_sink(settings).value();
        return test::run_coroutine(to->deliver(what));
    }

    std::string text_of(const std::string& script) {
        const outcome came_to = run(script);
        if (const auto* d = std::get_if<done>(&came_to)) {
            return d->where;
        }
        const auto* a = std::get_if<again>(&came_to);
        return a != nullptr ? a->why : "(neither done nor again)";
    }

    fs::path at(const char* name) const { return folder.path() / name; }

    test::temp_folder folder;
    config::sink settings;
    delivery what;
};

std::size_t open_descriptors() {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& one : fs::directory_iterator("/proc/self/fd")) {
        ++count;
    }
    return count;
}

std::string timed_out() {
    return "timed out after " + std::to_string(enough_to_begin.count()) + "s, then killed by signal 15";
}

bool runs(const fs::path& pid_file) { return ::kill(std::stoi(read_file(pid_file)), 0) == 0; }

} // namespace

BOOST_AUTO_TEST_SUITE(exec_sink)

BOOST_AUTO_TEST_CASE(a_thousand_runs_leave_no_process_and_no_descriptor) {
    bench b;
    b.settings.exec->shell = false;
    b.settings.exec->command = {"/bin/true"};
    const auto to = make_exec_sink(b.settings).value();
    const auto all_of_them = [](sink& runs, const delivery& what) -> awaitable<int> {
        int well = 0;
        for (int i = 0; i < many_runs; ++i) {
            const outcome came_to = co_await runs.deliver(what);
            well += std::holds_alternative<done>(came_to) ? 1 : 0;
        }
        co_return well;
    };
    const std::size_t before = open_descriptors();
    BOOST_TEST(test::run_coroutine(all_of_them(*to, b.what)) == many_runs);
    BOOST_TEST(open_descriptors() == before);
    BOOST_TEST(exec::own_children().empty());
}

BOOST_AUTO_TEST_CASE(a_command_has_three_descriptors_a_clean_environment_and_a_session_of_its_own) {
    bench b;
    ::setenv("SEEDHOOK_TEST_SECRET", "of the daemon", 1);
    const std::string told = b.text_of("cat /proc/$$/environ | tr '\\0' '\\n' >$HERE/environ; ls /proc/$$/fd; "
                                       "cut -d' ' -f6 /proc/$$/stat >$HERE/session; echo $$ >$HERE/pid; umask; pwd");
    ::unsetenv("SEEDHOOK_TEST_SECRET");
    BOOST_TEST(told == "exit code 0\n0\n1\n2\n0022\n/");
    BOOST_TEST(read_file(b.at("environ")).find("of the daemon") == std::string::npos);
    BOOST_TEST(read_file(b.at("session")) == read_file(b.at("pid")));
}

BOOST_AUTO_TEST_CASE(a_command_finds_signals_as_they_usually_are) {
    bench b;
    ::signal(SIGPIPE, SIG_IGN); // as the daemon has it
    const std::string last_digits =
        "sed -n 's/^Sig\\(Blk\\|Ign\\):.*\\(.......\\)$/\\1 \\2/p'"; // those above are glibc's
    BOOST_TEST(b.text_of("cat /proc/self/status | " + last_digits) == "exit code 0\nBlk 0000000\nIgn 0000000");
    ::signal(SIGPIPE, SIG_DFL);
}

BOOST_AUTO_TEST_CASE(the_delivery_document_is_on_standard_input) {
    bench b;
    BOOST_TEST(b.text_of("cat >$HERE/one; cat /dev/stdin >$HERE/two") == "exit code 0");
    BOOST_TEST(boost::json::parse(read_file(b.at("one"))).at("deliveryId").as_string() == "dlv_1");
}

BOOST_AUTO_TEST_CASE(a_command_that_does_not_read_is_no_failure) {
    bench b;
    b.what.of.metadata = R"({"k":")" + std::string(500'000, 'x') + "\"}";
    BOOST_TEST(b.text_of("exec <&-; exec sleep 0") == "exit code 0");
    BOOST_TEST(b.text_of("head -c 1") == "exit code 0\n{");
    BOOST_TEST(b.text_of("exec <&- >&- 2>&-; exit 3") == "exit code 3");
}

BOOST_AUTO_TEST_CASE(both_outputs_are_kept_in_their_order) {
    bench b;
    BOOST_TEST(b.text_of("echo one; echo two >&2; echo three; exit 4") == "exit code 4\none\ntwo\nthree");
}

BOOST_AUTO_TEST_CASE(of_much_output_the_end_is_kept) {
    bench b;
    const std::string told = b.text_of("head -c 30000000 /dev/zero | tr '\\0' x; echo END; exit 1");
    BOOST_TEST(told.starts_with("exit code 1\n"));
    BOOST_TEST(told.ends_with("xEND"));
    BOOST_TEST(told.size() > 65'000);
    BOOST_TEST(told.size() < 66'000);
}

BOOST_AUTO_TEST_CASE(what_a_command_leaves_running_ends_with_it) {
    bench b;
    const std::string told = b.text_of("sleep 1000 & echo $! >$HERE/same; "
                                       "setsid sh -c 'trap \"\" TERM HUP; echo $$ >$HERE/own; sleep 1000 & wait' & "
                                       "setsid sh -c 'echo $$ >$HERE/stopped; kill -STOP $$' & "
                                       "until [ -s $HERE/own ] && [ -s $HERE/stopped ]; do :; done; echo over");
    BOOST_TEST(told == "exit code 0\nover");
    for (const char* name : {"same", "own", "stopped"}) {
        BOOST_TEST_CONTEXT(name) { BOOST_TEST(!runs(b.at(name))); }
    }
    BOOST_TEST(exec::own_children().empty());
}

BOOST_AUTO_TEST_CASE(what_forks_on_and_on_is_ended) {
    bench b;
    const std::string told =
        b.text_of("roll() { echo x >>$HERE/rolled; sleep 0.001; roll & }; for i in 1 2 3 4 5; do roll & done; "
                  "until [ -s $HERE/rolled ]; do :; done; exit 9");
    BOOST_TEST(told == "exit code 9");
    const auto size = fs::file_size(b.at("rolled"));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    BOOST_TEST(fs::file_size(b.at("rolled")) == size);
}

BOOST_AUTO_TEST_CASE(a_command_that_kills_its_runner_is_ended_with_all_it_started) {
    bench b;
    const std::string told = b.text_of("setsid sh -c 'trap \"\" TERM HUP; echo $$ >$HERE/own; sleep 1000 & wait' & "
                                       "echo $$ >$HERE/self; until [ -s $HERE/own ]; do :; done; "
                                       "kill -9 $PPID; sleep 1000");
    BOOST_TEST(told == "the process that watches over the command was killed");
    BOOST_TEST(!runs(b.at("self")));
    BOOST_TEST(!runs(b.at("own")));
    BOOST_TEST(exec::own_children().empty());
}

BOOST_AUTO_TEST_CASE(a_time_out_is_told_to_all_that_runs_and_they_may_tidy_up) {
    bench b;
    b.settings.exec->timeout = enough_to_begin;
    const std::string told =
        b.text_of("setsid sh -c 'trap \"sleep 0.1; echo tidied; exit\" TERM; sleep 1000 & wait' & sleep 1000");
    BOOST_TEST(told == timed_out() + "\ntidied");
    BOOST_TEST(exec::own_children().empty());
}

BOOST_AUTO_TEST_CASE(a_runner_that_the_command_stops_is_woken_at_the_time_out) {
    bench b;
    b.settings.exec->timeout = enough_to_begin;
    BOOST_TEST(b.text_of("kill -STOP $PPID; sleep 1000") == timed_out());
}

BOOST_AUTO_TEST_CASE(a_program_that_cannot_be_started_says_why) {
    bench b;
    b.settings.exec->shell = false;
    const auto why = [&](const fs::path& program) {
        b.settings.exec->command = {program.string()};
        const auto to = make_exec_sink(b.settings).value();
        const outcome came_to = test::run_coroutine(to->deliver(b.what));
        BOOST_REQUIRE(std::holds_alternative<blocked>(came_to));
        return std::get<blocked>(came_to).why;
    };
    BOOST_TEST(why(b.at("none")).find("there is no such program") != std::string::npos);
    test::write_file(b.at("plain"), "echo no first line\n");
    BOOST_TEST(why(b.at("plain")).find("may not be executed") != std::string::npos);
    fs::permissions(b.at("plain"), fs::perms::owner_all);
    BOOST_TEST(why(b.at("plain")).find("#!") != std::string::npos);
    test::write_file(b.at("lost"), "#!/nowhere/sh\n");
    fs::permissions(b.at("lost"), fs::perms::owner_all);
    BOOST_TEST(why(b.at("lost")).find("interpreter") != std::string::npos);
    b.settings.exec->working_directory = b.at("nowhere").string();
    BOOST_TEST(why("/bin/true").starts_with("working_directory "));
}

BOOST_AUTO_TEST_CASE(a_probe_runs_the_command_with_its_arguments_or_looks_at_it) {
    bench b;
    b.settings.exec->command = {"echo \"probe $1\"; cat; [ -z \"$SEEDHOOK_FILE\" ]"};
    b.settings.exec->probe = {"--check"};
    const outcome ran = test::run_coroutine(make_exec_sink(b.settings).value()->probe());
    BOOST_REQUIRE(std::holds_alternative<done>(ran));
    BOOST_TEST(std::get<done>(ran).where == "exit code 0\nprobe --check");
    b.settings.exec->probe.clear();
    const outcome looked = test::run_coroutine(make_exec_sink(b.settings).value()->probe());
    BOOST_TEST(std::get<done>(looked).where == "/bin/sh: is there; not run: no `probe`");
    b.settings.exec->shell = false;
    b.settings.exec->command = {b.at("none").string()};
    BOOST_TEST(std::holds_alternative<blocked>(test::run_coroutine(make_exec_sink(b.settings).value()->probe())));
}

BOOST_AUTO_TEST_CASE(a_user_that_is_not_there_and_texts_with_nul_are_refused) {
    bench b;
    b.settings.exec->command = {"true"};
    b.settings.exec->user = "no-such-user";
    const auto nobody = make_exec_sink(b.settings);
    BOOST_REQUIRE(!nobody);
    BOOST_TEST((nobody.error().code == errc::invalid));
    BOOST_TEST(nobody.error().message == "user: there is no user `no-such-user`");
    b.settings.exec->user = "4000000";
    BOOST_TEST(make_exec_sink(b.settings).error().message.find("`group`") != std::string::npos);
    b.settings.exec->user.clear();
    b.settings.exec->env["X"] = config::secret(std::string("a\0b", 3));
    BOOST_TEST(make_exec_sink(b.settings).error().message == "env.X: no variable can hold a NUL");
}

BOOST_AUTO_TEST_CASE(a_command_becomes_the_user_with_its_groups_when_we_may) {
    bench b;
    b.settings.exec->user = "nobody";
    const passwd* nobody = ::getpwnam("nobody");
    BOOST_REQUIRE(nobody != nullptr);
    if (::geteuid() != 0) {
        b.settings.exec->command = {"true"};
        b.settings.exec->user = "root";
        const auto refused = make_exec_sink(b.settings);
        BOOST_REQUIRE(!refused);
        BOOST_TEST((refused.error().code == errc::invalid));
        return;
    }
    const std::string id = std::to_string(nobody->pw_uid);
    const std::string group = std::to_string(nobody->pw_gid);
    const std::string all_four = "\t" + id + "\t" + id + "\t" + id + "\t" + id;
    BOOST_TEST(b.text_of("grep -E '^Uid|^Groups|^CapEff' /proc/self/status") ==
               "exit code 0\nUid:" + all_four + "\nGroups:\t" + group + " \nCapEff:\t0000000000000000");
    b.settings.exec->group = "0";
    BOOST_TEST(b.text_of("id -g; kill -9 $PPID").ends_with("Operation not permitted") == true);
    b.settings.exec->group = "";
    b.what.of.status = task_status::succeeded;
    b.what.video = b.at("video");
    test::write_file(*b.what.video, "content");
    fs::permissions(*b.what.video, fs::perms::owner_read);
    b.what.of.video.emplace();
    b.what.of.video->size = 7;
    const outcome unreadable = b.run("true");
    BOOST_REQUIRE(std::holds_alternative<blocked>(unreadable));
    BOOST_TEST(std::get<blocked>(unreadable).why.find("not for the hook's user to read") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
