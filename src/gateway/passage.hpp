// An answer of upstream on its way through: what the client downloads is what the server sends, as fast as the slower
// of the two, and never more than one piece of it in memory.
#pragma once

#include "gateway/answer.hpp"
#include "seedhook/async/task_group.hpp"
#include "seedhook/http/client.hpp"
#include "seedhook/http/message.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace seedhook::gateway {

// A body larger than this is broken off.
inline constexpr std::uint64_t most_passed_on = 16 * 1024 * 1024;

// All members on one thread.
class passage final : public http::byte_sink {
public:
    passage(asio::any_io_executor executor, const config::secret& key);

    // Carries the answer to `what` until it ends, fails or is abandoned. `self` keeps the passage meanwhile.
    static awaitable<> carry(std::shared_ptr<passage> self, http::client& client, http::client_request what);

    // Upstream's status and fields, once they are there. To be awaited once, before the first `read`.
    awaitable<result<http::client_response>> head();
    // As http::body_source has it.
    awaitable<result<std::size_t>> read(std::span<char> into);
    // Nobody reads on: the transfer is broken off.
    void abandon();

    awaitable<result<void>> begin(const http::client_response& of) override;
    awaitable<result<void>> write(std::span<const char> data) override;

private:
    using bell = asio::steady_timer; // rung by cancelling it
    static awaitable<bool> rung(bell& by);
    void end(result<http::client_response> how);

    key_mask mask_;
    std::optional<http::client_response> head_;
    std::string ready_; // to be read
    std::uint64_t passed_ = 0;
    std::optional<result<http::client_response>> ended_;
    bool abandoned_ = false;
    bell for_reader_;
    bell for_writer_;
    asio::cancellation_signal stop_;
};

// The answer to `what`, its body streamed. `running` is to be drained once the server has stopped.
awaitable<http::response> pass_through(http::client& client, task_group& running, const upstream& of,
                                       http::client_request what);

} // namespace seedhook::gateway
