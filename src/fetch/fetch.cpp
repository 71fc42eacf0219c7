// The fetch handler: one attempt at bringing a task's video into the spool.
#include "seedhook/fetch/fetch.hpp"

#include "fetch/judge.hpp"
#include "fetch/part.hpp"
#include "fetch/transfer.hpp"

#include <boost/asio/this_coro.hpp>

#include <fcntl.h>

#include <cerrno>
#include <memory>
#include <string>
#include <utility>

namespace seedhook {
namespace {

constexpr duration until_asked_again = std::chrono::seconds(30);

// A video that lies whole in the spool and is read again, for its hash.
struct review {
    explicit review(bool check) : sum(check) {}

    std::filesystem::path folder;
    unique_fd file;
    std::uint64_t size = 0;
    tally sum;

    // False when it is not there.
    result<bool> open(const std::filesystem::path& path) {
        file = unique_fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
        const off_t end = file ? ::lseek(file.get(), 0, SEEK_END) : -1;
        if (end < 0) {
            return errno == ENOENT || errno == ENOTDIR ? result<bool>(false)
                                                       : errno_error("opening " + path.string(), errno);
        }
        size = static_cast<std::uint64_t>(end);
        folder = path.parent_path();
        return true;
    }

    // The next piece; true once the file is known to be whole, and to be there after a power cut: the crash may have
    // come between its rename and the sync of its folder.
    result<bool> step() {
        auto all = add_piece(sum, file.get(), size);
        if (!all || !*all) {
            return all;
        }
        if (auto whole = sum.whole(); !whole) {
            return whole.error();
        }
        auto synced = sync_folder(folder);
        return synced ? result<bool>(true) : synced.error();
    }
};

class fetch_handler final : public handler {
public:
    fetch_handler(config::fetch settings, fetch_context with)
        : settings_(std::move(settings)), with_(std::move(with)) {}

    awaitable<outcome> run(const claimed_job& work) override;

private:
    bool check() const noexcept { return settings_.check == config::fetch::check_kind::mp4; }

    awaitable<std::optional<outcome>> from_spool(std::string name);
    awaitable<verdict> from_network(std::string url, std::string name);
    awaitable<outcome> under_fresh_url(const task& of, std::string name, std::string why);
    awaitable<verdict> transfer_once(std::string url, std::shared_ptr<part_file> part,
                                     std::shared_ptr<spool_claim> room, std::string name);
    awaitable<std::optional<error>> take_up(std::shared_ptr<part_file> part, std::string key);
    awaitable<verdict> finish(std::shared_ptr<part_file> part, std::string name);
    http::client_request request_for(std::string url, const expectation& asked) const;

