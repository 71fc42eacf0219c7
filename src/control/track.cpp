// Tracking tasks that were submitted elsewhere, thousands at once.
#include "control/document.hpp"
#include "control/endpoints.hpp"

#include "seedhook/log/log.hpp"
#include "seedhook/log/seldom.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <utility>

namespace seedhook::control {
namespace {

namespace json = boost::json;

constexpr std::size_t most_ids = 50'000;
constexpr std::size_t slice = 500; // in one commit, for which callbacks wait
constexpr std::size_t longest_model = 128;
constexpr std::size_t largest_metadata = 16 * 1024;

struct track_request {
    std::optional<std::string> source;
    std::vector<std::string> ids;
    std::string model;
    std::string metadata = "{}";
};

struct tally {
    std::size_t tracked = 0;
    std::size_t known = 0;
};

error invalid(std::string why) { return {errc::invalid, std::move(why)}; }

result<std::string> text_of(const member& m, const json::value& value) {
    const json::string* text = value.if_string();
    return text ? result<std::string>(std::string(*text)) : invalid(m.key + ": a string");
}

// `where`: how the caller finds it in what was sent.
result<std::string> id_of(const json::value& value, const std::string& where) {
    const json::string* text = value.if_string();
    if (!text || !valid_request_id(*text)) {
        return invalid(where +
                       ": a requestId has 1 to 128 characters of A-Z a-z 0-9 . _ ~ : - and does not begin with . or -");
    }
    return std::string(*text);
}

result<std::vector<std::string>> ids_of(const json::value& value) {
    const json::array* listed = value.if_array();
    if (!listed || listed->empty() || listed->size() > most_ids) {
        return invalid("requestIds: a list of 1 to " + std::to_string(most_ids));
    }
    std::vector<std::string> ids;
    ids.reserve(listed->size());
    for (const json::value& one : *listed) {
        auto id = id_of(one, "requestIds[" + std::to_string(ids.size()) + "]");
        if (!id) {
            return id.error();
        }
        ids.push_back(std::move(*id));
    }
    return ids;
}

result<std::vector<std::string>> all_ids(const json::object& in) {
    const json::value* one = in.if_contains("requestId");
    const json::value* several = in.if_contains("requestIds");
    if ((one != nullptr) == (several != nullptr)) {
        return invalid("either `requestId` or `requestIds` is needed");
    }
    if (several) {
        return ids_of(*several);
    }
    auto id = id_of(*one, "requestId");
    if (!id) {
        return id.error();
    }
    return std::vector<std::string>{std::move(*id)};
}

result<void> take(track_request& into, const member& m, const json::value& value) {
    if (m.key == "metadata") {
        if (!value.is_object() || m.value.size() > largest_metadata) {
            return invalid("metadata: an object of at most 16 KiB");
        }
        into.metadata = m.value;
        return {};
    }
    if (m.key != "source" && m.key != "model") {
        return m.key == "requestId" || m.key == "requestIds"
                   ? result<void>()
                   : invalid("the body may hold source, requestId, requestIds, model and metadata, and nothing else");
    }
    auto text = text_of(m, value);
    if (!text) {
        return text.error();
    }
    if (m.key == "source") {
        into.source = std::move(*text);
    } else if (text->size() > longest_model) {
        return invalid("model: at most 128 characters");
    } else {
        into.model = std::move(*text);
    }
    return {};
}

result<track_request> read_request(std::string_view body) {
    const auto doc = read_document(body);
    if (!doc) {
        return doc.error();
    }
    track_request r;
    for (const member& m : doc->members) {
        if (auto taken = take(r, m, doc->values.at(m.key)); !taken) {
            return taken.error();
        }
    }
    auto ids = all_ids(doc->values);
    if (!ids) {
        return ids.error();
    }
    r.ids = std::move(*ids);
    return r;
}

track_command slice_of(const track_request& r, std::size_t begin, const std::string& source,
                       const control_context& with) {
    track_command command;
    command.source = source;
    command.by = "track";
    command.now = with.time.now();
    command.ask_at = with.ask_at(source, r.model, command.now);
    command.routes = with.routes();
    const std::size_t end = std::min(begin + slice, r.ids.size());
    for (std::size_t i = begin; i < end; ++i) {
        tracked_task& one = command.tasks.emplace_back();
        one.request_id = r.ids[i];
        one.model = r.model;
        one.metadata = r.metadata;
    }
    return command;
}

http::response success(const track_request& r, const std::string& source, const tally& done) {
    json::object out;
    out["success"] = true;
    out["source"] = source;
    out["tracked"] = done.tracked;
    out["known"] = done.known;
    if (r.ids.size() == 1) {
        out["requestId"] = r.ids.front();
        out["result"] = done.tracked == 1 ? "tracked" : "known";
    }
    return http::json_response(200, json::serialize(out));
}

http::response broken_off(const track_request& r, const tally& done) {
    auto answer = http::error_response(
        503, "unavailable",
        "the store cannot take more now: the first " + std::to_string(done.tracked + done.known) + " of " +
            std::to_string(r.ids.size()) + " are tracked; send the rest again, or all of them, which does no harm");
    answer.fields.emplace_back("Retry-After", "1");
    return answer;
}

} // namespace

awaitable<http::response> track(shared_context with, const http::request& asked) {
    const auto wanted = read_request(asked.body);
    if (!wanted) {
        co_return bad_request(wanted.error().message);
    }
    const auto source = source_named(*with, wanted->source);
    if (!source) {
        co_return no_such_source(source.error());
    }
    tally done;
    for (std::size_t begin = 0; begin < wanted->ids.size(); begin += slice) {
        auto command = slice_of(*wanted, begin, *source, *with);
        const auto reply = co_await with->tasks.track(std::move(command));
        if (!reply) {
            log::write_seldom(log::level::warning, "store did not answer", 1, {{"reason", reply.error().message}});
            co_return broken_off(*wanted, done);
        }
        const auto fresh = static_cast<std::size_t>(std::count(reply->fresh.begin(), reply->fresh.end(), true));
        done.tracked += fresh;
        done.known += reply->fresh.size() - fresh;
        const bool asked_to_stop = co_await cancelled();
        if (asked_to_stop && begin + slice < wanted->ids.size()) {
            co_return broken_off(*wanted, done);
        }
    }
    log::info("tasks tracked", {{"source", *source},
                                {"tracked", static_cast<std::int64_t>(done.tracked)},
                                {"known", static_cast<std::int64_t>(done.known)}});
    co_return success(*wanted, *source, done);
}

} // namespace seedhook::control
