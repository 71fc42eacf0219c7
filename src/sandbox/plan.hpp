// What will befall the n-th task: decided when it is submitted, from the seed alone.
#pragma once

#include "sandbox/options.hpp"
#include "seedhook/model/task.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace seedhook::sandbox {

// How many shapes there are (sandbox/generation.cpp makes them).
inline constexpr unsigned odd_error_forms = 4;
inline constexpr unsigned no_url_forms = 3;

struct plan {
    std::string request_id;
    task_status fate = task_status::succeeded; // or failed, or cancelled
    duration settles_after{};                  // from submission
    duration callback_after{};                 // from settling
    bool callback_lost = false;
    bool callback_twice = false;
    duration second_after{};           // from the first callback
    bool url_expires = false;          // the URL in the callback is dead, and those in statuses live --url-lifetime-ms
    bool breaks_off = false;           // the first whole transfer ends halfway
    std::string_view odd_status;       // said instead of `processing`; empty: none. Lives for ever
    std::optional<unsigned> odd_error; // which odd shape the error of its failure has
    std::optional<unsigned> no_url;    // which shape the output without URL has
    duration url_after{};              // from settling, until its status has the URL
    std::uint64_t forgotten_calls = 0; // that many first status calls are answered 404
    std::uint64_t video_key = 0;
    std::uint64_t video_size = 0;
};

// `ordinal` counts accepted submissions from 0. No two ordinals share a request id.
plan make_plan(const options& from, std::uint64_t ordinal);

} // namespace seedhook::sandbox
