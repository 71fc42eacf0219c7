// The table of knobs, and their JSON.
#include "sandbox/knobs.hpp"

#include "sandbox/call_log.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace seedhook::sandbox {
namespace {

namespace json = boost::json;

constexpr const char* tasks = "Tasks";
constexpr const char* pace = "Pace";
constexpr const char* limits = "API key";
constexpr const char* odd_tasks = "Misbehaviour of tasks and callbacks (shares from 0 to 1)";
constexpr const char* odd_answers = "Misbehaviour of API answers (shares from 0 to 1)";

const auto all_knobs = std::to_array<knob>({
    {"retry-callbacks", &options::retry_callbacks, tasks, "times to send again what was not answered 2xx (0)"},
    {"forget-calls", &options::forget_calls, tasks, "status calls of a forgotten task that are 404; 0: all (2)"},
    {"duration-ms", &options::settle_after, pace, "from submission to a terminal status (2000)"},
    {"spread", &options::spread, pace, "by which that differs from task to task (0.5)"},
    {"delay-ms", &options::delay_time, pace, "how late a delayed callback comes (5000)"},
    {"url-lifetime-ms", &options::url_lifetime, pace, "life of an expiring URL that a status gives (600000)"},
    {"no-url-ms", &options::no_url_time, pace, "how long a status has no URL either (2000)"},
    {"slow-ms", &options::slow_time, pace, "how late a slow answer is, or how long it drips (3000)"},
    {"rate-limit", &options::rate_limit, limits, "requests in each window before 429, for each key (no limit)"},
    {"rate-window-ms", &options::rate_window, limits, "length of the window (60000)"},
    {"retry-after-date", &options::retry_after_date, limits, "say Retry-After as a date, not in seconds"},
    {"credits", &options::credits, limits, "credits before 402 (no limit)"},
    {"unauthorized-after", &options::unauthorized_after, limits, "requests before each one is 401 (no limit)"},
    {"fail", &options::fail, odd_tasks, "tasks that fail"},
    {"cancelled", &options::cancelled, odd_tasks, "tasks that are cancelled upstream"},
    {"odd-status", &options::odd_status, odd_tasks, "tasks under way with a status that nobody knows"},
    {"odd-error", &options::odd_error, odd_tasks, "failed tasks whose error is null, text, a list or another object"},
    {"no-url", &options::no_url, odd_tasks, "tasks without URL in the callback, and for --no-url-ms in status"},
    {"forget", &options::forget, odd_tasks, "tasks whose first --forget-calls status calls are 404"},
    {"lose", &options::lose, odd_tasks, "callbacks that are never sent"},
    {"duplicate", &options::duplicate, odd_tasks, "callbacks sent twice"},
    {"delay", &options::delay, odd_tasks, "callbacks sent late, by --delay-ms"},
    {"expire-urls", &options::expire_urls, odd_tasks, "videos whose URLs expire (403), the callback's at once"},
    {"break-downloads", &options::break_downloads, odd_tasks, "videos whose first transfer breaks off halfway"},
    {"hang", &options::hang, odd_answers, "calls that are never answered"},
    {"server-errors", &options::server_errors, odd_answers, "calls that are 500 and do nothing"},
    {"garbage", &options::garbage, odd_answers, "calls answered with HTML, half a document or nothing, as 200 or 502"},
    {"cut", &options::cut, odd_answers, "answers that break off halfway"},
    {"slow", &options::slow, odd_answers, "answers that come late or drip"},
    {"faults-on", &options::faults_on, odd_answers, "only on submit, status, cancel, models (all)"},
});

error wrong(const knob& k, std::string_view must) {
    return error(errc::invalid, std::string(k.name) + " must be " + std::string(must));
}

// A whole number from 0 to `most`.
std::optional<std::int64_t> whole(const json::value& v, std::int64_t most) {
    const bool good = v.is_int64() && v.get_int64() >= 0 && v.get_int64() <= most;
    return good ? std::optional(v.get_int64()) : std::nullopt;
}

// One overload for each kind of knob.
struct turner {
    const knob& which;
    const json::value& to;
    options& o;

