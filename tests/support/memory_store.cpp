// See memory_store.hpp.
#include "memory_store.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace seedhook::test {
namespace {

error no_worker_side() { return {errc::unavailable, "the store in memory has no worker's side"}; }

} // namespace

task_detail* memory_store::lookup(const std::string& source, const std::string& request_id) {
    const auto at = std::find_if(all.begin(), all.end(), [&](const task_detail& d) {
        return d.of.source == source && d.of.request_id == request_id;
    });
    return at == all.end() ? nullptr : &*at;
}

task_detail& memory_store::put(task t) {
    t.id = static_cast<task_id>(all.size()) + 1;
    task_detail& added = all.emplace_back();
    added.of = std::move(t);
    return added;
}

void memory_store::note(task_detail& of, time_point at, std::string kind, std::string body) {
    event& e = of.events.emplace_back();
    e.id = ++last_event_;
    e.task = of.of.id;
    e.at = at;
    e.kind = std::move(kind);
    e.body = std::move(body);
}

void memory_store::add_jobs(task_detail& to, const std::vector<job_key>& keys, time_point now) {
    for (const job_key& key : keys) {
        job& j = to.jobs.emplace_back();
        j.key = key;
        j.due_at = now;
        j.updated_at = now;
    }
    to.of.stage = stage_of(to.of.status, to.jobs);
}

awaitable<result<settle_reply>> memory_store::settle(settle_command what) {
    settles.push_back(what);
    if (failure) {
        co_return *failure;
    }
    using kind = settle_reply::kind;
    task_detail* known = lookup(what.source, what.request_id);
    const bool fresh = known == nullptr;
    if (fresh) {
        task t;
        t.source = what.source;
        t.request_id = what.request_id;
        t.status = what.status;
        t.created_at = what.now;
        known = &put(std::move(t));
    }
    task& t = known->of;
    settle_reply reply;
    reply.task = t.id;
    if (what.status == task_status::expired && !t.settled_at) {
        t.status = what.status;
        t.settled_by = what.by;
        t.settled_at = what.now;
        t.failure = what.failure;
        note(*known, what.now, "expired", what.body);
    } else if (!is_terminal(what.status)) {
        reply.what = kind::tracked;
        if (!t.settled_at) {
            t.status = what.status;
        }
        if (fresh) {
            note(*known, what.now, "tracked", what.body);
        }
    } else if (t.settled_at) {
        const bool same = t.status == what.status && (what.video_url.empty() || what.video_url == t.video_url);
        reply.what = same ? kind::duplicate : kind::conflict;
        if (!same) {
            note(*known, what.now, "conflict", what.body);
        }
    } else {
        t.status = what.status;
        t.settled_by = what.by;
        t.settled_at = what.now;
        t.video_url = what.video_url;
        t.failure = what.failure;
        note(*known, what.now, "settled", what.body);
        add_jobs(*known, jobs_on_settle(t, *what.routes), what.now);
    }
    co_return reply;
}

awaitable<result<claim_reply>> memory_store::claim(claim_command) { co_return no_worker_side(); }
awaitable<result<finish_reply>> memory_store::finish(finish_command) { co_return no_worker_side(); }
awaitable<result<renew_reply>> memory_store::renew(renew_command) { co_return no_worker_side(); }
awaitable<result<release_reply>> memory_store::release(release_command) { co_return no_worker_side(); }

awaitable<result<pull_in_reply>> memory_store::pull_in(pull_in_command) { co_return no_worker_side(); }

