// The cases of the sinks' contract.
#include "sink_contract.hpp"

#include "file_text.hpp"
#include "seedhook/crypto/encoding.hpp"
#include "seedhook/crypto/hash.hpp"
#include "temp_folder.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstring>
#include <exception>
#include <filesystem>
#include <utility>

namespace seedhook::test {
namespace {

constexpr std::size_t small = 10'000;
constexpr std::size_t big = 40'000'001; // several pieces for any sink, and no round number

// A destination, and tasks to send there.
struct field {
    explicit field(sink_factory from) : make(std::move(from)), under_test(make()) {}

    // A succeeded task with a video of that size; the content follows from `content`.
    delivery task_with_video(const std::string& request_id, std::size_t size = small, const std::string& content = "") {
        delivery d = task_without_video(request_id);
        std::string bytes(size, '\0');
        std::uint64_t state = std::hash<std::string>()(content.empty() ? request_id : content) | 1;
        for (std::size_t at = 0; at + sizeof state <= size; at += sizeof state) {
            state = state * 6364136223846793005U + 1442695040888963407U;
            std::memcpy(bytes.data() + at, &state, sizeof state);
        }
        d.video = spool.path() / (request_id + ".mp4");
        write_file(*d.video, bytes);
        d.of.status = task_status::succeeded;
        d.of.failure.reset();
        d.of.video_url = "https://videos.example/" + request_id + ".mp4";
        d.of.video.emplace();
        d.of.video->name = "main/" + request_id + ".mp4";
        d.of.video->size = size;
        d.of.video->sha256 = crypto::to_hex(crypto::sha256_of(bytes));
        d.of.video->content_type = "video/mp4";
        return d;
    }

