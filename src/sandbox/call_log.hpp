// Every API call as it came: when, of what kind, about which task, and what was answered. The submissions word for
// word.
#pragma once

#include "seedhook/http/message.hpp"
#include "seedhook/model/time.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace seedhook::sandbox {

enum class call_kind { submit, status, cancel, models };
inline constexpr std::array all_call_kinds{call_kind::submit, call_kind::status, call_kind::cancel, call_kind::models};

std::string_view to_string(call_kind kind) noexcept;
bool is_call_kind(std::string_view text) noexcept;

struct api_call {
    std::uint64_t number = 0; // from 0, never the same twice
    call_kind kind = call_kind::submit;
    time_point at{};
    std::string request_id; // as the path says, or as it was given to an accepted submission
    unsigned status = 0;    // of the answer
    std::string fault;      // what befell the answer: `hang`, `cut`, …; empty: nothing
};

struct arrived_submission {
    std::uint64_t number = 0; // of its call
    http::field_list fields;
    std::string body;
};

// Keeps the newest hundred thousand calls and the newest thousand submissions. One thread.
class call_log {
public:
    // The number of the call that begins.
    std::uint64_t begin(call_kind kind, std::string request_id, time_point now);
    void keep_submission(std::uint64_t number, const http::request& r);
    // Null when it is no longer kept.
    api_call* find(std::uint64_t number) noexcept;

    // Since the log was emptied, also of calls that are no longer kept.
    std::uint64_t count(call_kind kind) const noexcept { return counts_.at(static_cast<std::size_t>(kind)); }
    // Up to `limit` that `wanted` takes, from `number` on.
    std::vector<api_call> list(std::uint64_t number, std::size_t limit,
                               const std::function<bool(const api_call&)>& wanted) const;
    std::vector<arrived_submission> submissions(std::uint64_t number, std::size_t limit) const;

    // Forgets the calls and submissions so far. Numbers go on.
    void empty();

private:
    std::uint64_t next_ = 0;
    std::array<std::uint64_t, all_call_kinds.size()> counts_{};
    std::deque<api_call> calls_; // without gaps in their numbers
    std::deque<arrived_submission> submissions_;
};

} // namespace seedhook::sandbox
