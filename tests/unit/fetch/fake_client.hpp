// An HTTP client whose answers are written down beforehand.
#pragma once

#include "seedhook/http/client.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <deque>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace seedhook::test {

struct scripted_answer {
    unsigned status = 200;
    http::field_list fields;
    std::string body;
    std::size_t piece = 16 * 1024;   // of the body in one write
    std::optional<error> before;     // instead of an answer
    std::optional<error> after;      // instead of the end of the body
    std::function<void()> then_hang; // after the body: is called, and then nothing comes until cancelled
};

class fake_client final : public http::client {
public:
    std::deque<scripted_answer> answers;
    std::vector<http::client_request> asked;

    awaitable<result<http::client_response>> send(http::client_request) override {
        throw std::logic_error("nobody sends");
    }

    awaitable<result<http::client_response>> download(http::client_request what, http::byte_sink& into) override {
        asked.push_back(std::move(what));
        if (answers.empty()) {
            throw std::logic_error("an unexpected request");
        }
        scripted_answer answer = std::move(answers.front());
        answers.pop_front();
        if (answer.before) {
            co_return *answer.before;
        }
        http::client_response head;
        head.status = answer.status;
        head.fields = answer.fields;
        if (auto begun = co_await into.begin(head); !begun) {
            co_return begun.error();
        }
        for (std::size_t at = 0; at < answer.body.size(); at += answer.piece) {
            // A copy, so that keeping the bytes after the call shows.
            std::vector<char> piece(answer.body.begin() + static_cast<std::ptrdiff_t>(at),
                                    answer.body.begin() +
                                        static_cast<std::ptrdiff_t>(std::min(at + answer.piece, answer.body.size())));
            auto written = co_await into.write(piece);
            std::fill(piece.begin(), piece.end(), '\xdd');
            if (!written) {
                co_return written.error();
            }
        }
        if (answer.then_hang) {
            const auto home = co_await asio::this_coro::executor;
            asio::post(home, answer.then_hang); // once we wait
            asio::steady_timer never(home, asio::steady_timer::time_point::max());
            boost::system::error_code cancelled;
            co_await never.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
            co_return error(errc::cancelled, "cancelled");
        }
        if (answer.after) {
            co_return *answer.after;
        }
        co_return head;
    }

    void close() override {}
};

inline std::string field_of(const http::client_request& request, std::string_view name) {
    for (const auto& [key, value] : request.fields) {
        if (http::same_name(key, name)) {
            return value;
        }
    }
    return {};
}

} // namespace seedhook::test
