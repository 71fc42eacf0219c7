// Answers 200, 206, 403, 404 and 416.
#include "sandbox/video_endpoint.hpp"

#include "sandbox/video.hpp"
#include "seedhook/http/range.hpp"

#include <utility>

namespace seedhook::sandbox {
namespace {

http::response store_error(unsigned status, const char* code, const char* message) {
    return {status, "application/xml",
            std::string("<Error><Code>") + code + "</Code><Message>" + message + "</Message></Error>"};
}

// The succeeded task whose video the path names.
generation_ptr owner(const studio& tasks, const http::request& r) {
    constexpr std::string_view suffix = ".mp4";
    auto name = http::percent_decode(r.captures.at(0));
    if (!name || !name->ends_with(suffix)) {
        return nullptr;
    }
    name->resize(name->size() - suffix.size());
    auto g = tasks.find(*name);
    return g && g->status == task_status::succeeded ? g : nullptr;
}

std::string content_range(const http::chosen_range& c, std::uint64_t size) {
    const std::string of = "/" + std::to_string(size);
    if (c.answer == http::chosen_range::kind::unsatisfiable) {
        return "bytes *" + of;
    }
    return "bytes " + std::to_string(c.first) + "-" + std::to_string(c.first + c.length - 1) + of;
}

http::response content(generation& g, const http::request& r) {
    using kind = http::chosen_range::kind;
    const video film(g.future.video_key, g.future.request_id, g.future.video_size);
    const bool get = r.method == "GET"; // ranges are defined for GET only
    const auto range = get ? r.find("Range") : std::nullopt;
    const auto chosen = http::choose_range(range, r.find("If-Range"), film.etag(), film.size());
    http::response answer;
    answer.fields.emplace_back("Accept-Ranges", "bytes");
    answer.fields.emplace_back("ETag", film.etag());
    if (chosen.answer != kind::whole) {
        answer.fields.emplace_back("Content-Range", content_range(chosen, film.size()));
    }
    if (chosen.answer == kind::unsatisfiable) {
        answer.status = 416;
        return answer;
    }
    const bool breaks = get && g.future.breaks_off && g.transfers == 0 && chosen.answer == kind::whole;
    g.transfers += get ? 1 : 0;
    answer.status = chosen.answer == kind::part ? 206 : 200;
    answer.content_type = "video/mp4";
    answer.stream_length = chosen.length;
    answer.stream =
        make_video_body(film, chosen.first, chosen.length, breaks ? std::optional(chosen.length / 2) : std::nullopt);
    return answer;
}

awaitable<http::response> serve(studio& tasks, const http::request& r) {
    const auto g = owner(tasks, r);
    if (!g) {
        co_return store_error(404, "NoSuchKey", "The specified key does not exist.");
    }
    if (!tasks.url_alive(*g, r.query)) {
        co_return store_error(403, "AccessDenied", "Request has expired");
    }
    co_return content(*g, r);
}

} // namespace

void add_video_endpoint(http::router& routes, studio& tasks) {
    http::endpoint e;
    e.method = "GET";
    e.path = "/open-api-results/{}";
    e.handle = [&tasks](const http::request& r) { return serve(tasks, r); };
    routes.add(std::move(e));
}

} // namespace seedhook::sandbox
