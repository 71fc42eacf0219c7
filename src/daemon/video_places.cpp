// A delivery's record tells where it went and when.
#include "daemon/video_places.hpp"

#include <algorithm>
#include <filesystem>

namespace seedhook {
namespace {

// A folder's file by the record of its delivery: within the folder that is configured now, however it is written.
bool is_within(const std::string& file, const std::string& folder) {
    std::string clean = std::filesystem::path(folder).lexically_normal();
    clean += clean.ends_with('/') ? "" : "/";
    return file.starts_with(clean) && file.find("/../") == std::string::npos;
}

} // namespace

std::vector<video_place> video_places(const task_detail& of, const spool& videos,
                                      const std::vector<config::sink>& sinks) {
    std::vector<video_place> places;
    if (of.of.video) {
        places.push_back({videos.path_of(of.of.video->name), {}});
    }
    for (const job& j : of.jobs) {
        const auto to = std::find_if(sinks.begin(), sinks.end(),
                                     [&j](const config::sink& s) { return s.directory && s.name == j.key.sink; });
        if (j.key.kind == job_kind::deliver && j.state == job_state::done && to != sinks.end() &&
            is_within(j.note, to->directory->path)) {
            places.push_back({j.note, j.updated_at});
        }
    }
    return places;
}

} // namespace seedhook
