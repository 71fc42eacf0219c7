// A machine whose environment, files, clock and metadata services are written down.
#pragma once

#include "file_text.hpp"
#include "run_coroutine.hpp"
#include "sinks/s3/credential_source.hpp"
#include "temp_folder.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/test/unit_test.hpp>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace seedhook::s3 {

using kind = config::s3_credentials::source_kind;

class turned_clock final : public clock {
public:
    time_point at = parse_rfc3339("2026-11-22T10:00:00Z").value();
    time_point now() const noexcept override { return at; }
};

// Answers what is written down, in order; while `held`, only once `release` was called.
class scripted_metadata final : public http::client {
public:
    std::deque<result<http::client_response>> answers;
    std::vector<http::client_request> asked;
    bool held = false;

    void will_answer(unsigned status, std::string body) {
        http::client_response answer;
        answer.status = status;
        answer.body = std::move(body);
        answers.emplace_back(std::move(answer));
    }
    void will_fail(errc code) { answers.emplace_back(error(code, "169.254.169.254: no answer")); }

    void release() {
        held = false;
        for (const auto& gate : gates_) {
            gate->cancel();
        }
        gates_.clear();
    }

    awaitable<result<http::client_response>> send(http::client_request what) override {
        asked.push_back(std::move(what));
        if (held) {
            const auto executor = co_await asio::this_coro::executor;
            const auto gate = std::make_shared<asio::steady_timer>(executor, asio::steady_timer::time_point::max());
            gates_.push_back(gate);
            boost::system::error_code ignored;
            co_await gate->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
            const bool stop = co_await cancelled();
            if (stop) {
                co_return error(errc::cancelled, "cancelled");
            }
        }
        if (answers.empty()) {
            throw std::logic_error("an unexpected request for " + asked.back().url);
        }
        auto answer = std::move(answers.front());
        answers.pop_front();
        co_return answer;
    }
    awaitable<result<http::client_response>> download(http::client_request, http::byte_sink&) override {
        throw std::logic_error("nobody downloads");
    }
    void close() override {}

private:
    std::vector<std::shared_ptr<asio::steady_timer>> gates_;
};

struct machine {
    std::map<std::string, std::string> environment;
    scripted_metadata metadata;
    blocking_pool disk{1};
    turned_clock time;
    test::temp_folder home;
    config::s3_credentials settings;
    std::shared_ptr<credential_source> source; // made at the first `get`

    explicit machine(kind which = kind::automatic) {
        settings.source = which;
        environment["HOME"] = home.path().string();
    }

    void write(const std::string& file, std::string_view text) { test::write_file(home.path() / file, text); }

    std::shared_ptr<credential_source> made() {
        credential_context with{[this](const std::string& name) -> std::optional<std::string> {
                                    const auto found = environment.find(name);
                                    return found == environment.end() ? std::nullopt : std::optional(found->second);
                                },
                                metadata, disk, time};
        return make_credential_source(settings, std::move(with));
    }
    result<credentials> get() {
        if (!source) {
            source = made();
        }
        return test::run_coroutine(source->get());
    }
    // The access key's id, or the error: `not_found: …`.
    std::string id() {
        const auto got = get();
        return got ? got->access_key_id : std::string(to_string(got.error().code)) + ": " + got.error().message;
    }
};

inline bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

inline std::string field_of(const http::client_request& request, std::string_view name) {
    for (const auto& [key, value] : request.fields) {
        if (http::same_name(key, name)) {
            return value;
        }
    }
    return {};
}

// What services hand out.
inline std::string document(std::string_view id, std::string_view expiration) {
    return R"({"Code":"Success","AccessKeyId":")" + std::string(id) +
           R"(","SecretAccessKey":"open-sesame","Token":"t+/=","Expiration":")" + std::string(expiration) + "\"}";
}

} // namespace seedhook::s3
