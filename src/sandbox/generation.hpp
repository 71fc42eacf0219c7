// One task as the stand-in for the API keeps it, and all of them.
#pragma once

#include "sandbox/plan.hpp"
#include "sandbox/submission.hpp"
#include "seedhook/model/task.hpp"
#include "seedhook/model/time.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace seedhook::sandbox {

// A callback that was sent, and what came of it.
struct sent_callback {
    time_point at{};
    std::string why;     // `settled`, `duplicate`, `retry`, `asked` (over /sandbox), `forged`
    unsigned status = 0; // 0: no answer
    std::string answer;  // the answer's body, cut; without an answer, what went wrong
};

struct generation {
    std::uint64_t ordinal = 0;
    std::string owner; // the API key that submitted it
    plan future;
    submission asked;
    std::uint64_t credits = 0;
    task_status status = task_status::queued;
    time_point submitted_at{};
    std::optional<time_point> settled_at;
    bool held = false; // does not settle by itself
    bool due = false;  // would have, were it not held
    std::uint64_t status_calls = 0;
    unsigned url_generation = 0;          // expiring URLs of earlier ones are dead
    std::vector<sent_callback> callbacks; // the first few hundred
    std::uint64_t transfers = 0;          // requests for its video that were answered with content
    std::string sha256;                   // of its video, once asked for
};

using generation_ptr = std::shared_ptr<generation>;

void remember(generation& of, sent_callback c);

// The JSON documents of the API for `g`. `url` is its video's, empty when it has none or does not show it.
std::string status_document(const generation& g, const std::string& url);
std::string callback_document(const generation& g, const std::string& url);

// In the order of submission, no more than a fixed number.
class generation_table {
public:
    explicit generation_table(std::size_t most) : most_(most) {}

    std::uint64_t next_ordinal() const noexcept { return next_; }
    // False when the table is full of tasks that have not settled. The oldest settled one makes room otherwise.
    bool add(generation_ptr g);
    generation_ptr find(const std::string& request_id) const;
    // Up to `limit`, from the first whose ordinal is at least `from` on.
    std::vector<generation_ptr> list(std::uint64_t from, std::size_t limit) const;

private:
    bool make_room();

    std::size_t most_;
    std::uint64_t next_ = 0;
    std::map<std::uint64_t, generation_ptr> by_ordinal_;
    std::map<std::string, generation_ptr, std::less<>> by_id_;
};

} // namespace seedhook::sandbox
