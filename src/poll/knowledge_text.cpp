// {"version":1,"sources":[{"name":"main","lost":[[T,S,L],...],"all":[[T,[C,M,...]],...],
//                          "models":[{"name":"seedance-2.0","times":[[T,[C,M,...]],...]}]}]}
// One entry of `lost`, `all` and `times` for each memory: T millionths of trust; S and L thousandths of tasks seen and
// lost; M thousandths of tasks that finished in cell C, for the cells that hold any. Models stand in the order in which
// they were last heard of.
#include "poll/knowledge_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace seedhook::poll {
namespace {

namespace json = boost::json;

constexpr std::int64_t version = 1;
constexpr double per_task = 1000;
constexpr double per_trust = 1'000'000;
constexpr std::size_t longest_text = std::size_t{16} << 20;

std::int64_t whole(double value, double unit) { return std::llround(value * unit); }

json::array text_of(const settle_times& times) {
    json::array memories;
    for (std::size_t w = 0; w < settle_times::windows.size(); ++w) {
        json::array finished;
        for (std::size_t i = 0; i < cell_count; ++i) {
            if (const auto tasks = whole(times.remembered()[w].finished[i], per_task); tasks > 0) {
                finished.emplace_back(i);
                finished.emplace_back(tasks);
            }
        }
        json::array memory;
        memory.emplace_back(whole(times.trusted()[w], per_trust));
        memory.emplace_back(std::move(finished));
        memories.emplace_back(std::move(memory));
    }
    return memories;
}

json::array text_of(const lost_share& lost) {
    json::array memories;
    for (std::size_t w = 0; w < lost_share::windows.size(); ++w) {
        const lost_share::memory& m = lost.remembered()[w];
        json::array memory;
        memory.emplace_back(whole(lost.trusted()[w], per_trust));
        memory.emplace_back(whole(m.seen, per_task));
        memory.emplace_back(whole(m.lost, per_task));
        memories.emplace_back(std::move(memory));
    }
    return memories;
}

json::array text_of(const knowledge::models& models) {
    std::vector<const knowledge::models::value_type*> by_age;
    for (const auto& model : models) {
        by_age.push_back(&model);
    }
    std::sort(by_age.begin(), by_age.end(), [](auto* a, auto* b) { return a->second.heard < b->second.heard; });
    json::array all;
    for (const auto* model : by_age) {
        json::object one;
        one["name"] = model->first;
        one["times"] = text_of(model->second.times);
        all.emplace_back(std::move(one));
    }
    return all;
}

const json::value* member(const json::value& of, std::string_view key) {
    const json::object* object = of.if_object();
    return object == nullptr ? nullptr : object->if_contains(key);
}

const json::array* array_of(const json::value* value, std::size_t size) {
    const json::array* array = value == nullptr ? nullptr : value->if_array();
    return array != nullptr && array->size() == size ? array : nullptr;
}

const json::array* array_of(const json::value* value) { return value == nullptr ? nullptr : value->if_array(); }

// A whole number from 0 to `most` units, in units.
std::optional<double> number(const json::value& value, double unit, double most) {
    const std::int64_t* whole_number = value.if_int64();
    if (whole_number == nullptr || *whole_number < 0) {
        return std::nullopt;
    }
    const double in_units = static_cast<double>(*whole_number) / unit;
    return in_units <= most ? std::optional(in_units) : std::nullopt;
}

std::optional<std::string> name(const json::value& of) {
    const json::value* value = member(of, "name");
    if (value == nullptr || !value->is_string() || value->get_string().empty() ||
        value->get_string().size() > knowledge::longest_name) {
        return std::nullopt;
    }
    return std::string(value->get_string());
}

template <std::size_t Count>
bool shares_all(const std::array<double, Count>& trust) {
    double total = 0;
    for (const double share : trust) {
        if (share < fixed_share<Count>::handed_round / Count / 2) {
            return false;
        }
        total += share;
    }
    return std::abs(total - 1) < 1e-5;
}

bool read_cells(const json::value& from, double window, settle_times::memory& into) {
    const json::array* pairs = from.if_array();
    if (pairs == nullptr || pairs->size() % 2 != 0) {
        return false;
    }
    double next = 0;
    for (std::size_t i = 0; i < pairs->size(); i += 2) {
        const auto cell = number((*pairs)[i], 1, cell_count - 1);
        const auto tasks = number((*pairs)[i + 1], per_task, window);
        if (!cell || *cell < next || !tasks || *tasks == 0) {
            return false;
        }
        next = *cell + 1;
        into.finished[static_cast<std::size_t>(*cell)] = *tasks;
        into.seen += *tasks;
    }
    return into.seen <= window + 1; // each cell was rounded
}

std::optional<settle_times> read_times(const json::value* from) {
    constexpr std::size_t count = settle_times::windows.size();
    const json::array* entries = array_of(from, count);
    settle_times::memories memories{};
    std::array<double, count> trust{};
    for (std::size_t w = 0; w < count; ++w) {
        const json::array* entry = entries == nullptr ? nullptr : array_of(&(*entries)[w], 2);
        const auto trusted = entry == nullptr ? std::nullopt : number((*entry)[0], per_trust, 1);
        if (!trusted || !read_cells((*entry)[1], settle_times::windows[w], memories[w])) {
            return std::nullopt;
        }
        trust[w] = *trusted;
    }
    return shares_all(trust) ? std::optional(settle_times(memories, settle_times::trust(trust))) : std::nullopt;
}

std::optional<lost_share> read_lost(const json::value* from) {
    constexpr std::size_t count = lost_share::windows.size();
    const json::array* entries = array_of(from, count);
    lost_share::memories memories{};
    std::array<double, count> trust{};
    for (std::size_t w = 0; w < count; ++w) {
        const json::array* entry = entries == nullptr ? nullptr : array_of(&(*entries)[w], 3);
        if (entry == nullptr) {
            return std::nullopt;
        }
        const auto trusted = number((*entry)[0], per_trust, 1);
        const auto seen = number((*entry)[1], per_task, lost_share::windows[w]);
        const auto lost = number((*entry)[2], per_task, lost_share::windows[w]);
        if (!trusted || !seen || !lost || *lost > *seen) {
            return std::nullopt;
        }
        trust[w] = *trusted;
        memories[w] = {*seen, *lost};
    }
    return shares_all(trust) ? std::optional(lost_share(memories, lost_share::trust(trust))) : std::nullopt;
}

std::optional<knowledge::models> read_models(const json::value* from) {
    const json::array* entries = array_of(from);
    if (entries == nullptr || entries->size() > knowledge::most_models) {
        return std::nullopt;
    }
    knowledge::models models;
    for (const json::value& entry : *entries) {
        auto named = name(entry);
        const auto times = read_times(member(entry, "times"));
        if (!named || !times || models.contains(*named)) {
            return std::nullopt;
        }
        models.emplace(std::move(*named), knowledge::known_model{*times, models.size() + 1});
    }
    return models;
}

} // namespace

