// Faults as bodies that are read late, in drips, in part or never.
#include "sandbox/api_fault.hpp"

#include "sandbox/random.hpp"
#include "seedhook/async/time_limit.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace seedhook::sandbox {
namespace {

constexpr duration hanging_time = std::chrono::minutes(10); // longer than any caller should wait
constexpr std::size_t drips = 20;
constexpr std::string_view error_page =
    "<!DOCTYPE html>\n<html><head><title>Bad gateway</title></head><body><h1>Bad gateway</h1></body></html>\n";

struct share_of_fault {
    fault_kind kind;
    purpose what;
    double options::*share;
};
constexpr std::array<share_of_fault, 5> shares{{
    {fault_kind::hang, purpose::hang, &options::hang},
    {fault_kind::server_error, purpose::server_error, &options::server_errors},
    {fault_kind::garbage, purpose::garbage, &options::garbage},
    {fault_kind::cut, purpose::cut, &options::cut},
    {fault_kind::slow, purpose::slow, &options::slow},
}};

// Nothing of an answer is sent before its body's first piece is there, the head neither.
class faulty_body final : public http::body_source {
public:
    faulty_body(std::string text, duration before, duration between, std::size_t piece, std::size_t breaks_at)
        : text_(std::move(text)), wait_(before), between_(between), piece_(piece), breaks_at_(breaks_at) {}

    awaitable<result<std::size_t>> read(std::span<char> into) override {
        if (wait_.count() > 0 && at_ < text_.size()) {
            const bool slept = co_await sleep_for(wait_);
            if (!slept) {
                co_return error(errc::cancelled, "the sandbox stops");
            }
        }
        wait_ = between_;
        if (at_ == breaks_at_) {
            co_return error(errc::network, "broken off on purpose");
        }
        const std::size_t left = std::min(text_.size(), breaks_at_) - at_;
        const std::size_t count = std::min({into.size(), piece_, left});
        std::copy_n(text_.data() + at_, count, into.data());
        at_ += count;
        co_return count;
    }

private:
    std::string text_;
    duration wait_; // before the next piece
    duration between_;
    std::size_t piece_;
    std::size_t breaks_at_;
    std::size_t at_ = 0;
};

http::response with_body(http::response answer, duration before, duration between, std::size_t piece,
                         std::size_t breaks_at = std::string::npos) {
    answer.stream_length = answer.body.size();
    answer.stream = std::make_unique<faulty_body>(std::move(answer.body), before, between, piece, breaks_at);
    return answer;
}

http::response slowed(http::response answer, const api_fault& by) {
    const std::size_t whole = answer.body.size();
    if (by.form % 2 == 0) {
        return with_body(std::move(answer), by.slow_time, duration(0), whole);
    }
    const std::size_t piece = std::max<std::size_t>(1, whole / drips);
    const auto pieces = static_cast<std::int64_t>((whole + piece - 1) / piece);
    return with_body(std::move(answer), duration(0), by.slow_time / std::max<std::int64_t>(1, pieces - 1), piece);
}

http::response server_error(std::uint64_t form) {
    switch (form % 3) {
    case 0:
        return http::error_response(500, "internal_error", "Something went wrong");
    case 1:
        return {500, "text/plain", "Internal Server Error"};
    default:
        return http::response(500);
    }
}

http::response garbage(const http::response& instead_of, std::uint64_t form) {
    switch (form % 4) {
    case 0:
        return {502, "text/html", std::string(error_page)};
    case 1:
        return {200, "text/html", std::string(error_page)};
    case 2:
        return {200, "application/json", instead_of.body.substr(0, instead_of.body.size() / 2)};
    default:
        return {200, "application/json", ""};
    }
}

} // namespace

std::string_view to_string(fault_kind kind) noexcept {
    switch (kind) {
    case fault_kind::none:
        return {};
    case fault_kind::hang:
        return "hang";
    case fault_kind::server_error:
        return "server-error";
    case fault_kind::garbage:
        return "garbage";
    case fault_kind::cut:
        return "cut";
    case fault_kind::slow:
        return "slow";
    }
    return {};
}

api_fault choose_fault(const options& how, std::uint64_t number, call_kind kind) {
    api_fault f;
    const auto& only = how.faults_on;
    if (!only.empty() && std::find(only.begin(), only.end(), to_string(kind)) == only.end()) {
        return f;
    }
    const auto hit = std::find_if(shares.begin(), shares.end(), [&](const share_of_fault& s) {
        return draw_share(how.seed, number, s.what) < how.*s.share;
    });
    if (hit != shares.end()) {
        f.kind = hit->kind;
        f.form = draw(how.seed, number, purpose::fault_form);
        f.slow_time = how.slow_time;
    }
    return f;
}

http::response spoil(http::response answer, const api_fault& by) {
    const std::size_t whole = answer.body.size();
    switch (by.kind) {
    case fault_kind::none:
        return answer;
    case fault_kind::hang:
        return with_body(std::move(answer), hanging_time, duration(0), whole, 0);
    case fault_kind::server_error:
        return server_error(by.form);
    case fault_kind::garbage:
        return garbage(answer, by.form);
    case fault_kind::cut:
        return with_body(std::move(answer), duration(0), duration(0), whole, whole / 2);
    case fault_kind::slow:
        return slowed(std::move(answer), by);
    }
    return answer;
}

} // namespace seedhook::sandbox
