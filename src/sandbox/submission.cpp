// The API's rules for a submission, and its list of models.
#include "sandbox/submission.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <vector>

namespace seedhook::sandbox {
namespace {

namespace json = boost::json;

constexpr unsigned default_duration = 5;
constexpr std::size_t most_media = 5;
constexpr std::array<std::string_view, 3> aspect_ratios{"16:9", "9:16", "1:1"};

struct resolution_price {
    std::string_view name;
    double usd_per_second;
    unsigned credits_per_second;
};
constexpr std::array<resolution_price, 3> resolutions{{{"480p", 0.05, 4}, {"720p", 0.1, 8}, {"1080p", 0.2, 16}}};

struct model_rules {
    std::string_view id;
    bool fixed; // 5 or 10 seconds only; else 4 to 15
};
constexpr std::array<model_rules, 3> models{
    {{"seedance-2.0", false}, {"seedance-2.0-fast", false}, {"seedance-1.5-pro", true}}};

std::vector<unsigned> durations_of(const model_rules& m) {
    if (m.fixed) {
        return {5, 10};
    }
    std::vector<unsigned> all;
    for (unsigned seconds = 4; seconds <= 15; ++seconds) {
        all.push_back(seconds);
    }
    return all;
}

error refuse(std::string why) { return error(errc::invalid, std::move(why)); }

// The text of a field that must be a non-empty string when it is there. Absent and null are the same.
result<std::optional<std::string>> text_field(const json::object& from, std::string_view name) {
    const json::value* found = from.if_contains(name);
    if (found == nullptr || found->is_null()) {
        return std::optional<std::string>();
    }
    if (!found->is_string() || found->get_string().empty()) {
        return refuse(std::string(name) + " must be a non-empty string");
    }
    return std::optional<std::string>(std::string(found->get_string()));
}

result<void> read_texts(const json::object& from, submission& into) {
    struct target {
        std::string_view name;
        std::string& value;
        bool required;
    };
    const target targets[] = {{"model", into.model, true},
                              {"prompt", into.prompt, true},
                              {"aspectRatio", into.aspect_ratio, false},
                              {"resolution", into.resolution, false},
                              {"webhookUrl", into.webhook_url, false}};
    for (const target& t : targets) {
        auto text = text_field(from, t.name);
        if (!text) {
            return text.error();
        }
        if (*text) {
            t.value = std::move(**text);
        } else if (t.required) {
            return refuse(std::string(t.name) + " is required");
        }
    }
    return {};
}

bool is_web_url(std::string_view text) { return text.starts_with("https://") || text.starts_with("http://"); }

result<void> check_media(const json::object& from) {
    const json::value* media = from.if_contains("mediaUrls");
    if (media == nullptr || media->is_null()) {
        return {};
    }
    const json::array* urls = media->if_array();
    const bool good = urls != nullptr && !urls->empty() && urls->size() <= most_media &&
                      std::all_of(urls->begin(), urls->end(),
                                  [](const json::value& v) { return v.is_string() && is_web_url(v.get_string()); });
    if (!good) {
        return refuse("mediaUrls must hold 1 to 5 public URLs");
    }
    return {};
}

result<void> read_metadata(const json::object& from, submission& into) {
    const json::value* metadata = from.if_contains("metadata");
    if (metadata == nullptr || metadata->is_null()) {
        return {};
    }
    if (!metadata->is_object()) {
        return refuse("metadata must be an object");
    }
    into.metadata = json::serialize(*metadata);
    return {};
}

result<void> read_duration(const json::object& from, const model_rules& model, submission& into) {
    into.duration = default_duration;
    const json::value* wanted = from.if_contains("duration");
    if (wanted == nullptr || wanted->is_null()) {
        return {};
    }
    for (const unsigned allowed : durations_of(model)) {
        if (wanted->is_int64() && wanted->get_int64() == std::int64_t{allowed}) {
            into.duration = allowed;
            return {};
        }
    }
    return refuse(model.fixed ? "duration must be 5 or 10 seconds" : "duration must be 4 to 15 whole seconds");
}

result<void> check_choices(const submission& s) {
    if (std::find(aspect_ratios.begin(), aspect_ratios.end(), s.aspect_ratio) == aspect_ratios.end()) {
        return refuse("aspectRatio must be 16:9, 9:16 or 1:1");
    }
    const auto same = [&](const resolution_price& r) { return r.name == s.resolution; };
    if (std::none_of(resolutions.begin(), resolutions.end(), same)) {
        return refuse("resolution must be 480p, 720p or 1080p");
    }
    if (!s.webhook_url.empty() && !is_web_url(s.webhook_url)) {
        return refuse("webhookUrl must be an http or https URL");
    }
    return {};
}

} // namespace

result<submission> parse_submission(std::string_view body) {
    boost::system::error_code failed;
    const json::value document = json::parse(body, failed);
    if (failed || !document.is_object()) {
        return refuse("the body must be a JSON object");
    }
    const json::object& from = document.get_object();
    submission s;
    if (auto texts = read_texts(from, s); !texts) {
        return texts.error();
    }
    const auto model =
        std::find_if(models.begin(), models.end(), [&](const model_rules& m) { return m.id == s.model; });
    if (model == models.end()) {
        return refuse("unknown model");
    }
    if (auto chosen = check_choices(s); !chosen) {
        return chosen.error();
    }
    if (auto seconds = read_duration(from, *model, s); !seconds) {
        return seconds.error();
    }
    if (auto media = check_media(from); !media) {
        return media.error();
    }
    if (auto metadata = read_metadata(from, s); !metadata) {
        return metadata.error();
    }
    return s;
}

std::uint64_t credits_for(const submission& s) noexcept {
    for (const resolution_price& r : resolutions) {
        if (r.name == s.resolution) {
            return std::uint64_t{r.credits_per_second} * s.duration;
        }
    }
    return 0;
}

std::string models_document() {
    json::array all;
    json::object prices;
    json::array names;
    for (const resolution_price& r : resolutions) {
        prices[r.name] = r.usd_per_second;
        names.emplace_back(r.name);
    }
    for (const model_rules& m : models) {
        json::object one;
        one["id"] = m.id;
        one["type"] = "video_generation";
        one["mode"] = "image_to_video";
        one["durations"] = json::value_from(durations_of(m));
        one["aspectRatios"] = json::array(aspect_ratios.begin(), aspect_ratios.end());
        one["resolutions"] = names;
        one["usdPerSecond"] = prices;
        all.push_back(std::move(one));
    }
    json::object document;
    document["success"] = true;
    document["data"] = std::move(all);
    return json::serialize(document);
}

} // namespace seedhook::sandbox
