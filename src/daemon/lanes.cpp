// Building the lanes of work.
#include "daemon/lanes.hpp"

#include "daemon/sinks.hpp"

#include "seedhook/deliver/deliver.hpp"
#include "seedhook/fetch/fetch.hpp"
#include "seedhook/http/client.hpp"
#include "seedhook/poll/poll.hpp"

#include <functional>
#include <utility>

namespace seedhook {
namespace {

// Of a video that has no room while others have; nobody tries while there is none for any.
constexpr duration until_room_is_sought_again = std::chrono::seconds(15);
constexpr std::uint32_t polls_at_a_time = 8; // of each source; the budget says how many a minute

awaitable<result<std::string>> no_api() { co_return error(errc::unavailable, "the source has no `api`"); }

// The fetch handler and the client it uses live and go together.
struct fetch_stack {
    std::unique_ptr<http::client> client;
    std::shared_ptr<handler> runs;
};

result<std::unique_ptr<http::client>> make_fetch_client(const config::settings& settings, const lane_context& with) {
    http::client_settings c;
    for (const std::string& text : settings.fetch.allow_cidrs) {
        auto block = http::cidr::parse(text);
        if (!block) {
            return within("fetch.allow_cidrs", block.error());
        }
        c.addresses.allowed.push_back(*block);
    }
    c.allow_hosts = settings.fetch.allow_hosts;
    c.max_redirects = 5;
    c.idle_timeout = settings.fetch.idle_timeout;
    c.total_timeout = settings.fetch.total_timeout;
    return with.outgoing.client(with.executor, std::move(c));
}

// Asks the API of the task's source.
std::function<awaitable<result<std::string>>(const task&)> fresh_urls_by(const lane_context& with) {
    return [upstream = with.upstream, &tasks = with.tasks](const task& of) -> awaitable<result<std::string>> {
        const auto source = upstream.find(of.source);
        return source == upstream.end() ? no_api() : ask_for_url(source->second, tasks, of, system_clock());
    };
}

result<std::shared_ptr<handler>> make_fetcher(const config::settings& settings, const lane_context& with) {
    auto client = make_fetch_client(settings, with);
    if (!client) {
        return client.error();
    }
    auto stack = std::make_shared<fetch_stack>();
    stack->client = std::move(*client);
    fetch_context context{*stack->client, with.videos, with.disk, with.counts, fresh_urls_by(with)};
    stack->runs = make_fetch_handler(settings.fetch, std::move(context));
    handler* runs = stack->runs.get();
    return std::shared_ptr<handler>(std::move(stack), runs);
}

retry_policy policy_of(const config::retry& r) {
    retry_policy policy;
    policy.max_attempts = r.max_attempts;
    policy.min_delay = r.min_delay;
    policy.max_delay = r.max_delay;
    return policy;
}

} // namespace

result<work_plan> plan_work(const config::settings& settings, const lane_context& with) {
    work_plan plan;
    auto fetcher = make_fetcher(settings, with);
    if (!fetcher) {
        return fetcher.error();
    }
    retry_policy fetching;
    fetching.blocked_delay = until_room_is_sought_again;
    plan.lanes.push_back(
        {job_kind::fetch, "", std::move(*fetcher), settings.fetch.concurrency, fetching, with.fetching_waits});
    std::vector<route> routes;
    for (const config::source& s : settings.sources) {
        plan.sources.emplace(s.name, s.api.has_value());
    }
    for (const config::sink& s : settings.sinks) {
        auto made = make_sink(s, {with.executor, with.outgoing, settings.spool.path});
        if (!made) {
            return within("sink " + s.name, made.error());
        }
        plan.destinations.push_back(*made);
        plan.lanes.push_back({job_kind::deliver, s.name,
                              make_delivery_handler(std::move(*made), with.videos, with.looks), s.concurrency,
                              policy_of(s.retries)});
        routes.push_back(s.routes);
        plan.sinks.insert(s.name);
    }
    plan.routes = std::make_shared<const routing>(std::move(routes));
    for (const auto& [source, upstream] : with.upstream) {
        poll_context context{upstream, with.plans, with.tasks, with.counts, system_clock(), plan.routes};
        auto polls = make_poll_handler({settings.poll.give_up_after, settings.poll.max_interval}, std::move(context));
        plan.lanes.push_back({job_kind::poll, source, std::move(polls), polls_at_a_time, {}});
    }
    return plan;
}

} // namespace seedhook