    result<void> operator()(double options::*place) const {
        boost::system::error_code failed;
        const auto share = to.to_number<double>(failed);
        if (failed || !(share >= 0.0 && share <= 1.0)) {
            return wrong(which, "a number from 0 to 1");
        }
        o.*place = share;
        return {};
    }
    result<void> operator()(duration options::*place) const {
        const auto value = whole(to, longest_time);
        if (!value) {
            return wrong(which, "milliseconds up to a day");
        }
        o.*place = duration(*value);
        return {};
    }
    result<void> operator()(unsigned options::*place) const {
        const auto value = whole(to, largest_count);
        if (!value) {
            return wrong(which, "a whole number up to a million");
        }
        o.*place = static_cast<unsigned>(*value);
        return {};
    }
    result<void> operator()(bool options::*place) const {
        if (!to.is_bool()) {
            return wrong(which, "true or false");
        }
        o.*place = to.get_bool();
        return {};
    }
    result<void> operator()(std::optional<std::uint64_t> options::*place) const {
        const auto value = whole(to, largest_count);
        if (!value && !to.is_null()) {
            return wrong(which, "a whole number up to a million, or null");
        }
        o.*place = value ? std::optional(static_cast<std::uint64_t>(*value)) : std::nullopt;
        return {};
    }
    result<void> operator()(std::vector<std::string> options::*place) const {
        std::vector<std::string> kinds;
        bool good = to.is_array();
        for (const json::value& one : good ? to.get_array() : json::array()) {
            good = good && one.is_string() && is_call_kind(one.get_string());
            kinds.emplace_back(good ? std::string_view(one.get_string()) : std::string_view());
        }
        if (!good) {
            return wrong(which, "a list of submit, status, cancel, models");
        }
        o.*place = std::move(kinds);
        return {};
    }
};

struct shower {
    const options& o;

    json::value operator()(double options::*place) const { return o.*place; }
    json::value operator()(duration options::*place) const { return (o.*place).count(); }
    json::value operator()(unsigned options::*place) const { return o.*place; }
    json::value operator()(bool options::*place) const { return o.*place; }
    json::value operator()(std::optional<std::uint64_t> options::*place) const {
        return o.*place ? json::value(*(o.*place)) : json::value(nullptr);
    }
    json::value operator()(std::vector<std::string> options::*place) const { return json::value_from(o.*place); }
};

} // namespace

std::span<const knob> knobs() noexcept { return all_knobs; }

result<void> check_together(const options& o) {
    if (o.fail + o.cancelled > 1.0) {
        return error(errc::invalid, "fail and cancelled are together more than all");
    }
    return {};
}

std::string knobs_document(const options& o) {
    json::object document;
    for (const knob& k : all_knobs) {
        document[k.name] = std::visit(shower{o}, k.place);
    }
    return json::serialize(document);
}

result<std::vector<std::string>> turn_knobs(options& o, std::string_view body) {
    boost::system::error_code failed;
    const json::value document = json::parse(body, failed);
    if (failed || !document.is_object()) {
        return error(errc::invalid, "the body must be a JSON object");
    }
    options turned = o;
    std::vector<std::string> names;
    for (const auto& [name, value] : document.get_object()) {
        const std::string_view wanted = name;
        const auto found =
            std::find_if(all_knobs.begin(), all_knobs.end(), [&](const knob& k) { return k.name == wanted; });
        if (found == all_knobs.end()) {
            return error(errc::invalid, "there is no " + std::string(wanted));
        }
        if (auto done = std::visit(turner{*found, value, turned}, found->place); !done) {
            return done.error();
        }
        names.emplace_back(wanted);
    }
    if (auto good = check_together(turned); !good) {
        return good.error();
    }
    o = std::move(turned);
    return names;
}

} // namespace seedhook::sandbox
