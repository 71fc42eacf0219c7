// A delivery's id and its document (SPEC §6).
#include "seedhook/sinks/sink.hpp"

#include "seedhook/crypto/encoding.hpp"
#include "seedhook/crypto/hash.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

#include <algorithm>
#include <span>

namespace seedhook {
namespace {

namespace json = boost::json;

std::string json_text(std::string_view text) { return json::serialize(json::string(text)); }

std::string json_text_or_null(std::string_view text) { return text.empty() ? "null" : json_text(text); }

// The metadata's own bytes: parsed and written again, long numbers would change. On one line.
std::string metadata_of(const task& of) {
    json::error_code failure;
    const json::value parsed = json::parse(of.metadata, failure);
    if (failure || !parsed.is_object()) {
        return "{}";
    }
    std::string text = of.metadata;
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
    return text;
}

std::string video_of(const task& of, const std::optional<std::filesystem::path>& path) {
    if (of.status != task_status::succeeded || !of.video) {
        return "null";
    }
    return "{\"path\":" + (path ? json_text(path->string()) : "null") + ",\"size\":" + std::to_string(of.video->size) +
           ",\"sha256\":" + json_text(of.video->sha256) + ",\"contentType\":" + json_text(of.video->content_type) +
           ",\"url\":" + json_text(of.video_url) + "}";
}

std::string error_of(const task& of) {
    if (!of.failure) {
        return "null";
    }
    return "{\"code\":" + json_text(of.failure->code) + ",\"message\":" + json_text(of.failure->message) + "}";
}

} // namespace

std::string delivery_id(std::string_view source, std::string_view request_id, std::string_view sink) {
    crypto::sha256 hash;
    for (const std::string_view part : {source, request_id, sink}) {
        hash.update(std::to_string(part.size()) + ":"); // so that no two triples run together to the same text
        hash.update(part);
    }
    const crypto::sha256_digest digest = hash.finish();
    return "dlv_" + crypto::to_hex(std::span(digest).first<16>());
}

std::string delivery_document(const delivery& what, const std::optional<std::filesystem::path>& path) {
    const task& of = what.of;
    return "{\"deliveryId\":" + json_text(what.id) + ",\"sink\":" + json_text(what.sink) +
           ",\"attempt\":" + std::to_string(what.attempt) + ",\"source\":" + json_text(of.source) +
           ",\"requestId\":" + json_text(of.request_id) + ",\"status\":" + json_text(to_string(of.status)) +
           ",\"settledBy\":" + json_text_or_null(of.settled_by) + ",\"model\":" + json_text_or_null(of.model) +
           ",\"metadata\":" + metadata_of(of) + ",\"video\":" + video_of(of, path) + ",\"error\":" + error_of(of) +
           ",\"settledAt\":" + (of.settled_at ? json_text(to_rfc3339(*of.settled_at)) : "null") + "}\n";
}

} // namespace seedhook
