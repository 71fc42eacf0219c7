// The engines of the store, and a bench that runs one. An engine joins by a line in `engines`.
#pragma once

#include "commands.hpp"
#include "temp_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <tuple>
#include <vector>

namespace seedhook::test {

struct sqlite_engine {
    std::unique_ptr<database> open() { return open_sqlite({(folder.path() / "seedhook.db").string()}).value(); }
    temp_folder folder;
};

using engines = std::tuple<sqlite_engine>;

template <class Engine>
struct bench : Engine {
    bench() : db(this->open()), reader(db->make_reader()) {}

    // Runs one command in a transaction of its own.
    template <class Reply, class Command>
    Reply run(Command c) {
        const command commands[]{command(std::move(c))};
        auto replies = db->apply(commands).value();
        return std::get<Reply>(std::move(replies.at(0)));
    }
    settle_reply settled(settle_command c) { return run<settle_reply>(std::move(c)); }
    std::vector<claimed_job> claimed(claim_command c) { return run<claim_reply>(std::move(c)).jobs; }
    finish_reply finished(finish_command c) { return run<finish_reply>(std::move(c)); }

    task_detail detail(const std::string& id) {
        const auto found = reader->find("main", id).value();
        BOOST_REQUIRE_EQUAL(found.size(), 1U);
        return found.front();
    }
    std::vector<std::string> kinds_of_events(const std::string& id) {
        std::vector<std::string> kinds;
        for (const event& e : detail(id).events) {
            kinds.push_back(e.kind);
        }
        return kinds;
    }
    // Fetches the task's video, in the store's eyes.
    void fetch(time_point now) {
        auto jobs = claimed(claim(job_kind::fetch, "", 1, now));
        BOOST_REQUIRE_EQUAL(jobs.size(), 1U);
        finish_command c = finish(jobs[0].work, job_state::done, now, routes);
        c.video = some_video();
        BOOST_REQUIRE(finished(std::move(c)).accepted);
    }
    // Closes the database and opens it again, as a new process would.
    void restart() {
        reader.reset();
        db.reset();
        db = this->open();
        reader = db->make_reader();
    }

    std::unique_ptr<database> db;
    std::unique_ptr<database_reader> reader;
    std::shared_ptr<const routing> routes = routes_to({"library", "archive"});
};

} // namespace seedhook::test
