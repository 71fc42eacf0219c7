// Names of job kinds and states; the stage of a task from its jobs.
#include "seedhook/model/job.hpp"

namespace seedhook {

std::string_view to_string(job_kind kind) noexcept {
    switch (kind) {
    case job_kind::poll:
        return "poll";
    case job_kind::fetch:
        return "fetch";
    case job_kind::deliver:
        return "deliver";
    }
    return "unknown";
}

std::string_view to_string(job_state state) noexcept {
    switch (state) {
    case job_state::pending:
        return "pending";
    case job_state::blocked:
        return "blocked";
    case job_state::done:
        return "done";
    case job_state::rejected:
        return "rejected";
    }
    return "unknown";
}

task_stage stage_of(task_status status, const std::vector<job>& jobs) noexcept {
    if (!is_terminal(status) && status != task_status::expired) {
        return task_stage::waiting;
    }
    bool fetching = false;
    bool delivering = false;
    for (const job& j : jobs) {
        if (j.state == job_state::rejected) {
            return task_stage::stuck;
        }
        fetching = fetching || (is_active(j.state) && j.key.kind == job_kind::fetch);
        delivering = delivering || (is_active(j.state) && j.key.kind == job_kind::deliver);
    }
    if (fetching) {
        return task_stage::fetching;
    }
    return delivering ? task_stage::delivering : task_stage::done;
}

} // namespace seedhook
