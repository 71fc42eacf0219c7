// What the webhook sink posts, and what it makes of each answer, with a client that only pretends.
#include "seedhook/sinks/webhook.hpp"

#include "run_coroutine.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace seedhook;
using test::run_coroutine;

namespace {

struct fixed_clock final : clock {
    time_point now() const noexcept override { return time_point(std::chrono::seconds(1614265330)); }
};
const fixed_clock noon;

// Gives the one answer to everything, the body in one piece, and keeps what it was asked.
struct pretended_client final : http::client {
    struct script {
        std::vector<http::client_request> asked;
        std::optional<http::client_response> head; // none: nothing comes before `failure`
        std::string body;
        std::optional<error> failure; // after all else
    };
    explicit pretended_client(script& s) : says(s) {}

    awaitable<result<http::client_response>> send(http::client_request what) override {
        says.asked.push_back(std::move(what));
        co_return says.failure ? result<http::client_response>(*says.failure)
                               : result<http::client_response>(says.head.value());
    }

    awaitable<result<http::client_response>> download(http::client_request what, http::byte_sink& into) override {
        says.asked.push_back(std::move(what));
        if (says.head) {
            (void)co_await into.begin(*says.head);
            const auto written = co_await into.write(says.body);
            if (!written) {
                co_return written.error();
            }
        }
        co_return says.failure ? result<http::client_response>(*says.failure)
                               : result<http::client_response>(says.head.value());
    }

    void close() override {}

