// A sink that keeps in memory what it is given: a stand-in that must itself pass the sinks' contract.
#pragma once

#include "seedhook/crypto/encoding.hpp"
#include "seedhook/crypto/hash.hpp"
#include "seedhook/sinks/sink.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace seedhook::test {

class memory_sink final : public sink {
public:
    struct kept {
        std::optional<std::string> video; // its bytes
        std::string document;
    };

    explicit memory_sink(std::string name) : name_(std::move(name)) {}

    std::string_view name() const noexcept override { return name_; }

    awaitable<outcome> deliver(const delivery& what) override {
        co_await asio::this_coro::throw_if_cancelled(false);
        if (down) {
            co_return blocked("it was told to be down");
        }
        kept one;
        if (what.of.status == task_status::succeeded) {
            if (!what.video || !what.of.video) {
                co_return again("the video is not in the spool");
            }
            std::ifstream in(*what.video, std::ios::binary);
            std::string bytes;
            std::vector<char> piece(std::size_t{1} << 20);
            while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())), in.gcount() > 0) {
                bytes.append(piece.data(), static_cast<std::size_t>(in.gcount()));
                co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
                const auto state = co_await asio::this_coro::cancellation_state;
                if (state.cancelled() != asio::cancellation_type::none) {
                    co_return interrupted{};
                }
            }
            if (bytes.size() != what.of.video->size) {
                co_return again("the video in the spool has changed");
            }
            one.video = std::move(bytes);
        }
        one.document = delivery_document(what, what.video);
        results[what.id] = std::move(one);
        co_return done("memory:" + what.id);
    }

    awaitable<outcome> probe() override {
        if (down) {
            co_return blocked("it was told to be down");
        }
        co_return done("memory");
    }

    bool down = false;
    std::map<std::string, kept> results; // by delivery id

private:
    std::string name_;
};

} // namespace seedhook::test
