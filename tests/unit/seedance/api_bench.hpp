// The API's client on a network whose answers are written down beforehand.
#pragma once

#include "run_coroutine.hpp"
#include "seedhook/seedance/api.hpp"

#include <boost/test/unit_test.hpp>

#include <deque>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace seedhook::test {

using kind = seedance::api_failure::kind;

inline const std::string api_key = "sd2_live_7f3b9c2e51a84d60";
inline const std::string not_known = R"({"success":false,"error":{"code":"not_found","message":"No such task"}})";

class fixed_clock final : public clock {
public:
    time_point at{std::chrono::seconds(784123200)}; // Sun, 06 Nov 1994 12:00:00 GMT
    time_point now() const noexcept override { return at; }
};

class scripted_client final : public http::client {
public:
    std::deque<result<http::client_response>> answers;
    std::vector<http::client_request> asked;

    awaitable<result<http::client_response>> send(http::client_request what) override {
        asked.push_back(std::move(what));
        if (answers.empty()) {
            throw std::logic_error("an unexpected request");
        }
        auto answer = std::move(answers.front());
        answers.pop_front();
        co_return answer;
    }
    awaitable<result<http::client_response>> download(http::client_request, http::byte_sink&) override {
        throw std::logic_error("nobody downloads");
    }
    void close() override {}
};

struct api_bench {
    scripted_client client;
    fixed_clock time;
    std::unique_ptr<seedance::api> api =
        seedance::make_api(client, seedance::api_address("https://api.example/", config::secret(api_key)), time);

    void will_answer(unsigned status, std::string body, http::field_list fields = {}) {
        http::client_response answer;
        answer.status = status;
        answer.body = std::move(body);
        answer.fields = std::move(fields);
        client.answers.emplace_back(std::move(answer));
    }
    void will_fail(errc code, std::string message) { client.answers.emplace_back(error(code, std::move(message))); }

    seedance::api_result<seedance::submitted> submit(std::string body = R"({"prompt":"a river"})") {
        return run_coroutine(api->submit(std::move(body)));
    }
    seedance::api_result<seedance::api_report> status(std::string id = "req_1") {
        return run_coroutine(api->status(std::move(id)));
    }
    seedance::api_result<seedance::api_report> cancel(std::string id = "req_1") {
        return run_coroutine(api->cancel(std::move(id)));
    }
    seedance::api_result<std::string> models() { return run_coroutine(api->models()); }

    // What asking for a task's status comes to after that answer.
    seedance::api_failure failure(unsigned status, std::string body, http::field_list fields = {}) {
        will_answer(status, std::move(body), std::move(fields));
        return must_fail(this->status());
    }

    template <class T>
    static seedance::api_failure must_fail(const seedance::api_result<T>& got) {
        BOOST_REQUIRE_MESSAGE(!got.has_value(), "it should have failed");
        return got.error();
    }
};

inline std::string field_of(const http::client_request& request, std::string_view name) {
    for (const auto& [key, value] : request.fields) {
        if (http::same_name(key, name)) {
            return value;
        }
    }
    return {};
}

inline void expect(const seedance::api_failure& f, kind what, std::string_view part = {}) {
    BOOST_TEST(to_string(f.what) == to_string(what), f.message);
    BOOST_TEST(f.message.find(part) != std::string::npos, f.message);
}

} // namespace seedhook::test