    script& says;
};

config::sink app(const std::string& url = "https://app.example/hook?token=t0ken") {
    config::sink s;
    s.name = "app";
    s.type = "webhook";
    s.webhook.emplace();
    s.webhook->url = url;
    s.webhook->secrets = {config::secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")};
    return s;
}

struct scene {
    explicit scene(const config::sink& settings = app())
        : to(make_webhook_sink(settings, std::make_unique<pretended_client>(says), noon).value()) {}

    outcome deliver(std::uint32_t attempt = 1) {
        delivery d;
        d.id = "dlv_1";
        d.sink = "app";
        d.attempt = attempt;
        d.of.source = "main";
        d.of.request_id = "req_1";
        d.of.status = task_status::failed;
        return run_coroutine(to->deliver(d));
    }

    outcome deliver_answered(unsigned status, std::string body = "", http::field_list fields = {}) {
        says.head.emplace();
        says.head->status = status;
        says.head->fields = std::move(fields);
        says.body = std::move(body);
        return deliver();
    }

    pretended_client::script says;
    std::shared_ptr<sink> to;
};

std::string field(const http::client_request& of, const std::string& name) {
    for (const auto& [key, value] : of.fields) {
        if (http::same_name(key, name)) {
            return value;
        }
    }
    return {};
}

std::string why_again(const outcome& o) {
    const auto* a = std::get_if<again>(&o);
    BOOST_REQUIRE(a != nullptr);
    return a->why;
}

} // namespace

BOOST_AUTO_TEST_SUITE(webhook_sink)

BOOST_AUTO_TEST_CASE(the_signed_document_is_posted) {
    auto settings = app();
    settings.webhook->headers.emplace("Authorization", config::secret("Bearer abc"));
    scene s(settings);
    const outcome o = s.deliver_answered(204);
    BOOST_REQUIRE(std::holds_alternative<done>(o));
    BOOST_TEST(std::get<done>(o).where == "HTTP 204 from app.example");
    const http::client_request& sent = s.says.asked.at(0);
    BOOST_TEST(sent.method == "POST");
    BOOST_TEST(sent.url == "https://app.example/hook?token=t0ken");
    BOOST_TEST(field(sent, "content-type") == "application/json");
    BOOST_TEST(field(sent, "webhook-id") == "dlv_1");
    BOOST_TEST(field(sent, "webhook-timestamp") == "1614265330");
    BOOST_TEST(field(sent, "webhook-signature").starts_with("v1,"));
    BOOST_TEST(field(sent, "authorization") == "Bearer abc");
    BOOST_TEST(boost::json::parse(sent.body).at("requestId").as_string() == "req_1");
}

BOOST_AUTO_TEST_CASE(a_later_attempt_differs_in_its_number_alone) {
    scene s;
    s.says.head.emplace();
    s.says.head->status = 200;
    s.deliver(1);
    s.deliver(2);
    std::string second = s.says.asked.at(1).body;
    const std::size_t at = second.find("\"attempt\":2");
    BOOST_REQUIRE(at != std::string::npos);
    second[at + 10] = '1';
    BOOST_TEST(second == s.says.asked.at(0).body);
    BOOST_TEST(field(s.says.asked.at(1), "webhook-id") == field(s.says.asked.at(0), "webhook-id"));
    BOOST_TEST(field(s.says.asked.at(1), "webhook-signature") != field(s.says.asked.at(0), "webhook-signature"));
}

BOOST_AUTO_TEST_CASE(each_status_has_its_outcome) {
    for (const unsigned status : {200U, 201U, 202U, 204U, 299U}) {
        BOOST_TEST(std::holds_alternative<done>(scene().deliver_answered(status)));
    }
    BOOST_TEST(std::holds_alternative<rejected>(scene().deliver_answered(410)));
    for (const unsigned status : {301U, 304U, 400U, 401U, 403U, 404U, 409U, 429U, 500U, 503U, 999U}) {
        BOOST_TEST(std::holds_alternative<again>(scene().deliver_answered(status)));
    }
    BOOST_TEST(why_again(scene().deliver_answered(307)).find("not followed") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_receiver_that_is_busy_says_when) {
    const auto delay = [](unsigned status, const std::string& value) {
        const outcome o = scene().deliver_answered(status, "", {{"Retry-After", value}});
        return std::get<again>(o).after;
    };
    BOOST_TEST((delay(429, "7") == std::chrono::seconds(7)));
    BOOST_TEST((delay(503, "Thu, 25 Feb 2021 15:03:10 GMT") == std::chrono::seconds(60)));
    BOOST_TEST(!delay(503, "soon").has_value());
}

BOOST_AUTO_TEST_CASE(a_reason_tells_the_answers_beginning_on_one_harmless_line) {
    BOOST_TEST(why_again(scene().deliver_answered(500, "no \x1b[2J\nroom")) ==
               "app.example answered 500: no \\x1b[2J\\nroom");
    BOOST_TEST(why_again(scene().deliver_answered(500)) == "app.example answered 500");
    const std::string why = why_again(scene().deliver_answered(500, std::string(100000, 'x')));
    BOOST_TEST(why == "app.example answered 500: " + std::string(200, 'x'));
}

BOOST_AUTO_TEST_CASE(a_reason_never_repeats_what_only_the_receiver_may_know) {
    auto settings = app();
    settings.webhook->secrets.emplace_back("plain-secret-2");
    settings.webhook->headers.emplace("Authorization", config::secret("Bearer s3cr3t-t0ken"));
    const std::string echo = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw plain-secret-2 s3cr3t-t0ken "
                             "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw Bearer s3cr3t-t0ken";
    BOOST_TEST(why_again(scene(settings).deliver_answered(401, echo)) ==
               "app.example answered 401: [hidden] [hidden] [hidden] [hidden] [hidden] [hidden]");
    // Nor what proves something in the URL: the query, and what is too long for a folder's name.
    const auto proofs = app("https://app.example/services/T0/c0ffee00c0ffee00c0ffee?token=t0ken&sig=5166");
    BOOST_TEST(
        why_again(scene(proofs).deliver_answered(404, "/services/T0/c0ffee00c0ffee00c0ffee?token=t0ken&sig=5166")) ==
        "app.example answered 404: /services/T0/[hidden]?[hidden]");
    BOOST_TEST(why_again(scene(proofs).deliver_answered(404, "t0ken")) == "app.example answered 404: [hidden]");
    // Nor the part of one that stands where it is cut.
    const std::string cut = std::string(190, '.') + "s3cr3t-t0ken";
    BOOST_TEST(why_again(scene(settings).deliver_answered(401, cut)).find("s3cr3t") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_status_counts_whatever_becomes_of_the_rest) {
    scene s;
    s.says.failure = error(errc::network, "app.example: cut off");
    BOOST_TEST(std::holds_alternative<done>(s.deliver_answered(200, "o")));
    BOOST_TEST(std::holds_alternative<done>(scene().deliver_answered(200, std::string(1000000, 'x'))));
    scene cancelled;
    cancelled.says.failure = error(errc::cancelled, "cancelled");
    BOOST_TEST(std::holds_alternative<done>(cancelled.deliver_answered(200)));
}

BOOST_AUTO_TEST_CASE(without_an_answer_it_is_tried_again_unless_a_person_must_mend_it) {
    for (const errc code : {errc::network, errc::tls, errc::timed_out, errc::unavailable, errc::protocol}) {
        scene s;
        s.says.failure = error(code, "app.example: reason");
        BOOST_TEST(why_again(s.deliver()) == "app.example: reason");
    }
    scene refused;
    refused.says.failure = error(errc::refused, "app.example: 10.0.0.1: the address is not allowed");
    const outcome o = refused.deliver();
    BOOST_REQUIRE(std::holds_alternative<blocked>(o));
    BOOST_TEST(std::get<blocked>(o).why.find("internal: true") != std::string::npos);
    scene stopped;
    stopped.says.failure = error(errc::cancelled, "cancelled");
    BOOST_TEST(std::holds_alternative<interrupted>(stopped.deliver()));
}

BOOST_AUTO_TEST_CASE(a_probe_posts_only_where_it_may) {
    auto settings = app();
    settings.webhook->headers.emplace("Authorization", config::secret("Bearer abc"));
    scene quiet(settings);
    quiet.says.head.emplace();
    quiet.says.head->status = 404;
    BOOST_TEST(std::holds_alternative<done>(run_coroutine(quiet.to->probe())));
    BOOST_TEST(quiet.says.asked.at(0).method == "HEAD");
    BOOST_TEST(quiet.says.asked.at(0).fields.empty());

    settings.webhook->probe = true;
    scene open(settings);
    open.says.head.emplace();
    open.says.head->status = 200;
    BOOST_TEST(std::holds_alternative<done>(run_coroutine(open.to->probe())));
    BOOST_TEST(std::holds_alternative<done>(run_coroutine(open.to->probe())));
    const http::client_request& sent = open.says.asked.at(0);
    const auto document = boost::json::parse(sent.body);
    BOOST_TEST(sent.method == "POST");
    BOOST_TEST(document.at("probe").as_bool());
    BOOST_TEST(document.at("deliveryId").as_string() == field(sent, "webhook-id"));
    BOOST_TEST(field(sent, "webhook-signature").starts_with("v1,"));
    BOOST_TEST(field(sent, "webhook-id") != field(open.says.asked.at(1), "webhook-id"));
    open.says.head->status = 404;
    BOOST_TEST(std::holds_alternative<again>(run_coroutine(open.to->probe())));
}

BOOST_AUTO_TEST_CASE(only_a_url_that_names_this_machine_leads_there) {
    using boost::asio::ip::make_address;
    const auto permits = [](const std::string& url, const char* address, bool internal = false) {
        auto settings = app(url);
        settings.webhook->internal = internal;
        return webhook_client_settings(*settings.webhook).addresses.permits(make_address(address));
    };
    for (const char* url : {"http://127.0.0.1:8080/", "http://localhost/", "https://[::1]/"}) {
        BOOST_TEST(permits(url, "127.0.0.1"));
        BOOST_TEST(permits(url, "::1"));
        BOOST_TEST(!permits(url, "10.0.0.1"));
    }
    for (const char* address : {"127.0.0.1", "::1", "10.0.0.1", "169.254.169.254", "fd00::1"}) {
        BOOST_TEST(!permits("https://app.example/", address));
        BOOST_TEST(permits("https://app.example/", address, true));
    }
    BOOST_TEST(permits("https://app.example/", "93.184.216.34"));
    BOOST_TEST(webhook_client_settings(*app().webhook).max_redirects == 0U);
}

BOOST_AUTO_TEST_CASE(what_can_never_be_delivered_is_said_at_the_start) {
    const auto refusal = [](const config::sink& settings) {
        pretended_client::script unused;
        const auto made = make_webhook_sink(settings, std::make_unique<pretended_client>(unused));
        return made ? std::string() : made.error().message;
    };
    BOOST_TEST(refusal(app("https://10.1.2.3/x")) ==
               "url: 10.1.2.3 is no public address: say `internal: true` if it is meant");
    BOOST_TEST(refusal(app("https://user:pass@h.example/")).find("pass@") == std::string::npos);
    BOOST_TEST(!refusal(app("https://user:pass@h.example/")).empty());
    auto bad = app();
    bad.webhook->secrets.emplace_back("whsec_not~base64");
    BOOST_TEST(refusal(bad) == "secret: what follows `whsec_` is not base64");
}

BOOST_AUTO_TEST_SUITE_END()
