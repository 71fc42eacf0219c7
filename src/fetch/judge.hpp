// What an answer or an error means for a fetch: go on, and how, or stop with which outcome. Pure.
#pragma once

#include "fetch/answer.hpp"
#include "fetch/note.hpp"
#include "seedhook/model/job.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace seedhook {

// What becomes of the part of the file that has come.
enum class part_fate { keep, drop };

// The end of an attempt.
struct verdict {
    verdict(outcome what, part_fate fate) : came_to(std::move(what)), part(fate) {}

    outcome came_to;
    part_fate part;
    bool start_over = false; // try again at once, without the part
    bool stale_url = false;  // a fresh URL may help
    bool perhaps_too_early = false; // or the video is not there yet
};

// What was asked for.
struct expectation {
    std::uint64_t from = 0;             // the first byte asked for
    std::optional<std::uint64_t> total; // the file's length, where an earlier answer told it
    std::string validator;              // of what is there; sent with If-Range
    std::uint64_t max_bytes = 0;
    bool check = true; // the content is checked, so that its type may be anything
};

// A head whose body is wanted.
struct acceptance {
    std::uint64_t from = 0;             // where the body begins
    std::optional<std::uint64_t> total; // the whole file's length
};

std::variant<acceptance, verdict> judge_head(const http::client_response& head, const expectation& asked,
                                             time_point now);

// The client failed.
verdict judge_transfer_error(const error& why);

// The disk failed, or the content is no whole video (errc::invalid): it is fetched anew, for a server that hands out a
// page instead of the video for a while is as common as one that answers 503.
verdict judge_disk_error(const error& why);

} // namespace seedhook
