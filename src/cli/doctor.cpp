// `seedhook doctor`: does what the configuration names work.
#include "seedhook/daemon/doctor.hpp"
#include "cli/command.hpp"
#include "cli/table.hpp"
#include "seedhook/config/load.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace seedhook::cli {
namespace {

using verdict = finding::verdict;

struct doctor_options {
    std::string file;
    bool json = false;
};

std::string_view word(verdict v) { return v == verdict::well ? "ok" : v == verdict::warning ? "warn" : "fail"; }

auto count(const std::vector<finding>& all, verdict v) {
    return std::count_if(all.begin(), all.end(), [v](const finding& f) { return f.how == v; });
}

std::string doctor_text(const std::vector<finding>& all) {
    text_table t({});
    for (const finding& f : all) {
        t.add_row(
            {std::string(word(f.how)), f.name, f.says.substr(0, f.says.find('\n'))}); // a command's output follows
    }
    return t.to_string() + "\n" + std::to_string(count(all, verdict::failed)) + " failed, " +
           std::to_string(count(all, verdict::warning)) + " to know of, " + std::to_string(count(all, verdict::well)) +
           " well\n";
}

std::string doctor_json(const std::vector<finding>& all) {
    boost::json::array checks;
    for (const finding& f : all) {
        checks.push_back(boost::json::object{{"name", f.name}, {"result", word(f.how)}, {"message", f.says}});
    }
    boost::json::object out;
    out["ok"] = count(all, verdict::failed) == 0;
    out["checks"] = std::move(checks);
    return boost::json::serialize(out) + "\n";
}

std::vector<finding> mistakes_in(const config::loaded& l) {
    std::vector<finding> all;
    for (const config::mistake& m : l.mistakes) {
        all.push_back({verdict::failed, "configuration", m.to_string()});
    }
    return all;
}

int doctor(const doctor_options& o) {
    const config::loaded l = config::load_file(o.file, config::variables::of_this_process());
    if (!l.value) {
        std::cout << (o.json ? doctor_json(mistakes_in(l)) : "");
        return report(configuration_failure(l));
    }
    const std::vector<finding> all = examine(*l.value);
    std::cout << (o.json ? doctor_json(all) : doctor_text(all));
    return count(all, verdict::failed) == 0 ? exit_done : exit_failed;
}

} // namespace

command add_doctor(CLI::App& to) {
    auto o = std::make_shared<doctor_options>();
    CLI::App* app = to.add_subcommand("doctor", "Try what the configuration names: store, sinks, keys, certificates");
    add_config_option(*app, o->file);
    app->add_flag("--json", o->json, "print JSON");
    app->footer("Run it as the daemon's user, whether the daemon runs or not. It writes, syncs and removes a file in "
                "the spool\n"
                "and where directory sinks deliver, connects to sinks, asks each API about a task that does not exist, "
                "looks at\n"
                "certificates, and, where the daemon runs, sends each listener a signed callback that settles nothing. "
                "Whatever\n"
                "does not answer within ten seconds has failed. No secret is shown.");
    return {app, [o] { return doctor(*o); }};
}

} // namespace seedhook::cli
