// See task_wait.hpp.
#include "cli/task_wait.hpp"

#include "cli/json_text.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

namespace seedhook::cli {
namespace {

constexpr duration pause_when_busy = std::chrono::seconds(1);

} // namespace

bool at_rest(const boost::json::object& task) {
    const std::string stage = cell(task, "stage");
    return stage == "done" || stage == "stuck";
}

attempt<control_answer> task_after(const daemon_address& daemon, const task_wait& wanted) {
    const auto end = std::chrono::steady_clock::now() + wanted.limit;
    for (;;) {
        const auto left = std::chrono::ceil<duration>(end - std::chrono::steady_clock::now());
        control_request r;
        r.path = "/v1/tasks/" + percent_encode(wanted.id);
        r.patience = std::clamp(left, duration::zero(), wanted.look_every);
        r.query = {{"source", wanted.source}, {"wait", r.patience > duration::zero() ? to_string(r.patience) : ""}};
        auto got = ask(daemon, r);
        if (got && got->good() && wanted.look) {
            wanted.look(got->json);
        }
        const bool busy = got && got->status == 503;
        const bool may_change =
            busy || (got && ((got->good() && !at_rest(got->json)) || (got->status == 404 && !wanted.must_exist)));
        if (!may_change || std::chrono::steady_clock::now() >= end) {
            return got;
        }
        if (busy) {
            std::this_thread::sleep_for(pause_when_busy);
        }
    }
}

} // namespace seedhook::cli
