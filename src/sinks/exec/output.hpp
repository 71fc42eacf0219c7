// What a hook wrote: its last part, as text that can be shown.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace seedhook::exec {

// The most that is kept of a hook's output.
constexpr std::size_t most_output = std::size_t{64} * 1024;

// Keeps the last `most_output` bytes of what is added.
class output_tail {
public:
    void add(std::string_view piece);

    std::string_view kept() const noexcept;
    bool cut() const noexcept { return cut_ || buffer_.size() > most_output; } // something was dropped

private:
    std::string buffer_; // up to twice as much, so that moving is rare
    bool cut_ = false;
};

// At most `most` bytes from the end of `output`, as valid UTF-8 without control characters but newline and tab, and
// without white space at its ends: bytes that are no UTF-8 become U+FFFD, a carriage return a newline. Begins with `…`
// when something is missing (`cut`: there was more before it).
std::string shown_output(std::string_view output, bool cut, std::size_t most);

} // namespace seedhook::exec
