// A window on the newest calls.
#include "sandbox/call_log.hpp"

#include <algorithm>
#include <utility>

namespace seedhook::sandbox {
namespace {

constexpr std::size_t most_calls = 100'000;
constexpr std::size_t most_submissions = 1000;

} // namespace

std::string_view to_string(call_kind kind) noexcept {
    switch (kind) {
    case call_kind::submit:
        return "submit";
    case call_kind::status:
        return "status";
    case call_kind::cancel:
        return "cancel";
    case call_kind::models:
        return "models";
    }
    return {};
}

bool is_call_kind(std::string_view text) noexcept {
    return std::any_of(all_call_kinds.begin(), all_call_kinds.end(),
                       [text](call_kind kind) { return to_string(kind) == text; });
}

std::uint64_t call_log::begin(call_kind kind, std::string request_id, time_point now) {
    api_call c;
    c.number = next_++;
    c.kind = kind;
    c.at = now;
    c.request_id = std::move(request_id);
    calls_.push_back(std::move(c));
    ++counts_.at(static_cast<std::size_t>(kind));
    if (calls_.size() > most_calls) {
        calls_.pop_front();
    }
    return calls_.back().number;
}

void call_log::keep_submission(std::uint64_t number, const http::request& r) {
    arrived_submission s;
    s.number = number;
    for (const http::field_view& f : r.fields) {
        s.fields.emplace_back(f.name, f.value);
    }
    s.body = r.body;
    submissions_.push_back(std::move(s));
    if (submissions_.size() > most_submissions) {
        submissions_.pop_front();
    }
}

api_call* call_log::find(std::uint64_t number) noexcept {
    const bool kept = !calls_.empty() && number >= calls_.front().number && number <= calls_.back().number;
    return kept ? &calls_[static_cast<std::size_t>(number - calls_.front().number)] : nullptr;
}

std::vector<api_call> call_log::list(std::uint64_t number, std::size_t limit,
                                     const std::function<bool(const api_call&)>& wanted) const {
    std::vector<api_call> out;
    for (const api_call& c : calls_) {
        if (out.size() == limit) {
            break;
        }
        if (c.number >= number && wanted(c)) {
            out.push_back(c);
        }
    }
    return out;
}

std::vector<arrived_submission> call_log::submissions(std::uint64_t number, std::size_t limit) const {
    std::vector<arrived_submission> out;
    for (const arrived_submission& s : submissions_) {
        if (s.number >= number && out.size() < limit) {
            out.push_back(s);
        }
    }
    return out;
}

void call_log::empty() {
    counts_.fill(0);
    calls_.clear();
    submissions_.clear();
}

} // namespace seedhook::sandbox
