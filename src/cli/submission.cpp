// See submission.hpp.
#include "cli/submission.hpp"

#include "cli/input.hpp"
#include "seedhook/model/text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace seedhook::cli {
namespace {

namespace json = boost::json;

void put(json::object& into, std::string_view key, const std::string& text) {
    if (!text.empty()) {
        into[key] = text;
    }
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const code_point next = front_code_point(text);
        if (!next.valid) {
            return false;
        }
        text.remove_prefix(next.length);
    }
    return true;
}

} // namespace

attempt<std::string> document_of(const submission& s) {
    if (s.prompt.find_first_not_of(" \t\r\n") == std::string::npos) {
        return failure(exit_usage, "seedhook: the prompt is empty\n");
    }
    const auto metadata = metadata_of(s.metadata);
    if (!metadata) {
        return metadata.error();
    }
    json::object out;
    put(out, "model", s.model);
    put(out, "prompt", s.prompt);
    put(out, "aspectRatio", s.aspect_ratio);
    put(out, "resolution", s.resolution);
    put(out, "webhookUrl", s.webhook_url);
    if (s.seconds) {
        out["duration"] = *s.seconds;
    }
    if (!s.media_urls.empty()) {
        out["mediaUrls"] = json::array(s.media_urls.begin(), s.media_urls.end());
    }
    if (!metadata->empty()) {
        out["metadata"] = *metadata;
    }
    std::string text = json::serialize(out);
    if (!is_utf8(text)) {
        return failure(exit_usage, "seedhook: the prompt or an option is not UTF-8\n");
    }
    return text;
}

attempt<std::string> addressed(const std::string& document, const std::string& source) {
    boost::system::error_code broken;
    const json::value parsed = json::parse(document, broken);
    if (broken || !parsed.is_object()) {
        return failure(exit_failed, "seedhook: the body is no JSON object" +
                                        (broken ? ": " + broken.message() : std::string()) + "\n");
    }
    if (source.empty()) {
        return document;
    }
    std::string out = document;
    const std::string name = R"("source":)" + json::serialize(json::string(source));
    out.insert(out.find('{') + 1, name + (parsed.get_object().empty() ? "" : ","));
    return out;
}

} // namespace seedhook::cli
