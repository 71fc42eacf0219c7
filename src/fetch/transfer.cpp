// Double buffering between the network and the disk.
#include "fetch/transfer.hpp"

#include "seedhook/config/size.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <exception>

namespace seedhook {
namespace {

// Two for each transfer. Larger ones are memory to be had anew for each short video.
constexpr std::size_t piece_size = std::size_t{256} << 10;

// What a piece comes back with.
struct written {
    std::optional<error> failed;
    std::vector<char> buffer; // for the next piece
};

} // namespace

struct transfer::line {
    line(const asio::any_io_executor& home, std::shared_ptr<part_file> to, std::shared_ptr<spool_claim> hold,
         blocking_pool& threads)
        : part(std::move(to)), room(std::move(hold)), disk(threads), idle(home, asio::steady_timer::time_point::max()) {
    }

    // On a thread of the disk's.
    std::optional<error> write(std::span<const char> data) {
        const std::uint64_t end = part->size() + data.size();
        if (auto extended = room->extend(end); !extended) {
            return extended.error();
        }
        auto appended = part->append(data);
        room->on_disk(std::max(taken, part->size()));
        return appended ? std::nullopt : std::optional(appended.error());
    }

    // Room and blocks for the whole file, before any of it comes.
    result<void> prepare(std::uint64_t total) {
        if (auto extended = room->extend(total); !extended) {
            return extended;
        }
        const auto allocated = part->preallocate(total);
        if (!allocated) {
            return allocated.error();
        }
        if (*allocated) {
            taken = total;
            room->on_disk(total);
        }
        return {};
    }

    std::shared_ptr<part_file> part;
    std::shared_ptr<spool_claim> room;
    blocking_pool& disk;
    std::uint64_t taken = 0; // on the disk for the part, ahead of its length
    bool busy = false;
    std::optional<error> failed;
    std::exception_ptr thrown;
    std::vector<char> spare;
    asio::steady_timer idle; // cancelled when a piece is done
};

transfer::transfer(asio::any_io_executor home, std::shared_ptr<part_file> part, std::shared_ptr<spool_claim> room,
                   expectation asked, std::string url_key, blocking_pool& disk, metrics& counts)
    : home_(std::move(home)), asked_(std::move(asked)), url_key_(std::move(url_key)), counts_(counts),
      line_(std::make_shared<line>(home_, std::move(part), std::move(room), disk)), position_(asked_.from) {}

// The error is only for the client, which then lets the connection go.
error transfer::stop(verdict why) {
    stopped_ = std::move(why);
    return error(errc::cancelled, "the body is not wanted");
}

awaitable<result<void>> transfer::begin(const http::client_response& head) {
    auto judged = judge_head(head, asked_, system_clock().now());
    if (auto* no = std::get_if<verdict>(&judged)) {
        co_return stop(std::move(*no));
    }
    accepted_ = std::get<acceptance>(judged);
    position_ = accepted_->from;
    std::optional<part_note> fresh; // when the body is not the rest of what is there
    if (accepted_->from == 0) {
        fresh.emplace();
        fresh->url_key = url_key_;
        fresh->validator = strong_validator(head);
        fresh->total = accepted_->total;
        fresh->content_type = media_type(head);
    }
    auto prepare = [to = line_, note = std::move(fresh), total = accepted_->total]() -> result<void> {
        if (note) {
            to->room->on_disk(0);
            if (auto restarted = to->part->restart(*note); !restarted) {
                return restarted;
            }
        }
        return total ? to->prepare(*total) : result<void>();
    };
    if (auto prepared = co_await line_->disk.run(std::move(prepare)); !prepared) {
        co_return stop(judge_disk_error(prepared.error()));
    }
    co_return result<void>();
}

awaitable<result<void>> transfer::write(std::span<const char> data) {
    position_ += data.size();
    if (accepted_->total && position_ > *accepted_->total) {
        co_return stop(verdict(again("the video's server sent more than it had announced"), part_fate::drop));
    }
    if (position_ > asked_.max_bytes) {
        co_return stop(
            verdict(rejected("the video is larger than fetch.max_bytes = " + config::size_text(asked_.max_bytes)),
                    part_fate::drop));
    }
    while (!data.empty()) {
        if (filling_.capacity() == 0) {
            filling_ = std::move(line_->spare);
            filling_.clear();
            filling_.reserve(piece_size);
        }
        const auto take = std::min(data.size(), piece_size - filling_.size());
        filling_.insert(filling_.end(), data.begin(), data.begin() + static_cast<std::ptrdiff_t>(take));
        data = data.subspan(take);
        if (filling_.size() < piece_size) {
            continue;
        }
        // A cancelled coroutine whose client lets cancellation throw must not come to the next co_await.
        if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none) {
            co_return error(errc::cancelled, "the transfer was cancelled");
        }
        co_await idle();
        if (line_->failed) {
            co_return error(errc::cancelled, "the disk does not take the body");
        }
        hand_over();
    }
    co_return result<void>();
}

// Gives the full buffer to the disk. It must be idle.
void transfer::hand_over() {
    counts_.fetched_bytes(filling_.size());
    line_->busy = true;
    auto done = [to = line_](std::exception_ptr thrown) {
        to->thrown = thrown;
        to->busy = false;
        to->idle.cancel();
    };
    asio::co_spawn(home_, write_piece(line_, std::exchange(filling_, {})), std::move(done));
}

awaitable<> transfer::write_piece(std::shared_ptr<line> to, std::vector<char> piece) {
    auto job = [to, bytes = std::move(piece)]() mutable {
        written back;
        back.failed = to->write(bytes);
        back.buffer = std::move(bytes);
        return back;
    };
    written back = co_await to->disk.run(std::move(job));
    to->failed = std::move(back.failed);
    to->spare = std::move(back.buffer);
}

// Waits for the piece under way, cancelled or not.
awaitable<> transfer::idle() {
    while (line_->busy) {
        boost::system::error_code woken;
        co_await line_->idle.async_wait(
            asio::bind_cancellation_slot(asio::cancellation_slot(), asio::redirect_error(asio::use_awaitable, woken)));
    }
    if (line_->thrown) {
        std::rethrow_exception(line_->thrown);
    }
}

awaitable<> transfer::flush() {
    co_await idle();
    if (!line_->failed && !stopped_ && !filling_.empty()) {
        hand_over();
        co_await idle();
    }
}

std::optional<verdict> transfer::stopped() const {
    if (!stopped_ && line_->failed) {
        return judge_disk_error(*line_->failed);
    }
    return stopped_;
}

} // namespace seedhook
