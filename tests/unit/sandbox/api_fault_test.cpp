// Faults of answers: which calls they befall, and what becomes of the answer.
#include "sandbox/api_fault.hpp"

#include "run_coroutine.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <chrono>
#include <set>
#include <string>

using namespace seedhook;
using namespace seedhook::sandbox;

namespace {

constexpr std::uint64_t many = 4000;
const std::string whole = R"({"success":true,"requestId":"req_1","status":"queued"})";

api_fault fault(fault_kind kind, std::uint64_t form = 0) { return {kind, form, duration(40)}; }

struct received {
    std::string body;
    std::size_t pieces = 0;
    bool broken = false;
};

awaitable<received> read_all(http::response answer) {
    received r;
    std::array<char, 4096> buffer{};
    for (;;) {
        const result<std::size_t> count = co_await answer.stream->read(buffer);
        if (!count || *count == 0) {
            r.broken = !count;
            co_return r;
        }
        r.body.append(buffer.data(), *count);
        ++r.pieces;
    }
}

received read_spoilt(const api_fault& by) {
    http::response answer = spoil(http::json_response(200, whole), by);
    BOOST_REQUIRE(answer.stream);
    BOOST_TEST(*answer.stream_length == whole.size());
    return test::run_coroutine(read_all(std::move(answer)));
}

double share_of(const options& o, fault_kind kind, call_kind on = call_kind::status) {
    unsigned count = 0;
    for (std::uint64_t n = 0; n < many; ++n) {
        count += choose_fault(o, n, on).kind == kind ? 1U : 0U;
    }
    return static_cast<double>(count) / static_cast<double>(many);
}

} // namespace

BOOST_AUTO_TEST_CASE(faults_follow_from_the_seed_and_come_as_often_as_asked) {
    const auto near = [](double share, double wanted) { return share > wanted - 0.03 && share < wanted + 0.03; };
    options o;
    o.cut = 0.3;
    BOOST_TEST(near(share_of(o, fault_kind::cut), 0.3));
    BOOST_TEST(near(share_of(o, fault_kind::none), 0.7));
    BOOST_TEST(share_of(o, fault_kind::cut) == share_of(o, fault_kind::cut));
    for (std::uint64_t n = 0; n < 100; ++n) {
        const api_fault a = choose_fault(o, n, call_kind::status);
        const api_fault b = choose_fault(o, n, call_kind::submit);
        BOOST_REQUIRE((a.kind == b.kind && a.form == b.form));
    }
    o.hang = 1;
    BOOST_TEST(share_of(o, fault_kind::hang) == 1.0);
    BOOST_TEST(share_of(options(), fault_kind::none) == 1.0);
}

BOOST_AUTO_TEST_CASE(faults_befall_the_chosen_kinds_of_calls_only) {
    options o;
    o.garbage = 1;
    o.faults_on = {"submit", "cancel"};
    BOOST_TEST(share_of(o, fault_kind::garbage, call_kind::submit) == 1.0);
    BOOST_TEST(share_of(o, fault_kind::garbage, call_kind::cancel) == 1.0);
    BOOST_TEST(share_of(o, fault_kind::garbage, call_kind::status) == 0.0);
    BOOST_TEST(share_of(o, fault_kind::garbage, call_kind::models) == 0.0);
}

BOOST_AUTO_TEST_CASE(without_a_fault_the_answer_stays_as_it_is) {
    const http::response answer = spoil(http::json_response(200, whole), api_fault());
    BOOST_TEST(answer.body == whole);
    BOOST_TEST(!answer.stream);
}

BOOST_AUTO_TEST_CASE(a_cut_answer_promises_more_than_it_holds) {
    const received r = read_spoilt(fault(fault_kind::cut));
    BOOST_TEST(r.broken);
    BOOST_TEST(r.body == whole.substr(0, whole.size() / 2));
}

BOOST_AUTO_TEST_CASE(a_slow_answer_is_whole_and_comes_late_or_in_drips) {
    for (const std::uint64_t form : {0U, 1U}) {
        const auto begin = std::chrono::steady_clock::now();
        const received r = read_spoilt(fault(fault_kind::slow, form));
        BOOST_TEST(r.body == whole);
        BOOST_TEST(!r.broken);
        BOOST_TEST((r.pieces == 1) == (form == 0));
        BOOST_TEST((std::chrono::steady_clock::now() - begin >= duration(20)));
    }
}

BOOST_AUTO_TEST_CASE(server_errors_come_with_and_without_the_documented_body) {
    std::set<std::string> bodies;
    for (std::uint64_t form = 0; form < 3; ++form) {
        const http::response answer = spoil(http::response(), fault(fault_kind::server_error, form));
        BOOST_TEST(answer.status == 500U);
        bodies.insert(answer.body);
    }
    BOOST_TEST(bodies.size() == 3U);
    BOOST_TEST(
        bodies.contains(R"({"success":false,"error":{"code":"internal_error","message":"Something went wrong"}})"));
}

BOOST_AUTO_TEST_CASE(garbage_is_never_json) {
    std::set<unsigned> statuses;
    for (std::uint64_t form = 0; form < 4; ++form) {
        const http::response answer = spoil(http::json_response(200, whole), fault(fault_kind::garbage, form));
        boost::system::error_code failed;
        boost::json::parse(answer.body, failed);
        BOOST_TEST(failed.failed());
        statuses.insert(answer.status);
    }
    BOOST_TEST((statuses == std::set<unsigned>{200, 502}));
}
