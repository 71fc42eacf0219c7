// Runners as children of the daemon. A socket is all that ties the two: its end tells a runner that the daemon is gone,
// in whatever way.
#include "sinks/exec/run.hpp"

#include "sinks/exec/family.hpp"
#include "sinks/exec/output.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <sys/socket.h>

#include <csignal>
#include <cstring>
#include <memory>
#include <utility>

namespace seedhook::exec {
namespace {

constexpr duration grace = std::chrono::seconds(10);
constexpr duration short_grace = std::chrono::seconds(2);
constexpr duration runners_grace = std::chrono::seconds(15); // it gives up what cannot be ended after 10
constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

// A runner that was started, and what ends its hook step by step.
class run final : public std::enable_shared_from_this<run> {
public:
    run(const asio::any_io_executor& executor, runner& started)
        : socket(executor, asio::local::stream_protocol(), started.socket.release()),
          process(executor, started.pidfd.release()), pid_(started.pid), timer_(executor) {}

    void begin(duration limit) { insist_after(limit); }

    void stop(bool at_once) {
        if (step_ == 0) {
            asked_ = end_reason::interrupted;
            insist();
            if (at_once) {
                insist_after(short_grace);
            }
        } else if (step_ == 1 && at_once) {
            insist();
        }
    }

    // The runner has said all it had to say, and must end.
    void expect_end() {
        step_ = 2;
        insist_after(runners_grace);
    }

    // It has ended.
    void over() {
        timer_.cancel();
        over_ = true;
    }

    end_reason asked() const noexcept { return asked_; }

    asio::local::stream_protocol::socket socket;
    asio::posix::stream_descriptor process;

private:
    void insist_after(duration d) {
        timer_.expires_after(d);
        timer_.async_wait([self = shared_from_this()](const boost::system::error_code& cancelled) {
            if (!cancelled && !self->over_) {
                self->insist();
            }
        });
    }

    // The runner is our child and was not waited for: its number is its own. A hook of the same user may have stopped
    // it.
    void insist() {
        if (step_ >= 2) {
            ::kill(pid_, SIGKILL);
            return;
        }
        asked_ = asked_ == end_reason::none ? end_reason::timed_out : asked_;
        const char word = step_ == 0 ? end_word : kill_word;
        ::send(socket.native_handle(), &word, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
        ::kill(pid_, SIGCONT);
        ++step_;
        insist_after(step_ == 1 ? grace : runners_grace);
    }

    const pid_t pid_;
    asio::steady_timer timer_;
    end_reason asked_ = end_reason::none;
    int step_ = 0; // 1: it was asked to end the hook, 2: told to
    bool over_ = false;
};

// Hands cancellation on. False when `failure` is another one.
awaitable<bool> handed_on(const boost::system::error_code& failure, run& to) {
    if (failure != asio::error::operation_aborted) {
        co_return false;
    }
    const auto state = co_await asio::this_coro::cancellation_state;
    to.stop((state.cancelled() & asio::cancellation_type::terminal) != asio::cancellation_type::none);
    co_return true;
}

// What the runner says up to the end of its socket.
awaitable<std::string> hear(run& from) {
    std::string said;
    std::string piece(4096, '\0');
    while (said.size() <= sizeof(report) + most_output) {
        const auto [failure, size] = co_await from.socket.async_read_some(asio::buffer(piece), quietly);
        said.append(piece, 0, size);
        if (failure) {
            const bool goes_on = co_await handed_on(failure, from);
            if (!goes_on) {
                break;
            }
        }
    }
    co_return said;
}

awaitable<void> ended(run& of) {
    for (;;) {
        const auto [failure] = co_await of.process.async_wait(asio::posix::stream_descriptor::wait_read, quietly);
        const bool again = co_await handed_on(failure, of);
        if (!again) {
            co_return;
        }
    }
}

} // namespace

awaitable<hook_end> run_hook_of(const order& what, duration limit) {
    const auto executor = co_await asio::this_coro::executor;
    hook_end end;
    runner started = start_runner();
    if (started.failure != 0) {
        end.start_errno = started.failure;
        co_return end;
    }
    const auto present = std::make_shared<run>(executor, started);
    present->begin(limit);
    const std::string words = encode(what);
    const auto [failure, size] = co_await asio::async_write(present->socket, asio::buffer(words), quietly);
    std::string said;
    if (failure) { // it has ended, or we are to stop: without its order it does nothing
        co_await handed_on(failure, *present);
    } else {
        said = co_await hear(*present);
    }
    present->socket.close();
    present->expect_end();
    co_await ended(*present);
    present->over();
    forget_runner(started.pid);
    end.asked = present->asked();
    if (said.size() >= sizeof(report)) {
        std::memcpy(&end.said.emplace(), said.data(), sizeof(report));
        end.output = said.substr(sizeof(report));
    }
    if (!end.said || end.said->left_running != 0 || strays_left()) {
        co_await end_strays(end.said ? duration(0) : patience_with_strays);
    }
    co_return end;
}

} // namespace seedhook::exec
