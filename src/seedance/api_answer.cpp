// The rules by which answers are told apart.
#include "seedance/api_answer.hpp"

#include "seedhook/http/date.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace seedhook::seedance {
namespace {

using namespace std::string_view_literals;
using kind = api_failure::kind;

constexpr duration longest_wait = std::chrono::hours(24);
constexpr std::size_t longest_code = 64;
constexpr std::size_t most_kept_of_answer = 64 * 1024;
constexpr std::size_t longest_text = 512;
constexpr std::size_t longest_media_type = 64;

// In the order of the enumeration.
constexpr std::array kind_names{"invalid_request"sv, "unauthorized"sv, "insufficient_credits"sv,
                                "not_found"sv,       "rate_limited"sv, "upstream"sv,
                                "unreachable"sv,     "malformed"sv,    "cancelled"sv};

bool is_success(unsigned status) noexcept { return status >= 200 && status < 300; }
bool is_redirect(unsigned status) noexcept { return status >= 300 && status < 400; }

kind kind_of_status(unsigned status) noexcept {
    switch (status) {
    case 401:
    case 403:
        return kind::unauthorized;
    case 402:
        return kind::insufficient_credits;
    case 404:
    case 410:
        return kind::not_found;
    case 429:
        return kind::rate_limited;
    case 407: // these four are about the way there, not about the request
    case 408:
    case 421:
    case 425:
        return kind::upstream;
    default:
        return status >= 400 && status < 500 ? kind::invalid_request : kind::upstream;
    }
}

// For a refusal that comes as a success.
kind kind_of_code(std::string_view code) noexcept {
    constexpr std::array told{kind::invalid_request, kind::unauthorized, kind::insufficient_credits, kind::not_found,
                              kind::rate_limited};
    const auto found =
        std::find_if(told.begin(), told.end(), [code](kind k) { return seedance::to_string(k) == code; });
    return found == told.end() ? kind::upstream : *found;
}

bool is_no(const document& says) noexcept { return says.success == false; }

// Not so when it is the report on a task, which may have failed: what `success` says there is not documented.
bool is_no_and_no_report(const document& says) noexcept {
    return is_no(says) && !(valid_request_id(says.request_id.text) && says.status.present);
}

// May upstream have acted on a submission that came to nothing here?
bool may_have_made_a_task(const http_answer& answer) noexcept {
    if (!answer) {
        constexpr std::array unsent{errc::refused, errc::invalid, errc::unavailable, errc::tls}; // as http::client says
        return std::find(unsent.begin(), unsent.end(), answer.error().code) == unsent.end();
    }
    return is_success(answer->status) || answer->status >= 500;
}

api_failure failed_submission(api_failure f, bool task_may_exist) {
    f.task_may_exist = task_may_exist;
    f.message += task_may_exist ? "; the task may exist upstream" : "";
    return f;
}

} // namespace

std::string_view to_string(kind what) noexcept { return kind_names[static_cast<std::size_t>(what)]; }

void throw_exception_from_error(const api_failure& f, const boost::source_location& where) {
    throw std::runtime_error(where.to_string() + ": unexpected failure " + std::string(to_string(f.what)) + ": " +
                             f.message);
}

api_failure answer_reader::no_request_id() {
    api_failure f;
    f.what = kind::invalid_request;
    f.message = "this is no requestId; the API was not asked";
    return f;
}

api_failure answer_reader::no_answer(const error& why) const {
    api_failure f;
    f.what = why.code == errc::cancelled   ? kind::cancelled
             : why.code == errc::too_large ? kind::malformed
                                           : kind::unreachable;
    f.message = from_.shown(why.message, longest_text);
    return f;
}

api_failure answer_reader::described(const http::client_response& answer, const document* says) const {
    api_failure f;
    f.status = answer.status;
    if (const auto wait = http::retry_after(answer, time_.now())) {
        f.retry_after = std::min(*wait, longest_wait);
    }
    const task_failure told = (says != nullptr ? failure_of(*says) : std::nullopt).value_or(task_failure());
    f.code = from_.shown(told.code, longest_code);
    f.message = "the API answered " + std::to_string(answer.status);
    f.message += told.code.empty() ? "" : " " + f.code;
    f.message += told.message.empty() ? "" : ": " + from_.shown(told.message, longest_text);
    if (says == nullptr && answer.body.empty()) {
        f.message += " with nothing";
    } else if (says == nullptr) {
        const auto type = from_.shown(answer.find("Content-Type").value_or(""), longest_media_type);
        f.message += " with " + (type.empty() ? "something" : type) + " that is none of its documents";
    }
    return f;
}

