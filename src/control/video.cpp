// A task's video, whole or a part of it (RFC 9110, 14), while we have it: from the spool, or from where a folder's sink
// put it, if the file there is still the one that was delivered.
#include "control/endpoints.hpp"
#include "control/json.hpp"
#include "control/query.hpp"

#include "seedhook/async/unique_fd.hpp"
#include "seedhook/http/range.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace seedhook::control {
namespace {

time_point written_at(const struct stat& file) {
    const auto since_epoch = std::chrono::seconds(file.st_mtim.tv_sec) + std::chrono::nanoseconds(file.st_mtim.tv_nsec);
    return time_point(std::chrono::floor<duration>(since_epoch));
}

// Blocks on the disk. An open file that is no longer in its folder stays readable.
unique_fd open_video(const std::vector<video_place>& places, std::uint64_t size) {
    for (const video_place& at : places) {
        unique_fd file(::open(at.file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
        struct stat found {};
        if (file && ::fstat(file.get(), &found) == 0 && S_ISREG(found.st_mode) &&
            static_cast<std::uint64_t>(found.st_size) == size &&
            (!at.written_by || written_at(found) <= *at.written_by)) {
            return file;
        }
    }
    return {};
}

class file_part final : public http::body_source {
public:
    file_part(blocking_pool& disk, unique_fd file, std::uint64_t first, std::uint64_t length)
        : disk_(disk), file_(std::move(file)), at_(first), left_(length) {}

    awaitable<result<std::size_t>> read(std::span<char> into) override {
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), left_));
        if (size == 0) {
            co_return std::size_t{0};
        }
        auto piece = [this, into, size] { return ::pread(file_.get(), into.data(), size, static_cast<off_t>(at_)); };
        const ssize_t got = co_await disk_.run(std::move(piece));
        if (got <= 0) { // cut short meanwhile, or the disk fails
            co_return error(errc::io, "the video cannot be read to its end");
        }
        at_ += static_cast<std::uint64_t>(got);
        left_ -= static_cast<std::uint64_t>(got);
        co_return static_cast<std::size_t>(got);
    }

private:
    blocking_pool& disk_;
    unique_fd file_;
    std::uint64_t at_;
    std::uint64_t left_;
};

// What upstream called it, if that is a kind of video: a browser must never take it for a page.
std::string type_of(const video_file& video) {
    constexpr std::string_view kind = "video/";
    const auto harmless = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '+';
    };
    const std::string_view type = video.content_type;
    const bool known = type.starts_with(kind) && type.size() > kind.size() &&
                       std::all_of(type.begin() + kind.size(), type.end(), harmless);
    return known ? video.content_type : "application/octet-stream";
}

// A valid requestId can stand between quotes as it is.
std::string disposition_of(const task& t) {
    const std::string_view name = t.video->name;
    const std::size_t dot = name.rfind('.');
    const bool has_end = dot != std::string_view::npos && name.size() - dot <= 5;
    return "inline; filename=\"" + t.request_id + std::string(has_end ? name.substr(dot) : "") + '"';
}

bool matches(std::string_view if_none_match, std::string_view etag) {
    return if_none_match == "*" || if_none_match.find(etag) != std::string_view::npos;
}

http::response part_of(const task& t, const http::request& asked, blocking_pool& disk, unique_fd file) {
    using kind = http::chosen_range::kind;
    const std::uint64_t size = t.video->size;
    const std::string etag = '"' + t.video->sha256 + '"';
    const bool get = asked.method == "GET"; // ranges are defined for GET alone
    http::response answer(200);
    answer.fields = {{"Accept-Ranges", "bytes"}, {"ETag", etag}};
    if (matches(asked.find("If-None-Match").value_or(""), etag)) {
        answer.status = 304;
        return answer;
    }
    const auto chosen =
        http::choose_range(get ? asked.find("Range") : std::nullopt, asked.find("If-Range"), etag, size);
    const std::string of = "/" + std::to_string(size);
    if (chosen.answer == kind::unsatisfiable) {
        answer = http::error_response(416, "range_not_satisfiable", "the video has no such part");
        answer.fields.emplace_back("Content-Range", "bytes *" + of);
        return answer;
    }
    if (chosen.answer == kind::part) {
        answer.status = 206;
        answer.fields.emplace_back("Content-Range", "bytes " + std::to_string(chosen.first) + "-" +
                                                        std::to_string(chosen.first + chosen.length - 1) + of);
    }
    answer.content_type = type_of(*t.video);
    answer.fields.emplace_back("Content-Disposition", disposition_of(t));
    answer.fields.emplace_back("Content-Security-Policy", "default-src 'none'; sandbox");
    answer.stream_length = chosen.length;
    answer.stream = std::make_unique<file_part>(disk, std::move(file), chosen.first, chosen.length);
    return answer;
}

} // namespace

awaitable<http::response> read_video(shared_context with, const http::request& asked) {
    auto sought = co_await find_task(with, asked);
    if (!sought.found) {
        co_return std::move(sought.refused);
    }
    const task& t = sought.found->of;
    unique_fd file;
    if (t.video) {
        auto open = [places = with->video_places(*sought.found), size = t.video->size] {
            return open_video(places, size);
        };
        file = co_await with->disk.run(std::move(open));
    }
    if (!file) {
        co_return http::error_response(404, "no_video",
                                       t.video ? "the video is no longer here: its sinks have it"
                                               : "the task has no video, or it has not been fetched yet");
    }
    co_return part_of(t, asked, with->disk, std::move(file));
}

} // namespace seedhook::control
