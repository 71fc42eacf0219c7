// A rendezvous of two coroutines: the writer waits until the reader has taken everything.
#include "gateway/passage.hpp"

#include "seedhook/log/log.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace seedhook::gateway {
namespace {

error too_large() {
    return {errc::too_large, "upstream's answer is larger than " + std::to_string(most_passed_on >> 20) + " MiB"};
}

error stopped() { return {errc::cancelled, "the answer was broken off"}; }

std::optional<std::uint64_t> length_of(const http::client_response& head) {
    const std::string_view text = head.find("Content-Length").value_or("");
    std::uint64_t length = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), length);
    const bool whole = !text.empty() && failed == std::errc() && end == text.data() + text.size();
    return whole ? std::optional(length) : std::nullopt;
}

class passed_body final : public http::body_source {
public:
    explicit passed_body(std::shared_ptr<passage> from) : from_(std::move(from)) {}
    ~passed_body() override { from_->abandon(); }
    passed_body(const passed_body&) = delete;
    passed_body& operator=(const passed_body&) = delete;

    awaitable<result<std::size_t>> read(std::span<char> into) override { return from_->read(into); }

private:
    std::shared_ptr<passage> from_;
};

} // namespace

passage::passage(asio::any_io_executor executor, const config::secret& key)
    : mask_(key), for_reader_(executor, bell::time_point::max()), for_writer_(executor, bell::time_point::max()) {}

awaitable<> passage::carry(std::shared_ptr<passage> self, http::client& client, http::client_request what) {
    if (self->abandoned_) {
        co_return;
    }
    const auto executor = co_await asio::this_coro::executor;
    auto call = hearing_cancellation(client.download(std::move(what), *self));
    auto ended = co_await asio::co_spawn(executor, std::move(call),
                                         asio::bind_cancellation_slot(self->stop_.slot(), asio::use_awaitable));
    self->end(std::move(ended));
}

// False when the caller was asked to stop.
awaitable<bool> passage::rung(bell& by) {
    const bool asked_before = co_await cancelled();
    if (asked_before) {
        co_return false;
    }
    boost::system::error_code ignored;
    co_await by.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    const bool asked_since = co_await cancelled();
    co_return !asked_since;
}

awaitable<result<http::client_response>> passage::head() {
    while (!head_ && !ended_) {
        const bool go_on = co_await rung(for_reader_);
        if (!go_on) {
            co_return stopped();
        }
    }
    if (ended_ && !*ended_) {
        co_return ended_->error();
    }
    co_return head_ ? *head_ : **ended_;
}

awaitable<result<std::size_t>> passage::read(std::span<char> into) {
    while (ready_.empty() && !ended_) {
        const bool go_on = co_await rung(for_reader_);
        if (!go_on) {
            co_return stopped();
        }
    }
    if (ready_.empty() && !*ended_) {
        log::warning("answer of upstream broken off", {{"reason", ended_->error().message}});
        co_return ended_->error();
    }
    const std::size_t size = std::min(into.size(), ready_.size());
    std::copy_n(ready_.begin(), size, into.begin());
    ready_.erase(0, size);
    if (ready_.empty()) {
        for_writer_.cancel();
    }
    co_return size;
}

void passage::abandon() {
    abandoned_ = true;
    for_writer_.cancel();
    if (!ended_) {
        stop_.emit(asio::cancellation_type::terminal);
    }
}

awaitable<result<void>> passage::begin(const http::client_response& of) {
    if (length_of(of).value_or(0) > most_passed_on) {
        co_return too_large();
    }
    head_ = of;
    for_reader_.cancel();
    co_return result<void>();
}

awaitable<result<void>> passage::write(std::span<const char> data) {
    passed_ += data.size();
    if (passed_ > most_passed_on) {
        co_return too_large();
    }
    ready_ = mask_.pass({data.data(), data.size()});
    for_reader_.cancel();
    while (!ready_.empty() && !abandoned_) {
        const bool go_on = co_await rung(for_writer_);
        if (!go_on) {
            co_return stopped();
        }
    }
    co_return abandoned_ ? result<void>(stopped()) : result<void>();
}

void passage::end(result<http::client_response> how) {
    ready_ += mask_.rest();
    ended_ = std::move(how);
    for_reader_.cancel();
}

awaitable<http::response> pass_through(http::client& client, task_group& running, const upstream& of,
                                       http::client_request what) {
    const auto executor = co_await asio::this_coro::executor;
    const auto through = std::make_shared<passage>(executor, of.key);
    auto body = std::make_unique<passed_body>(through); // from here on whatever ends us ends the transfer
    running.spawn(passage::carry(through, client, std::move(what)), "passing an answer through");
    auto head = co_await through->head();
    if (!head) {
        const std::string why = of.address.shown(head.error().message, 512);
        co_return to_response(head.error().code == errc::invalid ? refusal(400, "invalid_request", why)
                                                                 : no_answer(head.error().code, why));
    }
    http::response answer(head->status);
    answer.content_type = content_type_for_app(*head, of);
    answer.fields = fields_for_app(*head, of);
    answer.stream_length = length_of(*head);
    answer.stream = std::move(body);
    co_return answer;
}

} // namespace seedhook::gateway