// The API says no, or somebody on the way does.
api_failure answer_reader::refusal(const http::client_response& answer, const document* says) const {
    api_failure f = described(answer, says);
    f.what = is_success(answer.status) ? kind_of_code(f.code) : kind_of_status(answer.status);
    if (is_success(answer.status)) {
        f.message += R"(; its "success" is false)";
    } else if (is_redirect(answer.status)) {
        f.message += "; redirects are not followed, see api.base_url";
    }
    if (f.what == kind::not_found && says == nullptr) { // or tasks would be lost to a wrong base URL
        f.what = kind::malformed;
        f.message += ", see api.base_url";
    }
    return f;
}

api_failure answer_reader::malformed(const http::client_response& answer, const document* says,
                                     std::string_view why) const {
    api_failure f = described(answer, says);
    f.what = kind::malformed;
    f.message.append("; ").append(why);
    return f;
}

api_result<document> answer_reader::opened(const http_answer& answer) const {
    if (!answer) {
        return no_answer(answer.error());
    }
    auto says = read_document(answer->body);
    if (!is_success(answer->status)) {
        return refusal(*answer, says ? &*says : nullptr);
    }
    if (!says) {
        return malformed(*answer, nullptr, says.error().message);
    }
    return std::move(*says);
}

api_result<submitted> answer_reader::submission(http_answer answer) const {
    const auto says = opened(answer);
    if (!says) {
        return failed_submission(says.error(), may_have_made_a_task(answer));
    }
    if (is_no_and_no_report(*says)) {
        return refusal(*answer, &*says);
    }
    if (!valid_request_id(says->request_id.text)) {
        return failed_submission(malformed(*answer, &*says, "it has no valid `requestId`"), true);
    }
    submitted out;
    out.request_id = says->request_id.text;
    out.status = status_of(*says).value_or(task_status::queued);
    out.body = std::move(answer->body);
    return out;
}

api_result<api_report> answer_reader::status(http_answer answer, std::string_view request_id) const {
    auto says = opened(answer);
    if (!says) {
        return says.error();
    }
    if (is_no_and_no_report(*says)) {
        return refusal(*answer, &*says);
    }
    auto report = report_of(document(*says));
    if (!report) {
        return malformed(*answer, &*says, report.error().message);
    }
    if (report->request_id != request_id) {
        return malformed(*answer, &*says, "it is about another task, " + from_.without_key(report->request_id));
    }
    return report_with(std::move(*report), std::move(answer->body));
}

api_result<api_report> answer_reader::cancellation(http_answer answer, std::string_view request_id) const {
    task_report report;
    report.request_id = request_id;
    if (answer && is_success(answer->status) && answer->body.empty()) {
        return report_with(std::move(report), {});
    }
    auto says = opened(answer);
    if (!says) {
        return says.error();
    }
    if (is_no(*says)) {
        return refusal(*answer, &*says);
    }
    if (says->request_id.present && says->request_id.text != request_id) {
        return malformed(*answer, &*says, "it is about another task");
    }
    report.status = status_of(*says);
    report.status_text = says->status.bounded();
    if (auto whole = report_of(std::move(*says))) {
        report = std::move(*whole);
    }
    return report_with(std::move(report), std::move(answer->body));
}

api_result<std::string> answer_reader::models(http_answer answer) const {
    const auto says = opened(answer);
    if (!says) {
        return says.error();
    }
    if (is_no(*says)) {
        return refusal(*answer, &*says);
    }
    return std::move(answer->body);
}

api_report answer_reader::report_with(task_report report, std::string body) const {
    report.status_text = from_.without_key(report.status_text);
    report.model = from_.without_key(report.model);
    if (report.failure) {
        report.failure->code = from_.without_key(report.failure->code);
        report.failure->message = from_.without_key(report.failure->message);
    }
    api_report out;
    out.report = std::move(report);
    if (body.size() <= most_kept_of_answer) {
        out.body = from_.without_key(body);
    }
    return out;
}

} // namespace seedhook::seedance