    config::fetch settings_;
    fetch_context with_;
};

awaitable<outcome> fetch_handler::run(const claimed_job& work) {
    co_await asio::this_coro::throw_if_cancelled(false);
    const std::string name = spool_name(work.of);
    if (with_.videos.path_of(name).empty()) {
        co_return rejected("source and requestId make no name for a file");
    }
    if (auto there = co_await from_spool(name)) {
        co_return std::move(*there);
    }
    if (work.of.video_url.empty()) {
        co_return co_await under_fresh_url(work.of, name, "upstream gave no URL of the video");
    }
    verdict end = co_await from_network(work.of.video_url, name);
    const bool too_early = end.perhaps_too_early && work.work.attempts <= 1;
    if (!end.stale_url || too_early) {
        co_return std::move(end.came_to);
    }
    co_return co_await under_fresh_url(work.of, name, std::get<again>(end.came_to).why);
}

// `why`: what is wrong with the URL that we have, if any.
awaitable<outcome> fetch_handler::under_fresh_url(const task& of, std::string name, std::string why) {
    if (!with_.fresh_url) {
        co_return again(std::move(why));
    }
    const auto fresh = co_await with_.fresh_url(of);
    if (!fresh && fresh.error().code == errc::cancelled) {
        co_return interrupted();
    }
    if (!fresh) {
        const std::string both = why + "; asking for a fresh one: " + fresh.error().message;
        if (fresh.error().code == errc::not_found) {
            co_return again(both);
        }
        not_yet later(both, until_asked_again, duration(0)); // the API's fault is none of the video's
        later.counts = false;
        co_return later;
    }
    if (*fresh == of.video_url) {
        co_return again(why + "; upstream has no other");
    }
    verdict end = co_await from_network(*fresh, name);
    co_return std::move(end.came_to);
}

// After a crash between a fetch's rename and its commit the video is there already: the final name means whole.
awaitable<std::optional<outcome>> fetch_handler::from_spool(std::string name) {
    auto state = std::make_shared<review>(check());
    auto open = [state, path = with_.videos.path_of(name)] { return state->open(path); };
    const auto there = co_await with_.disk.run(std::move(open));
    if (!there) {
        co_return judge_disk_error(there.error()).came_to;
    }
    if (!*there) {
        co_return std::nullopt;
    }
    for (;;) {
        if (co_await cancelled()) {
            co_return outcome(interrupted{});
        }
        auto step = [state] { return state->step(); };
        const auto all = co_await with_.disk.run(std::move(step));
        if (!all && all.error().code == errc::invalid) {
            auto remove = [this, name] { return with_.videos.remove(name); };
            const auto removed = co_await with_.disk.run(std::move(remove));
            co_return removed ? std::nullopt : std::optional(judge_disk_error(removed.error()).came_to);
        }
        if (!all) {
            co_return judge_disk_error(all.error()).came_to;
        }
        if (*all) {
            video_file video;
            video.name = name;
            video.size = state->size;
            video.sha256 = state->sum.sha256();
            video.content_type = "video/mp4";
            co_return outcome(done(std::move(video)));
        }
    }
}

awaitable<verdict> fetch_handler::from_network(std::string url, std::string name) {
    // Nobody is asked for bytes that have no room.
    auto reserve = [this, name]() -> result<std::shared_ptr<spool_claim>> {
        if (auto room = with_.videos.room_for(1); !room) {
            return room.error();
        }
        auto claim = with_.videos.claim(name);
        return claim ? result<std::shared_ptr<spool_claim>>(std::move(*claim)) : claim.error();
    };
    auto room = co_await with_.disk.run(std::move(reserve));
    if (!room) {
        co_return judge_disk_error(room.error());
    }
    auto open = [whole = with_.videos.path_of(name), check = check()] { return part_file::open(whole, check); };
    auto part = co_await with_.disk.run(std::move(open));
    if (!part) {
        co_return judge_disk_error(part.error());
    }
    for (bool second = false;; second = true) {
        verdict end = co_await transfer_once(url, *part, *room, name);
        const bool once_more = end.start_over && !second && !co_await cancelled();
        auto settle = [file = *part, claim = once_more ? nullptr : std::move(*room), fate = end.part,
                       once_more]() mutable {
            if (once_more) {
                return file->restart(part_note());
            }
            fate == part_fate::keep ? file->keep() : file->discard();
            claim.reset(); // here, as it looks at the disk
            return result<void>();
        };
        const auto settled = co_await with_.disk.run(std::move(settle));
        if (!once_more) {
            co_return end;
        }
        if (!settled) {
            co_return judge_disk_error(settled.error());
        }
    }
}

http::client_request fetch_handler::request_for(std::string url, const expectation& asked) const {
    http::client_request request;
    request.url = std::move(url);
    request.fields.emplace_back("Accept", "*/*");
    request.fields.emplace_back("Accept-Encoding", "identity");
    if (asked.from > 0) {
        request.fields.emplace_back("Range", "bytes=" + std::to_string(asked.from) + "-");
        request.fields.emplace_back("If-Range", asked.validator);
    }
    return request;
}

// Reads what an earlier transfer left, so that `part` can be appended to. An error when that failed or we are to stop.
awaitable<std::optional<error>> fetch_handler::take_up(std::shared_ptr<part_file> part, std::string key) {
    auto look = [part, key] { return part->resume(key); };
    auto left = co_await with_.disk.run(std::move(look));
    if (!left) {
        co_return left.error();
    }
    for (bool all = *left == 0; !all;) {
        if (co_await cancelled()) {
            co_return error(errc::cancelled, "told to stop");
        }
        auto reread = [part]() -> result<bool> {
            auto read = part->reread();
            if (read || read.error().code != errc::invalid) {
                return read;
            }
            auto emptied = part->restart(part_note()); // what is there is no part of an MP4
            return emptied ? result<bool>(true) : emptied.error();
        };
        const auto read = co_await with_.disk.run(std::move(reread));
        if (!read) {
            co_return read.error();
        }
        all = *read;
    }
    co_return std::nullopt;
}

awaitable<verdict> fetch_handler::transfer_once(std::string url, std::shared_ptr<part_file> part,
                                                std::shared_ptr<spool_claim> room, std::string name) {
    const std::string key = url_key(url);
    if (auto failed = co_await take_up(part, key)) {
        co_return judge_disk_error(*failed);
    }
    expectation asked;
    asked.from = part->size();
    asked.total = part->note().total;
    asked.validator = part->note().validator;
    asked.max_bytes = settings_.max_bytes;
    asked.check = check();
    if (asked.from > 0 && asked.total == asked.from) {
        co_return co_await finish(part, name);
    }
    http::client_request request = request_for(std::move(url), asked);
    const auto home = co_await asio::this_coro::executor;
    transfer body(home, part, room, std::move(asked), key, with_.disk, with_.counts);
    const auto answer = co_await with_.client.download(std::move(request), body);
    co_await body.flush();
    if (auto stopped = body.stopped()) {
        co_return std::move(*stopped);
    }
    if (!answer) {
        const bool stopping = co_await cancelled();
        co_return stopping ? verdict(interrupted{}, part_fate::keep) : judge_transfer_error(answer.error());
    }
    if (body.cut_short()) {
        co_return verdict(
            again("the video's server sent " + std::to_string(body.position()) + " bytes and then stopped"),
            part_fate::keep);
    }
    co_return co_await finish(part, name);
}

// All bytes have come.
awaitable<verdict> fetch_handler::finish(std::shared_ptr<part_file> part, std::string name) {
    auto bring_home = [part] { return part->finish(); };
    auto hash = co_await with_.disk.run(std::move(bring_home));
    if (!hash) {
        co_return judge_disk_error(hash.error());
    }
    video_file video;
    video.name = name;
    video.size = part->size();
    video.sha256 = std::move(*hash);
    video.content_type = part->note().content_type;
    co_return verdict(done(std::move(video)), part_fate::drop);
}

} // namespace

std::shared_ptr<handler> make_fetch_handler(config::fetch settings, fetch_context with) {
    return std::make_shared<fetch_handler>(std::move(settings), std::move(with));
}

} // namespace seedhook
