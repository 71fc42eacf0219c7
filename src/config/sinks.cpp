// The tables of sinks: what all have, and what each type adds.
#include "config/sections.hpp"
#include "config/values.hpp"

namespace seedhook::config {
namespace {

const section<route>& match_table() {
    static const section<route> table = [] {
        section<route> s;
        s.field("source", &route::sources, list<text>{text{"a source's name", name_rule}, 1, true},
                "only tasks of this source, or of these");
        s.field("model", &route::models, list<text>{text{"a model's name"}, 1, true},
                "only tasks of this model, or of these");
        s.field("metadata", &route::metadata, text_map{}, "only tasks whose metadata has all these texts");
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

section<sink> common_table() {
    const choice<std::string> type{{{"directory", "directory"}}, {"exec", "s3", "webhook"}};
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

directory_sink& directory_of(sink& s) { return s.directory ? *s.directory : s.directory.emplace(); }

// A sink whose type is missing or wrong: nothing can be said of the keys that its type would add.
const section<sink>& typeless_table() {
    static const section<sink> table = common_table().any_other_key();
    return table;
}

} // namespace

const section<sink>& directory_sink_table() {
    using kind = directory_sink::conflict_kind;
    static const section<sink> table = [] {
        const choice<kind> conflict{{{"rename", kind::rename}, {"replace", kind::replace}, {"reject", kind::reject}}};
        const text_or_null account{text{"the name or number of a user or group", account_rule}};
        const auto path = [](sink & s) -> auto& { return directory_of(s).path; };
        const auto file = [](sink & s) -> auto& { return directory_of(s).file; };
        const auto on_conflict = [](sink & s) -> auto& { return directory_of(s).on_conflict; };
        const auto manifest = [](sink & s) -> auto& { return directory_of(s).manifest; };
        const auto mode = [](sink & s) -> auto& { return directory_of(s).mode; };
        const auto owner = [](sink & s) -> auto& { return directory_of(s).owner; };
        const auto group = [](sink & s) -> auto& { return directory_of(s).group; };
        section<sink> s = common_table();
        s.required("path", path, text{"an absolute path", absolute_path_rule}, "the folder that videos appear in");
        s.field("file", file, text{"a file name template", file_template_rule},
                "the file's name below it: `{source} {requestId} {status} {model} {year} {month} {day} {date} {sha256} "
                "{ext} {metadata.KEY}`");
        s.field("on_conflict", on_conflict, conflict, "when a file of that name with other content is there");
        s.field("manifest", manifest, boolean{}, "write the delivery document beside the video, as `.json`");
        s.field("mode", mode, file_mode{}, "permissions of the files");
        s.field("owner", owner, account, "owner of the files; the daemon's own when null");
        s.field("group", group, account, "group of the files; the daemon's own when null");
        return s;
    }();
    return table;
}

void sink_reader::read(const place& at, sink& into) const {
    const auto type = at.member("type");
    if (type && type->text() == "directory") {
        into.directory.emplace();
        directory_sink_table().read(at, into);
    } else {
        typeless_table().read(at, into);
    }
    into.routes.sink = into.name;
}

shape sink_reader::describe() const { return {"a section", false, directory_sink_table().describe()}; }

} // namespace seedhook::config
