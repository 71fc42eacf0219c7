// The Open API's documents, read in one pass that both validates all of a body and picks what we need. Callbacks and
// the API's answers are read by this one reader.
#pragma once

#include "seedhook/model/error.hpp"
#include "seedhook/model/task.hpp"
#include "seedhook/seedance/callback.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace seedhook::seedance {

// A string of the document as far as we want it.
class captured_text {
public:
    explicit captured_text(std::size_t most) : limit_(most) {}

    void append(std::string_view part) {
        if (text.size() <= limit_) { // one character more than the limit shows that it was longer
            text.append(part.substr(0, limit_ + 1 - text.size()));
        }
    }
    bool too_long() const noexcept { return text.size() > limit_; }
    // At most as many bytes as are wanted, not ending within a character; without NUL, which not every store can keep
    // in a text. Empty when no string stood there.
    std::string bounded() const;

    std::string text;
    bool present = false; // a string stood there

private:
    std::size_t limit_;
};

struct document {
    captured_text request_id{128};
    captured_text status{64};
    captured_text model{128};
    captured_text url{8192};        // of `output`
    captured_text error_text{4096}; // `error` as a string
    captured_text error_code{128};
    captured_text error_message{4096};
    bool has_error = false;      // `error` is a string or an object
    std::optional<bool> success; // when it is true or false
};

// errc::invalid, saying what is wrong, for what is not one JSON object in valid UTF-8, nests past 32 or repeats a key.
result<document> read_document(std::string_view body);

// What `error` says; nothing when it is neither a string nor an object.
std::optional<task_failure> failure_of(const document& from);

// Empty when absent, or not one of upstream's statuses.
std::optional<task_status> status_of(const document& from);

// The document's statement on a task. errc::invalid without a `requestId` or `status` of the right type and form; then
// `from` is left as it was.
result<task_report> report_of(document&& from);

} // namespace seedhook::seedance
