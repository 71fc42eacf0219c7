// A front desk between a store in memory and an upstream whose answers are written down beforehand.
#pragma once

#include "memory_store.hpp"
#include "run_coroutine.hpp"
#include "seedhook/gateway/front_desk.hpp"

#include <boost/test/unit_test.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace seedhook::test {

inline const std::string api_key = "sd2_live_7f3b9c2e51a84d60";
inline const std::string taken = R"({"success":true,"requestId":"req_1","status":"queued","creditsCharged":40})";

class fixed_clock final : public clock {
public:
    time_point at{std::chrono::seconds(1000)};
    time_point now() const noexcept override { return at; }
};

class scripted_upstream final : public http::client {
public:
    std::deque<result<http::client_response>> answers;
    std::vector<http::client_request> asked;
    std::function<void()> on_send;

    void will_answer(unsigned status, std::string body, http::field_list fields = {}) {
        http::client_response answer;
        answer.status = status;
        answer.body = std::move(body);
        answer.fields = std::move(fields);
        answers.emplace_back(std::move(answer));
    }
    void will_fail(errc code, std::string message) { answers.emplace_back(error(code, std::move(message))); }

    awaitable<result<http::client_response>> send(http::client_request what) override {
        asked.push_back(std::move(what));
        if (on_send) {
            on_send();
        }
        if (answers.empty()) {
            throw std::logic_error("an unexpected request");
        }
        auto answer = std::move(answers.front());
        answers.pop_front();
        co_return answer;
    }
    // In pieces of four bytes.
    awaitable<result<http::client_response>> download(http::client_request what, http::byte_sink& into) override {
        auto answer = co_await send(std::move(what));
        if (!answer) {
            co_return answer;
        }
        auto going = co_await into.begin(*answer);
        for (std::size_t at = 0; going && at < answer->body.size(); at += 4) {
            const std::string piece = answer->body.substr(at, 4);
            going = co_await into.write(piece);
        }
        if (!going) {
            co_return going.error();
        }
        co_return answer;
    }
    void close() override {}
};

struct gateway_bench {
    memory_store store;
    scripted_upstream api;
    fixed_clock time;
    std::shared_ptr<const upstreams> sources;
    std::unique_ptr<front_desk> desk;

    explicit gateway_bench(std::string callback_url = "https://hooks.example/hooks/main",
                           std::vector<std::string> names = {"main"}) {
        auto made = std::make_shared<upstreams>();
        for (const std::string& name : names) {
            const config::secret key(api_key);
            made->push_back({name, seedance::api_address("https://" + name + ".example", key), key, callback_url});
        }
        sources = std::move(made);
        front_desk_context with{store, api, time, {}, {}, {}};
        with.sources = [this] { return sources; };
        with.routes = [] { return std::make_shared<const routing>(std::vector<route>()); };
        with.ask_at = [](const std::string&, const std::string& model, time_point now, callbacks where) {
            return now + std::chrono::seconds(where == callbacks::elsewhere ? 10 : model == "seedance-2.0" ? 90 : 30);
        };
        with.keep_trying = duration(0);
        desk = make_front_desk(std::move(with));
    }

    upstream_answer submit(std::string document = R"({"model":"seedance-2.0","prompt":"a river"})") {
        return run_coroutine(desk->submit("main", std::move(document), "gateway"));
    }
    // The one submission that is noted and not ended; nothing lost has an empty text.
    std::string lost() const { return store.submissions.size() == 1 ? store.submissions.front().lost : "(none)"; }
};

inline std::string field_of(const http::field_list& fields, std::string_view name) {
    for (const auto& [key, value] : fields) {
        if (http::same_name(key, name)) {
            return value;
        }
    }
    return {};
}

inline bool holds(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

} // namespace seedhook::test
