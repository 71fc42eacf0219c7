// A body on its way into a part file: the network fills one buffer while the disk's threads write, hash and check the
// other.
#pragma once

#include "fetch/judge.hpp"
#include "fetch/part.hpp"
#include "seedhook/async/blocking_pool.hpp"
#include "seedhook/fetch/spool.hpp"
#include "seedhook/http/client.hpp"
#include "seedhook/metrics/metrics.hpp"

#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace seedhook {

// Used on one thread. Pieces that are still being written own what they touch, so that it may go at any time; `disk`
// and `counts` must outlive it and them.
class transfer final : public http::byte_sink {
public:
    transfer(asio::any_io_executor home, std::shared_ptr<part_file> part, std::shared_ptr<spool_claim> room,
             expectation asked, std::string url_key, blocking_pool& disk, metrics& counts);

    awaitable<result<void>> begin(const http::client_response& head) override;
    awaitable<result<void>> write(std::span<const char> data) override;

    // Writes what has come and waits for the disk. To be called once the download is over, well or badly.
    awaitable<> flush();

    // Why it has ended early by our own will; nothing when it has not. After `flush`.
    std::optional<verdict> stopped() const;

    // True when fewer bytes came than the answer's head had told.
    bool cut_short() const noexcept { return accepted_ && accepted_->total && position_ < *accepted_->total; }
    std::uint64_t position() const noexcept { return position_; }

private:
    struct line; // to the disk, shared with the piece under way
    static awaitable<> write_piece(std::shared_ptr<line> to, std::vector<char> piece);
    awaitable<> idle();
    void hand_over();
    error stop(verdict why);

    asio::any_io_executor home_;
    expectation asked_;
    std::string url_key_;
    metrics& counts_;
    std::shared_ptr<line> line_;
    std::vector<char> filling_;
    std::optional<acceptance> accepted_;
    std::optional<verdict> stopped_;
    std::uint64_t position_ = 0; // in the file
};

} // namespace seedhook
