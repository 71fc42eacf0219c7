// The environment of a hook, and the meaning of its end.
#include "sinks/exec/words.hpp"

#include "sinks/exec/output.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace seedhook::exec {
namespace {

constexpr const char* usual_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr std::size_t longest_value = std::size_t{32} * 1024; // Linux takes 128 KiB each, and a few MiB in all
constexpr std::size_t output_of_success = std::size_t{4} * 1024;

class environment {
public:
    explicit environment(const config::exec_sink& settings) {
        std::map<std::string, std::string> all{{"PATH", usual_path}, {"LANG", "C.UTF-8"}};
        for (const auto& [name, value] : settings.env) {
            all[name] = value.reveal();
        }
        for (const auto& [name, value] : all) {
            all_.push_back(name + "=" + value);
        }
    }

    void put(const std::string& name, std::string value) {
        std::erase(value, '\0');
        all_.push_back("SEEDHOOK_" + name + "=" + (value.size() > longest_value ? std::string() : value));
    }

    std::vector<std::string> take() { return std::move(all_); }

private:
    std::vector<std::string> all_;
};

std::string message(std::int32_t number) { return std::generic_category().message(number); }

// A shortage that passes, rather than a mistake that somebody must mend.
bool passes(std::int32_t number) {
    constexpr int passing[] = {EAGAIN, ENOMEM, EMFILE, ENFILE, EIO, EINTR, ETXTBSY, ESTALE, ETIMEDOUT, ENOBUFS};
    return std::find(std::begin(passing), std::end(passing), number) != std::end(passing);
}

std::string why_no_program(const std::string& program, std::int32_t number) {
    switch (number) {
    case ENOENT:
        return program + ": there is no such program, or its first line names an interpreter that is not there";
    case ENOEXEC:
        return program + ": no program: a script needs `#!` and an interpreter in its first line";
    case EACCES:
        return program + ": may not be executed: " + message(number);
    default:
        return program + ": cannot be executed: " + message(number);
    }
}

outcome not_started(const report& said, const config::exec_sink& settings, const std::string& video) {
    using stage = report::stage;
    std::string why;
    switch (said.failed) {
    case stage::video:
        return again(said.number == 0 ? "the video in the spool has changed" : video + ": " + message(said.number));
    case stage::start:
        why = said.number == ENOSYS ? "/proc does not tell of child processes, which is needed to end a hook"
                                    : "the command could not be started: " + message(said.number);
        break;
    case stage::account:
        why = "cannot become user `" + settings.user + "`, group `" + settings.group + "`: " + message(said.number);
        break;
    case stage::permission:
        why = video + ": not for the hook's user to read: " + message(said.number);
        break;
    case stage::folder:
        why = "working_directory " + settings.working_directory + ": " + message(said.number);
        break;
    case stage::program:
        why = why_no_program(settings.shell ? "/bin/sh" : settings.command.front(), said.number);
        break;
    }
    return passes(said.number) ? outcome(again(std::move(why))) : outcome(blocked(std::move(why)));
}

std::string how_it_ended(const report& said) {
    return (said.what == report::kind::exited ? "exit code " : "killed by signal ") + std::to_string(said.number);
}

std::string with_output(std::string sentence, const hook_end& end, std::size_t most) {
    if (end.said->left_running != 0) {
        sentence += "; something that it started could not be ended";
    }
    const std::string output = shown_output(end.output, end.said->output_is_tail != 0, most);
    return output.empty() ? sentence : sentence + "\n" + output;
}

} // namespace

std::vector<std::string> argv_of(const config::exec_sink& settings, const std::vector<std::string>& arguments) {
    std::vector<std::string> all = settings.command;
    if (settings.shell) {
        all = {"/bin/sh", "-c", settings.command.front(), "sh"};
    }
    all.insert(all.end(), arguments.begin(), arguments.end());
    return all;
}

std::vector<std::string> environment_of(const config::exec_sink& settings, const delivery& what) {
    const task& of = what.of;
    environment all(settings);
    all.put("REQUEST_ID", of.request_id);
    all.put("SOURCE", of.source);
    all.put("STATUS", std::string(to_string(of.status)));
    all.put("FILE", what.video ? what.video->string() : "");
    all.put("SIZE", what.video && of.video ? std::to_string(of.video->size) : "");
    all.put("SHA256", what.video && of.video ? of.video->sha256 : "");
    all.put("URL", of.video_url);
    all.put("ERROR_CODE", of.failure ? of.failure->code : "");
    all.put("ERROR_MESSAGE", of.failure ? of.failure->message : "");
    all.put("ATTEMPT", std::to_string(what.attempt));
    all.put("DELIVERY_ID", what.id);
    all.put("SINK", what.sink);
    return all.take();
}

std::vector<std::string> environment_of(const config::exec_sink& settings, const std::string& sink) {
    environment all(settings);
    for (const char* name : {"REQUEST_ID", "SOURCE", "STATUS", "FILE", "SIZE", "SHA256", "URL", "ERROR_CODE",
                             "ERROR_MESSAGE", "ATTEMPT", "DELIVERY_ID"}) {
        all.put(name, "");
    }
    all.put("SINK", sink);
    return all.take();
}

outcome outcome_of(const hook_end& end, const config::exec_sink& settings, const std::string& video) {
    if (!end.said) {
        if (end.asked == end_reason::interrupted) {
            return interrupted();
        }
        if (end.start_errno == ENOENT) {
            return blocked("/proc/self/exe: " + message(ENOENT) + ": /proc is needed to start a hook");
        }
        return again(end.start_errno != 0 ? "the command could not be started: " + message(end.start_errno)
                                          : "the process that watches over the command was killed");
    }
    const report& said = *end.said;
    if (said.asked_to_end != 0 && end.asked == end_reason::interrupted) {
        return interrupted(); // whatever its last word: a shell's trap may well end with 0
    }
    if (said.what == report::kind::not_started) {
        return not_started(said, settings, video);
    }
    if (said.asked_to_end != 0) {
        return again(with_output("timed out after " + to_string(settings.timeout) + ", then " + how_it_ended(said), end,
                                 most_output));
    }
    if (said.what == report::kind::exited && said.number == 0) {
        return done(with_output(how_it_ended(said), end, output_of_success));
    }
    std::string why = with_output(how_it_ended(said), end, most_output);
    const auto& rejecting = settings.reject_codes;
    const bool rejects = said.what == report::kind::exited &&
                         std::find(rejecting.begin(), rejecting.end(), said.number) != rejecting.end();
    return rejects ? outcome(rejected(std::move(why))) : outcome(again(std::move(why)));
}

} // namespace seedhook::exec
