// The table of tasks, and how the API shows one.
#include "sandbox/generation.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <utility>

namespace seedhook::sandbox {
namespace {

namespace json = boost::json;

constexpr std::size_t most_callbacks = 500;

// What a succeeded task says of its output when it does not give the URL.
json::value output_without_url(unsigned form) {
    if (form == 0) {
        return nullptr;
    }
    json::object output;
    output["type"] = "video";
    if (form == 1) {
        output["url"] = nullptr;
    }
    return output;
}

json::value output_of(const generation& g, const std::string& url) {
    if (g.status != task_status::succeeded) {
        return nullptr;
    }
    if (url.empty()) {
        return output_without_url(g.future.no_url.value_or(0));
    }
    json::object output;
    output["type"] = "video";
    output["url"] = url;
    return output;
}

json::value odd_error(unsigned form) {
    switch (form) {
    case 0:
        return nullptr;
    case 1:
        return "the model could not make this video";
    case 2:
        return json::parse(R"({"code": 17, "detail": {"reason": ["model", null]}})");
    default:
        return json::parse(R"(["generation_failed", {"message": "the model could not make this video"}])");
    }
}

json::value error_of(const generation& g) {
    if (g.status != task_status::failed) {
        return nullptr;
    }
    if (g.future.odd_error) {
        return odd_error(*g.future.odd_error);
    }
    json::object failure;
    failure["code"] = "generation_failed";
    failure["message"] = "The model could not make this video";
    return failure;
}

std::string_view shown_status(const generation& g) {
    const bool odd = g.status == task_status::processing && !g.future.odd_status.empty();
    return odd ? g.future.odd_status : to_string(g.status);
}

} // namespace

void remember(generation& of, sent_callback c) {
    if (of.callbacks.size() < most_callbacks) {
        of.callbacks.push_back(std::move(c));
    }
}

std::string status_document(const generation& g, const std::string& url) {
    json::object d;
    d["success"] = true;
    d["requestId"] = g.future.request_id;
    d["status"] = shown_status(g);
    d["model"] = g.asked.model;
    d["prompt"] = g.asked.prompt;
    d["duration"] = g.asked.duration;
    d["aspectRatio"] = g.asked.aspect_ratio;
    d["resolution"] = g.asked.resolution;
    d["metadata"] = json::parse(g.asked.metadata);
    d["output"] = output_of(g, url);
    d["error"] = error_of(g);
    return json::serialize(d);
}

std::string callback_document(const generation& g, const std::string& url) {
    json::object d;
    d["success"] = g.status == task_status::succeeded;
    d["requestId"] = g.future.request_id;
    d["status"] = to_string(g.status);
    d["output"] = output_of(g, url);
    d["error"] = error_of(g);
    return json::serialize(d);
}

bool generation_table::add(generation_ptr g) {
    if (by_ordinal_.size() >= most_ && !make_room()) {
        return false;
    }
    g->ordinal = next_++;
    by_id_[g->future.request_id] = g;
    by_ordinal_[g->ordinal] = std::move(g);
    return true;
}

bool generation_table::make_room() {
    const auto oldest = std::find_if(by_ordinal_.begin(), by_ordinal_.end(),
                                     [](const auto& entry) { return is_terminal(entry.second->status); });
    if (oldest == by_ordinal_.end()) {
        return false;
    }
    by_id_.erase(oldest->second->future.request_id);
    by_ordinal_.erase(oldest);
    return true;
}

generation_ptr generation_table::find(const std::string& request_id) const {
    const auto found = by_id_.find(request_id);
    return found == by_id_.end() ? nullptr : found->second;
}

std::vector<generation_ptr> generation_table::list(std::uint64_t from, std::size_t limit) const {
    std::vector<generation_ptr> out;
    for (auto at = by_ordinal_.lower_bound(from); at != by_ordinal_.end() && out.size() < limit; ++at) {
        out.push_back(at->second);
    }
    return out;
}

} // namespace seedhook::sandbox
