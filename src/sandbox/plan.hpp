// What will befall the n-th task: decided when it is submitted, from the seed alone.
#pragma once

#include "sandbox/options.hpp"
#include "seedhook/model/task.hpp"

#include <cstdint>
#include <string>

namespace seedhook::sandbox {

struct plan {
    std::string request_id;
    task_status fate = task_status::succeeded; // or failed, or cancelled
    duration settles_after{};                  // from submission
    duration callback_after{};                 // from settling
    bool callback_lost = false;
    bool callback_twice = false;
    duration second_after{};  // from the first callback
    bool url_expires = false; // the URL in the callback is dead, and others live --url-lifetime-ms
    bool breaks_off = false;  // the first whole transfer ends halfway
    std::uint64_t video_key = 0;
    std::uint64_t video_size = 0;
};

// `ordinal` counts accepted submissions from 0. No two ordinals share a request id.
plan make_plan(const options& from, std::uint64_t ordinal);

} // namespace seedhook::sandbox
