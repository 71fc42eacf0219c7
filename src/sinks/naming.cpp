// Names and manifests compared.
#include "sinks/naming.hpp"

#include "seedhook/model/text.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include <utility>

namespace seedhook {
namespace {

namespace json = boost::json;

constexpr std::size_t name_limit = 255;

} // namespace

std::string numbered_name(std::string_view file, std::uint32_t number, std::string_view suffix) {
    const auto dot = file.rfind('.');
    const auto stem_size = dot == std::string_view::npos || dot == 0 ? file.size() : dot;
    std::string stem(file.substr(0, stem_size));
    std::string tail = number > 1 ? "-" + std::to_string(number) : std::string();
    tail += file.substr(stem_size);
    const std::size_t others = tail.size() + suffix.size();
    if (others < name_limit) {
        stem = shortened(std::move(stem), name_limit - others);
    }
    return stem + tail;
}

std::string_view extension_of(const task& of) {
    const std::string_view type = of.video ? std::string_view(of.video->content_type) : std::string_view();
    return type == "video/webm" ? "webm" : type == "video/quicktime" ? "mov" : "mp4";
}

manifest_match compare_manifest(std::string_view there, std::string_view document) {
    json::error_code failure;
    json::value old = json::parse(json::string_view(there.data(), there.size()), failure);
    if (failure || !old.is_object()) {
        return manifest_match::foreign;
    }
    json::value fresh = json::parse(json::string_view(document.data(), document.size()));
    json::object& a = old.get_object();
    json::object& b = fresh.get_object();
    const json::value* id = a.if_contains("deliveryId");
    if (id == nullptr || *id != b.at("deliveryId")) {
        return manifest_match::foreign;
    }
    a.erase("attempt");
    b.erase("attempt");
    return a == b ? manifest_match::same : manifest_match::earlier;
}

} // namespace seedhook