awaitable<result<redeliver_reply>> memory_store::redeliver(redeliver_command what) {
    redelivers.push_back(what);
    if (failure) {
        co_return *failure;
    }
    using kind = redeliver_reply::kind;
    redeliver_reply reply;
    std::vector<task_detail*> found;
    for (task_detail& d : all) {
        if (d.of.request_id == what.request_id && (what.source.empty() || d.of.source == what.source)) {
            found.push_back(&d);
        }
    }
    if (found.size() != 1) {
        reply.what = found.empty() ? kind::unknown_task : kind::ambiguous;
        co_return reply;
    }
    task_detail& of = *found.front();
    reply.task = of.of.id;
    if (!of.of.settled_at) {
        reply.what = kind::not_settled;
        co_return reply;
    }
    std::vector<std::string> sinks = what.routes->sinks_for(of.of);
    std::erase_if(sinks, [&](const std::string& name) { return what.sink && name != *what.sink; });
    if (sinks.empty()) {
        reply.what = kind::unwanted;
        co_return reply;
    }
    std::vector<job_key> keys;
    for (std::string& sink : sinks) {
        std::erase_if(of.jobs, [&](const job& j) { return j.key.kind == job_kind::deliver && j.key.sink == sink; });
        keys.emplace_back(of.of.id, job_kind::deliver, std::move(sink));
    }
    if (of.of.status == task_status::succeeded && !what.video_at_hand) {
        std::erase_if(of.jobs, [](const job& j) { return j.key.kind == job_kind::fetch; });
        keys.assign(1, job_key(of.of.id, job_kind::fetch));
    }
    note(of, what.now, "redeliver", {});
    add_jobs(of, keys, what.now);
    co_return reply;
}

awaitable<result<prune_reply>> memory_store::prune(prune_command) { co_return no_worker_side(); }
awaitable<result<forget_reply>> memory_store::forget(forget_command) { co_return no_worker_side(); }

awaitable<result<hint_reply>> memory_store::hint(hint_command what) {
    hints.push_back(what);
    if (failure) {
        co_return *failure;
    }
    using kind = hint_reply::kind;
    task_detail* known = lookup(what.source, what.request_id);
    if (known == nullptr && what.most_unknown == 0) {
        co_return hint_reply{kind::refused, 0};
    }
    if (known == nullptr) {
        task t;
        t.source = what.source;
        t.request_id = what.request_id;
        t.created_at = what.now;
        t.unconfirmed = true;
        known = &put(std::move(t));
        note(*known, what.now, "tracked", {});
    }
    co_return hint_reply{known->of.settled_at ? kind::duplicate : kind::asking, known->of.id};
}

awaitable<result<track_reply>> memory_store::track(track_command what) {
    if (before_track) {
        before_track();
    }
    tracks.push_back(what);
    if (failure) {
        co_return *failure;
    }
    track_reply reply;
    for (const tracked_task& one : what.tasks) {
        const bool fresh = lookup(what.source, one.request_id) == nullptr;
        reply.fresh.push_back(fresh);
        if (!fresh) {
            continue;
        }
        task t;
        t.source = what.source;
        t.request_id = one.request_id;
        t.model = one.model;
        t.metadata = one.metadata;
        t.created_at = what.now;
        t.submitted_at = what.submitted_at;
        note(put(std::move(t)), what.now, "tracked", what.body);
    }
    std::erase_if(submissions, [&](const open_submission& s) { return what.intent && s.intent == *what.intent; });
    co_return reply;
}

awaitable<result<begin_submission_reply>> memory_store::begin_submission(begin_submission_command what) {
    if (failure) {
        co_return *failure;
    }
    open_submission& begun = submissions.emplace_back();
    begun.intent = ++last_intent_;
    begun.source = std::move(what.source);
    begun.what = std::move(what.what);
    begun.at = what.now;
    co_return begin_submission_reply{begun.intent};
}

awaitable<result<end_submission_reply>> memory_store::end_submission(end_submission_command what) {
    if (failure) {
        co_return *failure;
    }
    for (open_submission& s : submissions) {
        if (s.intent == what.intent) {
            s.lost = what.lost;
        }
    }
    std::erase_if(submissions, [&](const open_submission& s) { return s.intent == what.intent && s.lost.empty(); });
    co_return end_submission_reply{};
}

