// What all sinks have, and how the type of one is told.
#include "config/sections.hpp"
#include "config/values.hpp"

#include <algorithm>
#include <array>

namespace seedhook::config {
namespace {

const section<route>& match_table() {
    static const section<route> table = [] {
        section<route> s;
        s.field("source", &route::sources, list<text>{text{"a source's name", name_rule}, 1, true},
                "only tasks of this source, or of these");
        s.field("model", &route::models, list<text>{text{"a model's name"}, 1, true},
                "only tasks of this model, or of these");
        s.field("metadata", &route::metadata, map_of<text>{}, "only tasks whose metadata has all these texts");
        return s;
    }();
    return table;
}

const section<retry>& retry_table() {
    using namespace std::chrono_literals;
    static const section<retry> table = [] {
        section<retry> s;
        s.field("max_attempts", &retry::max_attempts, integer{1, 1000}, "then the task is stuck until `redeliver`");
        s.field("min_delay", &retry::min_delay, time_span{1ms, 24h}, "before the second attempt; doubles from there");
        s.field("max_delay", &retry::max_delay, time_span{1ms, 168h}, "the longest wait, also while blocked");
        s.check([](const retry& r, const members& given) {
            if (given.sound("min_delay") && given.sound("max_delay") && r.min_delay > r.max_delay) {
                given.mistake(given.find("max_delay") ? "max_delay" : "min_delay",
                              "min_delay is longer than max_delay");
            }
        });
        return s;
    }();
    return table;
}

struct sink_type {
    std::string_view name;
    const section<sink>& (*table)();
    void (*begin)(sink&);
};

constexpr std::array<sink_type, 4> types{{
    {"directory", directory_sink_table, [](sink& s) { s.directory.emplace(); }},
    {"exec", exec_sink_table, [](sink& s) { s.exec.emplace(); }},
    {"s3", s3_sink_table, [](sink& s) { s.s3.emplace(); }},
    {"webhook", webhook_sink_table, [](sink& s) { s.webhook.emplace(); }},
}};

// A sink whose type is missing or wrong: nothing can be said of the keys that its type would add.
const section<sink>& typeless_table() {
    static const section<sink> table = common_sink_table().any_other_key();
    return table;
}

} // namespace

section<sink> common_sink_table() {
    choice<std::string> type;
    for (const sink_type& t : types) {
        type.options.emplace_back(t.name, t.name);
    }
    const choice<task_status> status{{{"succeeded", task_status::succeeded},
                                      {"failed", task_status::failed},
                                      {"cancelled", task_status::cancelled},
                                      {"expired", task_status::expired}}};
    const auto on = [](sink & s) -> auto& { return s.routes.on; };
    const auto match = [](sink & s) -> auto& { return s.routes; };
    section<sink> s;
    s.required("name", &sink::name, text{"a name", name_rule}, "names the sink in tasks and metrics");
    s.required("type", &sink::type, type, "what kind of sink it is");
    s.field("on", on, list<choice<task_status>>{status, 1}, "the statuses that are delivered");
    s.field("match", match, nested<route>{match_table}, "which tasks are delivered; all when left out");
    s.field("retry", &sink::retries, nested<retry>{retry_table}, "when a delivery that did not succeed is tried again");
    s.field("concurrency", &sink::concurrency, integer{1, 1000}, "deliveries at a time");
    return s;
}

void sink_reader::read(const place& at, sink& into) const {
    const auto type = at.member("type");
    const auto text = type ? type->text() : std::nullopt;
    const auto* known = std::find_if(types.begin(), types.end(), [&](const sink_type& t) { return t.name == text; });
    if (known != types.end()) {
        known->begin(into);
        known->table().read(at, into);
    } else {
        typeless_table().read(at, into);
    }
    into.routes.sink = into.name;
}

// What every sink has, and then what each type adds.
shape sink_reader::describe() const {
    shape all = describe_section(common_sink_table().describe());
    const std::size_t common = all.keys.size();
    for (const sink_type& t : types) {
        std::vector<key_shape> own = t.table().describe();
        all.types.emplace_back(t.name, own);
        for (std::size_t i = common; i < own.size(); ++i) {
            own[i].about = "`" + std::string(t.name) + "`: " + own[i].about;
            all.keys.push_back(std::move(own[i]));
        }
    }
    return all;
}

} // namespace seedhook::config
