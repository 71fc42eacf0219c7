// The event stream (HTML, 9.2: server-sent events): whoever listens is fed from the store, from any event on, so that a
// slow reader costs no memory and a restart of ours no event.
#include "control/endpoints.hpp"
#include "control/json.hpp"
#include "control/query.hpp"

#include "seedhook/async/time_limit.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace seedhook::control {
namespace {

constexpr std::uint32_t at_once = 100;                   // events of one look
constexpr duration heartbeat = std::chrono::seconds(15); // a listener that is gone is noticed when something is sent
constexpr duration between_looks(50);                    // however often something is committed
constexpr duration until_the_store_answers = std::chrono::seconds(1);
constexpr long most_streams = 64;
constexpr std::string_view greeting = "retry: 2000\n";

const places& stream_places() {
    static const places all(most_streams);
    return all;
}

struct event_filter {
    std::string source; // empty: any
    std::string request_id;

    bool wants(const told_event& e) const {
        return (source.empty() || e.source == source) && (request_id.empty() || e.request_id == request_id);
    }
};

class event_stream final : public http::body_source {
public:
    event_stream(shared_context with, event_filter filter, event_id after, std::shared_ptr<const int> place)
        : with_(std::move(with)), filter_(std::move(filter)), after_(after), place_(std::move(place)) {
        text_ = greeting;
        say_where_we_are();
    }

    awaitable<result<std::size_t>> read(std::span<char> into) override {
        bool goes_on = true;
        while (goes_on && sent_ == text_.size()) {
            text_.clear();
            sent_ = 0;
            goes_on = co_await look();
        }
        const std::size_t size = std::min(into.size(), text_.size() - sent_);
        std::copy_n(text_.data() + sent_, size, into.data());
        sent_ += size;
        co_return size;
    }

private:
    // Adds to `text_` what has happened, or waits for something to happen. False: the stream ends.
    awaitable<bool> look() {
        const std::uint64_t version = with_->changes.version();
        const bool asked_to_stop = co_await cancelled();
        if (asked_to_stop || with_->changes.closed()) {
            co_return false;
        }
        const auto found = co_await with_->tasks.events_after(after_, at_once);
        if (!found) { // it is being mended
            co_await with_->changes.next_change(version, until_the_store_answers);
            beat();
            co_return true;
        }
        for (const told_event& e : *found) {
            after_ = e.what.id;
            if (filter_.wants(e)) {
                text_ += "id: " + std::to_string(e.what.id) + "\ndata: " + event_json(e) + "\n\n";
                told_ = after_;
            }
        }
        if (found->empty()) {
            co_await with_->changes.next_change(version, heartbeat);
            if (with_->changes.version() == version) {
                beat();
            } else {
                co_await sleep_for(between_looks); // what is committed meanwhile comes along
            }
        }
        co_return true;
    }

    // A comment keeps the connection alive; an id without data moves on what the listener will resume after.
    void beat() {
        text_ += ":\n";
        if (told_ != after_) {
            say_where_we_are();
        } else {
            text_ += '\n';
        }
    }

    void say_where_we_are() {
        text_ += "id: " + std::to_string(after_) + "\n\n";
        told_ = after_;
    }

    shared_context with_;
    event_filter filter_;
    event_id after_;
    event_id told_ = 0; // the last id that the listener has seen
    std::string text_;
    std::size_t sent_ = 0;
    std::shared_ptr<const int> place_;
};

// Where the listener wants to begin; none: now. A browser that comes back says so in a field, whatever its URL says.
result<std::optional<event_id>> beginning(const http::request& asked) {
    auto named = asked.find("Last-Event-ID").has_value() ? std::optional(std::string(*asked.find("Last-Event-ID")))
                                                         : http::query_value(asked.query, "after");
    if (!named || named->empty()) {
        return std::optional<event_id>();
    }
    const auto id = whole_number(*named, 0, std::numeric_limits<event_id>::max());
    return id ? result<std::optional<event_id>>(id) : error(errc::invalid, "after, Last-Event-ID: an event's id, or 0");
}

} // namespace

awaitable<http::response> events(shared_context with, const http::request& asked) {
    if (auto sound = check_query(asked.query, {"after", "source", "requestId"}); !sound) {
        co_return bad_request(sound.error().message);
    }
    const auto wanted = beginning(asked);
    if (!wanted) {
        co_return bad_request(wanted.error().message);
    }
    auto place = stream_places().take();
    if (!place) {
        co_return overcrowded("as many listen to events as may");
    }
    const auto newest = co_await with->tasks.newest_event();
    if (!newest) {
        co_return store_failure(newest.error());
    }
    event_filter filter;
    filter.source = http::query_value(asked.query, "source").value_or("");
    filter.request_id = http::query_value(asked.query, "requestId").value_or("");
    // An id that is still to come is of a store that is gone, such as one from before a backup came back.
    const event_id after = std::min(wanted->value_or(*newest), *newest);
    http::response answer(200, "text/event-stream", {});
    answer.stream = std::make_unique<event_stream>(with, std::move(filter), after, std::move(place));
    co_return answer;
}

} // namespace seedhook::control
