// A control API over a store in memory, a clock that stands still, and a feed that says what happened at each wait.
#pragma once

#include "memory_store.hpp"
#include "run_coroutine.hpp"

#include "seedhook/control/control.hpp"
#include "seedhook/log/log.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace seedhook::test {

class still_clock final : public seedhook::clock {
public:
    time_point now() const noexcept override { return at; }
    time_point at{std::chrono::sys_days{std::chrono::year{2026} / 11 / 22} + std::chrono::hours(10)};
};

// Each wait runs the next of `steps`, which counts as a commit, or passes its whole limit when there is none left.
class scripted_feed final : public change_feed {
public:
    std::uint64_t version() const noexcept override { return commits; }
    bool closed() const noexcept override { return ended; }
    awaitable<> next_change(std::uint64_t, duration limit) override {
        limits.push_back(limit);
        if (next_ < steps.size()) {
            ++commits;
            steps[next_++]();
        } else {
            passed += limit;
        }
        co_return;
    }

    std::chrono::steady_clock::time_point now() const noexcept override { return passed; }

    std::vector<std::function<void()>> steps;
    std::vector<duration> limits;
    std::chrono::steady_clock::time_point passed{std::chrono::hours(1)};
    std::uint64_t commits = 0;
    bool ended = false;

private:
    std::size_t next_ = 0;
};

// Notes what it is asked, and gives the same answer to everything.
class scripted_desk final : public front_desk {
public:
    awaitable<upstream_answer> submit(std::string source, std::string document, std::string by) override {
        calls.push_back("submit " + source + " " + document + " by " + by);
        co_return answer;
    }
    awaitable<upstream_answer> cancel(std::string source, std::string request_id) override {
        calls.push_back("cancel " + source + " " + request_id);
        co_return answer;
    }
    awaitable<upstream_answer> models(std::string source) override {
        calls.push_back("models " + source);
        co_return answer;
    }
    std::size_t in_hand() const noexcept override { return 0; }

    std::vector<std::string> calls;
    upstream_answer answer{200, "application/json", {}, "{}", {}};
};

struct control_setup {
    control_setup() {
        log::configure(log::level::error, log::format::text);
        route library;
        library.sink = "library";
        route failures;
        failures.sink = "alarm";
        failures.on = {task_status::failed};
        routes = std::make_shared<const routing>(std::vector<route>{library, failures});
        control_context with{store, *counts, time, feed, desk, disk};
        with.ready = [this] { return state; };
        with.at_hand = [this](const video_file& v) { return at_hand(v); };
        with.fetched_bytes = [this](const task&) { return fetched_bytes(); };
        with.routes = [this] { return routes; };
        with.sources = [this] { return sources; };
        with.ask_at = [](const std::string& source, const std::string& model, time_point now) {
            return now + std::chrono::seconds(source.size() * 100 + model.size());
        };
        with.refresh_gauges = [this] { counts->set_spool_bytes(77); };
        with.delivery_id = [](const task& t, std::string_view sink) {
            return "dlv_" + t.request_id + std::string(sink);
        };
        with.access = [this] { return access; };
        with.video_places = [this](const task_detail&) { return places; };
        with.sinks = [this] { return news; };
        with.rates = [this] { return rates; };
        with.version = "0.0.0";
        add_control_endpoints(router, std::move(with));
    }

    awaitable<bool> at_hand(video_file v) { co_return v.name == in_spool; }
    awaitable<std::optional<std::uint64_t>> fetched_bytes() { co_return fetched; }

    http::response send(std::string_view method, std::string_view target, std::string_view body = {}) {
        http::request r;
        r.method = method;
        r.target = target;
        r.path = target.substr(0, target.find('?'));
        r.query = r.path.size() < target.size() ? target.substr(r.path.size() + 1) : std::string_view();
        r.body = body;
        r.peer = "unix";
        auto match = router.match(method, r.path);
        BOOST_REQUIRE_MESSAGE(match.found != nullptr, method << ' ' << target);
        r.captures = match.captures;
        return run_coroutine(match.found->handle(r));
    }
    http::response get(std::string_view target) { return send("GET", target); }
    boost::json::object get_json(std::string_view target, unsigned status = 200) {
        const auto answer = get(target);
        BOOST_TEST(answer.status == status, target << ": " << answer.status << ' ' << answer.body);
        BOOST_TEST(answer.content_type == "application/json");
        return boost::json::parse(answer.body).as_object();
    }

    task_detail& add_task(std::string request_id, std::string source = "main") {
        task t;
        t.request_id = std::move(request_id);
        t.source = std::move(source);
        t.created_at = time.at;
        return store.put(std::move(t));
    }
    task_detail& add_settled(std::string request_id, task_status status = task_status::succeeded) {
        task_detail& added = add_task(std::move(request_id));
        added.of.status = status;
        added.of.stage = task_stage::done;
        added.of.settled_by = "callback";
        added.of.settled_at = time.at;
        return added;
    }

    memory_store store;
    std::unique_ptr<metrics> counts = make_metrics("0");
    still_clock time;
    scripted_feed feed;
    scripted_desk desk;
    std::vector<std::string> sources{"main"};
    readiness state;
    blocking_pool disk{1};
    std::shared_ptr<const config::control> access = std::make_shared<const config::control>();
    std::vector<video_place> places;
    std::vector<sink_news> news;
    recent_rates rates;
    std::string in_spool;
    std::optional<std::uint64_t> fetched;
    std::shared_ptr<const routing> routes;
    http::router router;
};

inline void check_error(const http::response& answer, unsigned status, std::string_view code) {
    BOOST_TEST(answer.status == status, answer.body);
    const auto parsed = boost::json::parse(answer.body).as_object();
    BOOST_TEST(parsed.at("success") == false);
    BOOST_TEST(parsed.at("error").at("code").as_string() == code);
    BOOST_TEST(!parsed.at("error").at("message").as_string().empty());
}

} // namespace seedhook::test
