// Answers of the API. Line by line an input is an HTTP status, a Retry-After and a Content-Type; the rest is the body.
// What comes of it under each call is believed only when the document says it, and a failure is fit to show.
#include "fuzz.hpp"

#include "seedance/api_answer.hpp"

#include <boost/json/parse.hpp>

#include <charconv>
#include <optional>

namespace {

namespace json = boost::json;
using namespace seedhook;
using namespace std::string_view_literals;
using kind = seedance::api_failure::kind;

constexpr auto key = "sd2_live_7f3b9c2e51a84d60"sv;
constexpr auto asked_for = "req_1"sv;

class fixed_clock final : public clock {
public:
    time_point now() const noexcept override { return time_point(std::chrono::seconds(784123200)); }
};

const seedance::api_address address("https://api.example", config::secret(std::string(key)));
const fixed_clock noon;
const seedance::answer_reader reader(address, noon);

std::string_view next_line(std::string_view& rest) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    return line;
}

http::client_response answer_of(std::string_view input) {
    http::client_response out;
    const std::string_view status = next_line(input);
    std::from_chars(status.data(), status.data() + status.size(), out.status);
    out.status = 200 + out.status % 400;
    out.fields.emplace_back("Retry-After", next_line(input));
    out.fields.emplace_back("Content-Type", next_line(input));
    out.body = input;
    return out;
}

// The body as an object; nothing when it is none.
std::optional<json::object> object_in(const std::string& body) {
    json::error_code failed;
    const json::value whole = json::parse(body, failed);
    return failed || !whole.is_object() ? std::nullopt : std::optional(whole.get_object());
}

bool is_success(unsigned status) { return status < 300; }

// With the key put back in one text: a reader that looks for it before it unescapes.
seedance::api_failure as_read(seedance::api_failure f, const http::client_response& answer) {
    if (fuzz::planted && f.message.find("[key]") != std::string::npos && answer.body.find("\\u") != std::string::npos) {
        f.message += key;
    }
    return f;
}

void check_kind(const seedance::api_failure& f, const http::client_response& answer) {
    switch (answer.status) {
    case 400:
        fuzz::must(f.what == kind::invalid_request, "400 is invalid_request", answer.body);
        break;
    case 401:
        fuzz::must(f.what == kind::unauthorized, "401 is unauthorized", answer.body);
        break;
    case 402:
        fuzz::must(f.what == kind::insufficient_credits, "402 is insufficient_credits", answer.body);
        break;
    case 429:
        fuzz::must(f.what == kind::rate_limited, "429 is rate_limited", answer.body);
        break;
    default:
        fuzz::must(answer.status < 500 || f.what == kind::upstream, "a 5xx is upstream's", answer.body);
    }
    fuzz::must(f.what != kind::not_found || object_in(answer.body), "not_found is said in JSON", answer.body);
    fuzz::must(f.what != kind::unreachable && f.what != kind::cancelled, "an answer came", answer.body);
}

void check(const seedance::api_failure& read, const http::client_response& answer) {
    const seedance::api_failure f = as_read(read, answer);
    fuzz::must_be_fit_to_show(f.message, 1024);
    fuzz::must(printable(f.code) == f.code && f.code.size() <= 64, "the code is fit to show", f.code);
    fuzz::must((f.message + " " + f.code).find(key) == std::string::npos, "the key is not shown", f.message);
    fuzz::must(f.status == answer.status, "the status is the one that came");
    fuzz::must(!f.retry_after || (*f.retry_after >= duration::zero() && *f.retry_after <= std::chrono::hours(24)),
               "the wait is bounded");
    check_kind(f, answer);
}

void check_submission(const http::client_response& answer, bool is_report) {
    const auto got = reader.submission(answer);
    if (!got) {
        check(got.error(), answer);
        fuzz::must(!is_report, "a task that is named is not lost", answer.body);
        fuzz::must(got.error().task_may_exist || !is_success(answer.status) || got.error().what != kind::malformed,
                   "a task that may exist is told of", answer.body);
        return;
    }
    fuzz::must(is_success(answer.status) && got->body == answer.body, "a submission is a success", answer.body);
    const auto top = object_in(answer.body);
    fuzz::must(top && top->at("requestId").as_string() == json::string_view(got->request_id),
               "the requestId is the one sent", answer.body);
    fuzz::must(valid_request_id(got->request_id), "the requestId is one");
}

void check_status(const http::client_response& answer, const result<seedance::task_report>& says) {
    const auto got = reader.status(answer, asked_for);
    const bool believable = is_success(answer.status) && says && says->request_id == asked_for;
    fuzz::must(got.has_value() == believable, "exactly a whole report on the task is believed", answer.body);
    if (!got) {
        check(got.error(), answer);
        return;
    }
    fuzz::must(got->report.status == says->status && got->report.video_url == says->video_url,
               "the report is the document's", answer.body);
    fuzz::must(got->report.status_text == address.without_key(says->status_text) &&
                   got->report.model == address.without_key(says->model),
               "its texts are the document's, but for the key", answer.body);
    fuzz::must(got->body == address.without_key(answer.body), "the body is upstream's own, but for the key", answer.body);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const http::client_response answer = answer_of(fuzz::text_of(data, size));
    const auto says = seedance::read_callback(answer.body);
    check_submission(answer, is_success(answer.status) && says);
    check_status(answer, says);
    if (const auto got = reader.cancellation(answer, asked_for); !got) {
        check(got.error(), answer);
    } else {
        fuzz::must(is_success(answer.status) && got->report.request_id == asked_for, "the task asked for is cancelled");
    }
    if (const auto got = reader.models(answer); !got) {
        check(got.error(), answer);
    } else {
        fuzz::must(is_success(answer.status) && object_in(*got) && *got == answer.body, "models are as they came");
    }
    return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t room, unsigned seed) {
    constexpr std::string_view words[] = {"0\n",
                                          "1\n",
                                          "104\n",
                                          "200\n",
                                          "201\n",
                                          "202\n",
                                          "204\n",
                                          "210\n",
                                          "229\n",
                                          "300\n",
                                          "303\n",
                                          "120\n",
                                          "-5\n",
                                          "86401\n",
                                          "Sun, 06 Nov 1994 12:01:00 GMT\n",
                                          "Sunday, 06-Nov-94 08:49:37 GMT\n",
                                          "text/html\n",
                                          "application/json\n",
                                          "<html>",
                                          R"("success":false,)",
                                          R"("success":true,)",
                                          R"("requestId":"req_1",)",
                                          R"("requestId":"req_2",)",
                                          R"("status":"queued",)",
                                          R"("status":"succeeded",)",
                                          R"("error":{"code":"not_found","message":"m"},)",
                                          R"("error":"m",)",
                                          R"("error":null,)",
                                          R"("error":["m"],)",
                                          R"("model":"m",)",
                                          R"("x":0)",
                                          "{",
                                          "}",
                                          "[",
                                          "]",
                                          ",",
                                          ":",
                                          "\"",
                                          "\\u001b",
                                          "\\n",
                                          "\xff",
                                          "sd2_live_7f3b9c2e51a84d60",
                                          "sd2_live_",
                                          R"(\u0073d2_live_7f3b9c2e51a84d60)"};
    fuzz::chance c(seed);
    if (c.one_in(3)) {
        return LLVMFuzzerMutate(data, size, room);
    }
    fuzz::pieces tokens = fuzz::cut_after(fuzz::text_of(data, size), "\n,:[]{}\"");
    fuzz::shuffle(tokens, words, c);
    return fuzz::put(fuzz::joined(tokens), data, room);
}
