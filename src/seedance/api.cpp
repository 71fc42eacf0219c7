// The calls themselves: what is sent, and to whom the answer is given to be read.
#include "seedhook/seedance/api.hpp"

#include "seedance/api_answer.hpp"

#include <utility>

namespace seedhook::seedance {
namespace {

constexpr std::string_view generations = "/api/open/v1/video/generations";
constexpr std::string_view models_path = "/api/open/v1/models";

std::string path_of(std::string_view request_id) { return std::string(generations).append("/").append(request_id); }

class open_api final : public api {
public:
    open_api(http::client& client, api_address address, const clock& time)
        : client_(client), address_(std::move(address)), reader_(address_, time) {}
    open_api(const open_api&) = delete;
    open_api& operator=(const open_api&) = delete;

    awaitable<api_result<submitted>> submit(std::string body) override {
        http::client_request what = request("POST", generations);
        what.fields.emplace_back("Content-Type", "application/json");
        what.body = std::move(body);
        auto answer = co_await client_.send(std::move(what));
        co_return reader_.submission(std::move(answer));
    }

    awaitable<api_result<api_report>> status(std::string request_id) override {
        if (!valid_request_id(request_id)) {
            co_return answer_reader::no_request_id();
        }
        http::client_request what = request("GET", path_of(request_id));
        auto answer = co_await client_.send(std::move(what));
        co_return reader_.status(std::move(answer), request_id);
    }

    awaitable<api_result<api_report>> cancel(std::string request_id) override {
        if (!valid_request_id(request_id)) {
            co_return answer_reader::no_request_id();
        }
        http::client_request what = request("POST", path_of(request_id) + "/cancel");
        auto answer = co_await client_.send(std::move(what));
        co_return reader_.cancellation(std::move(answer), request_id);
    }

    awaitable<api_result<std::string>> models() override {
        http::client_request what = request("GET", models_path);
        auto answer = co_await client_.send(std::move(what));
        co_return reader_.models(std::move(answer));
    }

private:
    http::client_request request(std::string method, std::string_view path) const {
        http::client_request what = address_.request(std::move(method), path);
        what.fields.emplace_back("Accept", "application/json");
        return what;
    }

    http::client& client_;
    api_address address_;
    answer_reader reader_; // refers to address_
};

} // namespace

http::client_settings api_client_settings() {
    http::client_settings s;
    s.addresses.public_only = false;
    s.https_only = false;
    s.max_redirects = 0;
    s.header_timeout = std::chrono::seconds(20);
    s.idle_timeout = std::chrono::seconds(10);
    s.total_timeout = std::chrono::seconds(30);
    s.user_agent = "seedhook";
    return s;
}

std::unique_ptr<api> make_api(http::client& client, api_address address, const clock& time) {
    return std::make_unique<open_api>(client, std::move(address), time);
}

} // namespace seedhook::seedance