std::string to_text(const knowledge_by_source& known) {
    json::array sources;
    for (const auto& [source, of] : known) {
        json::object one;
        one["name"] = source;
        one["lost"] = text_of(of.lost());
        one["all"] = text_of(of.all());
        one["models"] = text_of(of.each());
        sources.emplace_back(std::move(one));
    }
    json::object all;
    all["version"] = version;
    all["sources"] = std::move(sources);
    return json::serialize(all);
}

std::optional<knowledge_by_source> from_text(std::string_view text) {
    json::error_code failure;
    const json::value parsed = text.size() > longest_text ? json::value() : json::parse(text, failure);
    const json::value* written_by = member(parsed, "version");
    const json::array* sources = array_of(member(parsed, "sources"));
    if (failure || written_by == nullptr || *written_by != json::value(version) || sources == nullptr) {
        return std::nullopt;
    }
    knowledge_by_source known;
    for (const json::value& entry : *sources) {
        auto source = name(entry);
        const auto lost = read_lost(member(entry, "lost"));
        const auto all = read_times(member(entry, "all"));
        auto models = read_models(member(entry, "models"));
        if (!source || !lost || !all || !models || known.contains(*source)) {
            return std::nullopt;
        }
        known.emplace(std::move(*source), knowledge(*lost, *all, std::move(*models)));
    }
    return known;
}

} // namespace seedhook::poll
