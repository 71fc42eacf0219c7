// What a hook's runner is told over its socket, and what it says in the end. Both sides are the same program, so the
// forms need no version.
#pragma once

#include "sinks/accounts.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace seedhook::exec {

// No text may hold a NUL.
struct order {
    std::vector<std::string> argv;
    std::vector<std::string> environment; // NAME=value
    std::string working_directory;
    std::string document; // on standard input
    std::string video;    // a file that must be there, with that size; empty: none
    std::uint64_t video_size = 0;
    std::string spool; // the folder that the video is in, if another user is to be let in
    std::optional<identity> as;
};

// The runner's first word from the daemon: `order_header` bytes that hold the length of the rest, and the rest.
constexpr std::size_t order_header = 8;
std::string encode(const order& what);
std::size_t length_of(std::string_view header) noexcept;
std::optional<order> decode(std::string_view rest); // none: it is no order

// Then single letters: end it all gently, end it all now. The socket's end is another `kill_word`.
constexpr char end_word = 'T';
constexpr char kill_word = 'K';

// The runner's only word, followed by the hook's output up to the socket's end.
struct report {
    enum class kind : std::int32_t { not_started, exited, killed };
    enum class stage : std::int32_t { start, video, account, permission, folder, program };

    kind what = kind::not_started;
    stage failed = stage::start;     // where it did not start
    std::int32_t number = 0;         // errno, exit code or signal
    std::int32_t asked_to_end = 0;   // while it still ran
    std::int32_t left_running = 0;   // something it started could not be ended
    std::int32_t output_is_tail = 0; // there was more
};
static_assert(sizeof(report) == 6 * sizeof(std::int32_t));

} // namespace seedhook::exec
