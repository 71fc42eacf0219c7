#include "filling.hpp"

#include "callbacks.hpp"
#include "store/sqlite/connection.hpp"

#include "seedhook/crypto/hash.hpp"
#include "seedhook/store/database.hpp"

#include <algorithm>
#include <functional>
#include <random>
#include <stdexcept>
#include <utility>

namespace seedhook::bench {
namespace {

constexpr std::size_t commands_a_commit = 10'000;
constexpr std::size_t ids_by_pruning = 1000;

template <class T>
T checked(result<T> got) {
    if (!got) {
        throw std::runtime_error(got.error().message);
    }
    if constexpr (!std::is_void_v<T>) {
        return std::move(*got);
    }
}

time_point now() { return std::chrono::floor<duration>(std::chrono::system_clock::now()); }

std::unique_ptr<database> open(const std::string& path) { return checked(open_sqlite({path})); }

std::vector<reply> run(database& store, std::vector<command> commands) {
    auto replies = checked(store.apply(commands));
    checked(store.maintain());
    return replies;
}

void run_all(const std::string& path, std::size_t count, const std::function<command(std::size_t)>& make) {
    const auto store = open(path);
    for (std::size_t done = 0; done < count;) {
        std::vector<command> batch;
        for (; done < count && batch.size() < commands_a_commit; ++done) {
            batch.push_back(make(done));
        }
        run(*store, std::move(batch));
    }
}

command settled(std::size_t number, time_point at) {
    settle_command what;
    what.source = source_name;
    what.request_id = scattered_id(request_prefix, number);
    what.status = task_status::failed;
    what.by = "callback";
    what.failure = task_failure{"content_policy_violation", "The prompt was refused"};
    what.body = R"({"success":true,"requestId":")" + what.request_id +
                R"(","status":"failed","output":null,"error":{"code":"content_policy_violation"}})";
    what.now = at;
    what.routes = std::make_shared<const routing>();
    return what;
}

void prune(database& store, time_point settled_before) {
    for (std::optional<task_id> next = 0; next;) {
        prune_command what;
        what.after = *next;
        what.settled_before = settled_before;
        what.now = now();
        next = std::get<prune_reply>(run(store, {std::move(what)}).front()).next;
    }
}

// As `remembered_ids` names them; `expect_known` would notice if not.
sqlite::blob name_of(std::size_t number) {
    const auto digest = crypto::sha256_of(std::string(source_name) + "/" + scattered_id(request_prefix, number));
    return sqlite::blob(std::string(reinterpret_cast<const char*>(digest.data()), 16));
}

void insert_ids(const std::string& path, std::size_t first, std::size_t end) {
    sqlite::connection db(path, sqlite::connection::access::read_write);
    db.run("PRAGMA journal_mode = OFF");
    db.script("PRAGMA synchronous = OFF");
    db.script("PRAGMA cache_size = -1000000"); // all of it
    const std::int64_t day = std::chrono::floor<std::chrono::days>(now()).time_since_epoch().count();
    db.script("BEGIN");
    for (std::size_t i = first; i < end; ++i) {
        db.run("INSERT INTO ids (name, day) VALUES (?, ?)", name_of(i), day);
    }
    db.script("COMMIT");
}

void expect_known(database& store, std::size_t number) {
    const auto replies = run(store, {settled(number, now())});
    const auto& said = std::get<settle_reply>(replies.front());
    if (said.what != settle_reply::kind::duplicate || said.task != 0) {
        throw std::runtime_error("id " + std::to_string(number) + " is not remembered");
    }
}

} // namespace

void fill_waiting(const std::string& path, std::size_t count, std::chrono::seconds due_from,
                  std::chrono::seconds due_until) {
    std::mt19937_64 random(1);
    std::uniform_int_distribution<std::int64_t> due(duration(due_from).count(), duration(due_until).count());
    run_all(path, count, [&](std::size_t number) -> command {
        tracked_task one;
        one.request_id = scattered_id(request_prefix, number);
        one.model = "seedance-2.0";
        track_command what;
        what.source = source_name;
        what.body = R"({"success":true,"requestId":")" + one.request_id + R"(","status":"queued","creditsCharged":40})";
        what.tasks.push_back(std::move(one));
        what.by = "gateway";
        what.now = now();
        what.submitted_at = what.now;
        what.ask_at = what.now + duration(due(random));
        what.routes = std::make_shared<const routing>();
        return what;
    });
}

void fill_settled(const std::string& path, std::size_t first, std::size_t count, std::chrono::seconds ago) {
    run_all(path, count, [&](std::size_t number) { return settled(first + number, now() - ago); });
}

void fill_ids(const std::string& path, std::size_t count) {
    const std::size_t pruned = std::min(count, ids_by_pruning);
    // The newest task is never pruned: it is one more, which is no number of ours.
    fill_settled(path, 0, pruned, std::chrono::hours(1));
    {
        const auto store = open(path);
        run(*store, {settled(count, now())});
        prune(*store, now());
    }
    insert_ids(path, pruned, count);
    const auto store = open(path);
    expect_known(*store, 0);
    expect_known(*store, count - 1);
}

} // namespace seedhook::bench
