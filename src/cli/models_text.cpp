// See models_text.hpp.
#include "cli/models_text.hpp"

#include "cli/json_text.hpp"
#include "cli/table.hpp"

namespace seedhook::cli {
namespace {

namespace json = boost::json;

std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (const std::string& part : parts) {
        text += (text.empty() ? "" : ", ") + part;
    }
    return text.empty() ? std::string(none) : text;
}

std::string list_cell(const json::object& model, std::string_view key) {
    std::vector<std::string> parts;
    const json::array* all = array_of(model, key);
    for (const json::value& one : all ? *all : json::array()) {
        if (const json::string* text = one.if_string()) {
            parts.emplace_back(text->data(), text->size());
        }
    }
    return joined(parts);
}

// `4-15`, `5, 10`
std::string durations_cell(const json::object& model) {
    std::vector<std::string> parts;
    const json::array* all = array_of(model, "durations");
    const std::size_t count = all ? all->size() : 0;
    const auto whole = [&](std::size_t i) { return i < count ? (*all)[i].if_int64() : nullptr; };
    for (std::size_t i = 0; i < count; ++i) {
        if (!whole(i)) {
            continue;
        }
        std::size_t last = i;
        while (whole(last + 1) && *whole(last + 1) == *whole(last) + 1) {
            ++last;
        }
        const bool run = last > i + 1;
        parts.push_back(std::to_string(*whole(i)) + (run ? "-" + std::to_string(*whole(last)) : ""));
        i = run ? last : i;
    }
    return joined(parts);
}

std::string price_cell(const json::object& model) {
    std::vector<std::string> parts;
    const json::object* prices = object_of(model, "usdPerSecond");
    for (const auto& [resolution, price] : prices ? *prices : json::object()) {
        if (price.is_number()) {
            parts.push_back(std::string(resolution.data(), resolution.size()) + " " + number_text(price));
        }
    }
    return joined(parts);
}

} // namespace

std::string models_table(const json::array& models) {
    text_table t({"MODEL", "SECONDS", "ASPECT RATIOS", "RESOLUTIONS", "USD PER SECOND"});
    for (const json::value& one : models) {
        if (const json::object* model = one.if_object()) {
            t.add_row({cell(*model, "id"), durations_cell(*model), list_cell(*model, "aspectRatios"),
                       list_cell(*model, "resolutions"), price_cell(*model)});
        }
    }
    return t.to_string();
}

} // namespace seedhook::cli