awaitable<result<note_reply>> memory_store::note(note_command what) {
    if (failure) {
        co_return *failure;
    }
    task_detail* known = lookup(what.source, what.request_id);
    if (known != nullptr) {
        note(*known, what.now, what.kind, {});
        known->events.back().detail = what.detail;
    }
    co_return note_reply{known != nullptr};
}

awaitable<result<url_reply>> memory_store::set_url(url_command what) {
    if (failure) {
        co_return *failure;
    }
    task_detail& of = all.at(static_cast<std::size_t>(what.task) - 1);
    const bool changed = std::exchange(of.of.video_url, what.url) != what.url;
    co_return url_reply{changed};
}

awaitable<result<remember_reply>> memory_store::remember(remember_command what) {
    if (failure) {
        co_return *failure;
    }
    memory[what.name] = std::move(what.value);
    co_return remember_reply{};
}

awaitable<result<std::string>> memory_store::remembered(std::string name) {
    if (failure) {
        co_return *failure;
    }
    co_return memory[name];
}

awaitable<result<std::vector<open_submission>>> memory_store::open_submissions() {
    if (failure) {
        co_return *failure;
    }
    co_return submissions;
}

awaitable<result<std::vector<task_detail>>> memory_store::find(std::string source, std::string request_id) {
    if (failure) {
        co_return *failure;
    }
    std::vector<task_detail> found;
    for (const task_detail& d : all) {
        if (d.of.request_id == request_id && (source.empty() || d.of.source == source)) {
            found.push_back(d);
        }
    }
    co_return found;
}

awaitable<result<task_page>> memory_store::list(task_query query) {
    if (failure) {
        co_return *failure;
    }
    task_page page;
    for (auto d = all.rbegin(); d != all.rend(); ++d) {
        const task& t = d->of;
        const bool wanted = (!query.stage || t.stage == *query.stage) && (!query.status || t.status == *query.status) &&
                            (query.source.empty() || t.source == query.source) &&
                            t.request_id.find(query.text) != std::string::npos &&
                            (!query.before || t.id < *query.before);
        if (!wanted) {
            continue;
        }
        if (page.tasks.size() == query.limit) {
            page.next = page.tasks.back().id;
            break;
        }
        page.tasks.push_back(t);
    }
    co_return page;
}

awaitable<result<store_counts>> memory_store::counts(time_point) {
    if (failure) {
        co_return *failure;
    }
    if (fixed_counts) {
        co_return *fixed_counts;
    }
    store_counts counted;
    for (const task_detail& d : all) {
        ++counted.tasks[d.of.stage];
    }
    co_return counted;
}

awaitable<result<std::vector<told_event>>> memory_store::events_after(event_id after, std::uint32_t limit) {
    if (failure) {
        co_return *failure;
    }
    std::vector<told_event> found;
    for (const task_detail& d : all) {
        for (const event& e : d.events) {
            if (e.id > after) {
                found.push_back({e, d.of.source, d.of.request_id});
                found.back().what.body.clear();
            }
        }
    }
    std::sort(found.begin(), found.end(),
              [](const told_event& a, const told_event& b) { return a.what.id < b.what.id; });
    found.resize(std::min<std::size_t>(found.size(), limit));
    co_return found;
}

awaitable<result<event_id>> memory_store::newest_event() {
    if (failure) {
        co_return *failure;
    }
    event_id newest = 0;
    for (const task_detail& d : all) {
        newest = d.events.empty() ? newest : std::max(newest, d.events.back().id);
    }
    co_return newest;
}

awaitable<result<std::vector<task_name>>> memory_store::tasks_with_files() {
    if (failure) {
        co_return *failure;
    }
    std::vector<task_name> names;
    for (const task_detail& d : all) {
        if (d.of.settled_at && d.of.stage != task_stage::done) {
            task_name& name = names.emplace_back();
            name.source = d.of.source;
            name.request_id = d.of.request_id;
        }
    }
    co_return names;
}

} // namespace seedhook::test