    delivery task_without_video(const std::string& request_id) {
        delivery d;
        d.sink = std::string(under_test->get().name());
        d.id = delivery_id("main", request_id, d.sink);
        d.of.source = "main";
        d.of.request_id = request_id;
        d.of.status = task_status::failed;
        d.of.failure.emplace();
        d.of.failure->message = "no";
        d.of.settled_by = "callback";
        d.of.settled_at = time_point(std::chrono::seconds(1'800'000'000));
        return d;
    }

    struct attempt {
        std::optional<outcome> came_to;
        asio::cancellation_signal stop;
    };

    void start(asio::io_context& context, const delivery& what, attempt& into) {
        auto ended = [&into](std::exception_ptr failed, outcome o) {
            if (failed) {
                std::rethrow_exception(failed);
            }
            into.came_to.emplace(std::move(o));
        };
        asio::co_spawn(context, hearing_cancellation(under_test->get().deliver(what)),
                       asio::bind_cancellation_slot(into.stop.slot(), std::move(ended)));
    }

    outcome deliver(const delivery& what) {
        asio::io_context context(1);
        attempt one;
        start(context, what, one);
        context.run();
        BOOST_REQUIRE(one.came_to.has_value());
        return *one.came_to;
    }

    outcome probe() {
        asio::io_context context(1);
        std::optional<outcome> came_to;
        auto ended = [&](std::exception_ptr failed, outcome o) {
            if (failed) {
                std::rethrow_exception(failed);
            }
            came_to.emplace(std::move(o));
        };
        asio::co_spawn(context, under_test->get().probe(), ended);
        context.run();
        BOOST_REQUIRE(came_to.has_value());
        return *came_to;
    }

    // True when exactly the videos of these deliveries have arrived, each once and whole, with their documents.
    bool arrived(const std::vector<delivery>& expected) {
        std::vector<std::pair<std::string, std::string>> wanted; // id, hash
        std::vector<std::pair<std::string, std::string>> there;
        for (const delivery& d : expected) {
            wanted.emplace_back(d.id, d.of.video ? d.of.video->sha256 : "");
        }
        for (const arrival& a : under_test->arrivals()) {
            if (!a.document) {
                return false;
            }
            const auto document = boost::json::parse(*a.document);
            there.emplace_back(document.at("deliveryId").as_string().c_str(), a.video_sha256.value_or(""));
        }
        std::sort(wanted.begin(), wanted.end());
        std::sort(there.begin(), there.end());
        return wanted == there;
    }

    temp_folder spool;
    sink_factory make;
    std::unique_ptr<sink_under_test> under_test;
};

bool delivered(const outcome& o) { return std::holds_alternative<done>(o); }

bool stays_undone_with_a_reason(const outcome& o) {
    const auto* b = std::get_if<blocked>(&o);
    const auto* a = std::get_if<again>(&o);
    return (b != nullptr && !b->why.empty()) || (a != nullptr && !a->why.empty());
}

void a_video_arrives_whole_with_its_document(field& f) {
    const delivery d = f.task_with_video("req_1");
    const outcome o = f.deliver(d);
    BOOST_REQUIRE(delivered(o));
    BOOST_TEST(!std::get<done>(o).where.empty());
    BOOST_TEST(f.arrived({d}));
}

void a_delivery_that_is_repeated_leaves_one_result(field& f) {
    delivery d = f.task_with_video("req_1");
    const outcome first = f.deliver(d);
    d.attempt = 2;
    const outcome second = f.deliver(d);
    BOOST_REQUIRE((delivered(first) && delivered(second)));
    BOOST_TEST(std::get<done>(first).where == std::get<done>(second).where);
    BOOST_TEST(f.arrived({d}));
}

void deliveries_side_by_side_do_not_meet(field& f) {
    std::vector<delivery> all;
    std::vector<std::unique_ptr<field::attempt>> attempts;
    for (int i = 0; i < 12; ++i) {
        all.push_back(f.task_with_video("req_" + std::to_string(i), small + static_cast<std::size_t>(i)));
    }
    asio::io_context context(1);
    for (const delivery& d : all) {
        f.start(context, d, *attempts.emplace_back(std::make_unique<field::attempt>()));
    }
    context.run();
    for (const auto& one : attempts) {
        BOOST_REQUIRE(one->came_to.has_value());
        BOOST_TEST(delivered(*one->came_to));
    }
    BOOST_TEST(f.arrived(all));
}

void the_same_delivery_side_by_side_leaves_one_result(field& f) {
    const delivery d = f.task_with_video("req_1", big);
    asio::io_context context(1);
    field::attempt one;
    field::attempt other;
    f.start(context, d, one);
    f.start(context, d, other);
    context.run();
    BOOST_REQUIRE((one.came_to && other.came_to));
    BOOST_TEST((delivered(*one.came_to) || delivered(*other.came_to)));
    BOOST_TEST(f.arrived({d}));
    BOOST_TEST(delivered(f.deliver(d)));
    BOOST_TEST(f.arrived({d}));
}

void tasks_with_equal_content_both_arrive(field& f) {
    const std::vector<delivery> all{f.task_with_video("req_1", small, "same"),
                                    f.task_with_video("req_2", small, "same")};
    BOOST_TEST(delivered(f.deliver(all[0])));
    BOOST_TEST(delivered(f.deliver(all[1])));
    BOOST_TEST(f.arrived(all));
}

void a_delivery_stopped_at_any_moment_leaves_nothing_half_made(field& f) {
    bool stopped_once = false;
    const delivery d = f.task_with_video("req_1", big);
    for (std::size_t moment = 0; moment < 12; ++moment) {
        f.under_test = f.make();
        asio::io_context context(1);
        field::attempt one;
        f.start(context, d, one);
        for (std::size_t step = 0; step < moment && !one.came_to; ++step) {
            context.run_one();
        }
        one.stop.emit(moment % 2 == 0 ? asio::cancellation_type::total : asio::cancellation_type::terminal);
        context.run();
        BOOST_REQUIRE(one.came_to.has_value());
        if (delivered(*one.came_to)) {
            BOOST_TEST(f.arrived({d}));
            continue;
        }
        stopped_once = true;
        BOOST_TEST(std::holds_alternative<interrupted>(*one.came_to));
        BOOST_TEST((f.arrived({}) || (f.under_test->only_tells() && f.arrived({d}))));
        BOOST_TEST(delivered(f.deliver(d)));
        BOOST_TEST(f.arrived({d}));
    }
    BOOST_TEST(stopped_once);
}

void a_video_that_is_missing_is_tried_again_later(field& f) {
    if (f.under_test->only_tells()) {
        return;
    }
    const delivery d = f.task_with_video("req_1");
    std::filesystem::remove(*d.video);
    BOOST_TEST(std::holds_alternative<again>(f.deliver(d)));
    delivery without_path = d;
    without_path.video.reset();
    BOOST_TEST(std::holds_alternative<again>(f.deliver(without_path)));
    BOOST_TEST(f.arrived({}));
}

void a_video_of_another_size_than_recorded_is_not_delivered(field& f) {
    if (f.under_test->only_tells()) {
        return;
    }
    const delivery d = f.task_with_video("req_1");
    std::filesystem::resize_file(*d.video, small + 1);
    BOOST_TEST(std::holds_alternative<again>(f.deliver(d)));
    std::filesystem::resize_file(*d.video, small - 1);
    BOOST_TEST(std::holds_alternative<again>(f.deliver(d)));
    BOOST_TEST(f.arrived({}));
}

void hostile_values_do_no_harm(field& f) {
    std::vector<delivery> all;
    const std::vector<std::string> ids{"a..b", "~root", "a:b", "CON", std::string(128, 'x'), "_", "A", "a"};
    for (const std::string& id : ids) {
        delivery d = f.task_with_video(id);
        d.of.model = "../../../../etc/cron.d/x";
        d.of.metadata = R"~({"k":"../..\u0000\n; rm -rf ~","$(id)":[{"__proto__":1}],"n":1e400})~";
        all.push_back(d);
        BOOST_TEST_CONTEXT(id) { BOOST_TEST(delivered(f.deliver(d))); }
    }
    BOOST_TEST(f.arrived(all));
}

void a_task_without_a_video_arrives_as_its_document(field& f) {
    const delivery d = f.task_without_video("req_1");
    BOOST_TEST(delivered(f.deliver(d)));
    BOOST_TEST(delivered(f.deliver(d)));
    BOOST_TEST(f.arrived({d}));
    const auto document = boost::json::parse(f.under_test->arrivals().at(0).document.value());
    BOOST_TEST(document.at("status").as_string() == "failed");
    BOOST_TEST(document.at("video").is_null());
    BOOST_TEST(document.at("error").at("message").as_string() == "no");
}

void a_broken_destination_is_no_loss(field& f) {
    const delivery d = f.task_with_video("req_1");
    f.under_test->break_it();
    BOOST_TEST(stays_undone_with_a_reason(f.deliver(d)));
    BOOST_TEST(stays_undone_with_a_reason(f.probe()));
    f.under_test->mend();
    BOOST_TEST(f.arrived({}));
    BOOST_TEST(delivered(f.deliver(d)));
    BOOST_TEST(f.arrived({d}));
}

void a_big_video_arrives_whole(field& f) {
    const delivery d = f.task_with_video("req_1", big);
    BOOST_TEST(delivered(f.deliver(d)));
    BOOST_TEST(f.arrived({d}));
}

void the_spool_keeps_its_video(field& f) {
    const delivery d = f.task_with_video("req_1");
    BOOST_TEST(delivered(f.deliver(d)));
    BOOST_TEST(crypto::to_hex(crypto::sha256_of(read_file(*d.video))) == d.of.video->sha256);
}

void a_probe_leaves_nothing_behind(field& f) {
    BOOST_TEST(delivered(f.probe()));
    BOOST_TEST(f.arrived({}));
}

} // namespace

sink_contract::sink_contract(const std::string& name, sink_factory make) {
    namespace ut = boost::unit_test;
    auto* suite = new ut::test_suite("sink_contract_" + name, __FILE__, __LINE__); // Boost.Test owns it
    ut::framework::current_auto_test_suite().add(suite);
    const auto add = [&](const char* title, void (*body)(field&)) {
        auto run = [make, body] {
            field f(make);
            body(f);
        };
        suite->add(ut::make_test_case(run, title, __FILE__, __LINE__));
    };
#define CONTRACT_CASE(body) add(#body, body)
    CONTRACT_CASE(a_video_arrives_whole_with_its_document);
    CONTRACT_CASE(a_delivery_that_is_repeated_leaves_one_result);
    CONTRACT_CASE(deliveries_side_by_side_do_not_meet);
    CONTRACT_CASE(the_same_delivery_side_by_side_leaves_one_result);
    CONTRACT_CASE(tasks_with_equal_content_both_arrive);
    CONTRACT_CASE(a_delivery_stopped_at_any_moment_leaves_nothing_half_made);
    CONTRACT_CASE(a_video_that_is_missing_is_tried_again_later);
    CONTRACT_CASE(a_video_of_another_size_than_recorded_is_not_delivered);
    CONTRACT_CASE(hostile_values_do_no_harm);
    CONTRACT_CASE(a_task_without_a_video_arrives_as_its_document);
    CONTRACT_CASE(a_broken_destination_is_no_loss);
    CONTRACT_CASE(a_big_video_arrives_whole);
    CONTRACT_CASE(the_spool_keeps_its_video);
    CONTRACT_CASE(a_probe_leaves_nothing_behind);
#undef CONTRACT_CASE
}

} // namespace seedhook::test
