// The tables of what happens by the clock: asking about tasks, and forgetting them.
#include "config/sections.hpp"
#include "config/values.hpp"

namespace seedhook::config {

using namespace std::chrono_literals;

const section<poll>& poll_table() {
    static const section<poll> table = [] {
        section<poll> s;
        s.field("first_after", &poll::first_after, time_span_or_word{{1ms, 168h}, "auto"},
                "from submission until a task is first asked about; `auto`: when it pays, from what has been learnt");
        s.field("max_interval", &poll::max_interval, time_span{1ms, 24h}, "the longest wait between two questions");
        s.field("give_up_after", &poll::give_up_after, time_span{1ms, 8760h},
                "of waiting until a task is `expired`; a late callback still settles it");
        s.field("requests_per_minute", &poll::requests_per_minute, integer{1, 60000}, "at most, of each source");
        s.check([](const poll& p, const members& given) {
            if (given.sound("first_after") && given.sound("give_up_after") && p.first_after >= p.give_up_after) {
                given.mistake(given.find("first_after") ? "first_after" : "give_up_after",
                              "first_after is not shorter than give_up_after: no task would ever be asked about");
            }
        });
        return s;
    }();
    return table;
}

const section<retention>& retention_table() {
    static const section<retention> table = [] {
        section<retention> s;
        s.field("tasks", &retention::tasks, time_span_or_word{{1s, 876000h}, "forever"},
                "tasks that settled longer ago are deleted, with their history");
        s.field("ids", &retention::ids, time_span_or_word{{1s, 876000h}, "forever"},
                "ids of deleted tasks are remembered that long, so that a callback sent again brings nothing back");
        s.check([](const retention& r, const members& given) {
            const bool shorter = r.ids && (!r.tasks || *r.ids < *r.tasks);
            if (given.sound("tasks") && given.sound("ids") && shorter) {
                given.mistake(given.find("ids") ? "ids" : "tasks", "ids is shorter than tasks");
            }
        });
        return s;
    }();
    return table;
}

} // namespace seedhook::config
