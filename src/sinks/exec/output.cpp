// The tail of a hook's output, and making it fit to be shown.
#include "sinks/exec/output.hpp"

#include "seedhook/model/text.hpp"

namespace seedhook::exec {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD"; // U+FFFD
constexpr std::string_view ellipsis = "\xE2\x80\xA6";
constexpr std::string_view white_space = " \t\n";

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

// `text` without its first bytes up to `most` from the end, and without a character that is cut in two.
std::string_view end_of(std::string_view text, std::size_t most) {
    if (text.size() > most) {
        text.remove_prefix(text.size() - most);
    }
    for (int i = 0; i < 3 && !text.empty() && continues_character(text.front()); ++i) {
        text.remove_prefix(1);
    }
    return text;
}

std::string cleaned(std::string_view output) {
    std::string out;
    out.reserve(output.size());
    while (!output.empty()) {
        const code_point c = front_code_point(output);
        if (!c.valid) {
            out += replacement;
        } else if (c.value == '\r') {
            out += output.substr(0, 2) == "\r\n" ? "" : "\n";
        } else if (c.value == '\n' || c.value == '\t' || !is_control(c.value)) {
            out += output.substr(0, c.length);
        }
        output.remove_prefix(c.length);
    }
    return out;
}

} // namespace

void output_tail::add(std::string_view piece) {
    if (piece.size() >= most_output) {
        cut_ = cut_ || !buffer_.empty() || piece.size() > most_output;
        buffer_.assign(piece.substr(piece.size() - most_output));
        return;
    }
    buffer_ += piece;
    if (buffer_.size() > 2 * most_output) {
        buffer_.erase(0, buffer_.size() - most_output);
        cut_ = true;
    }
}

std::string_view output_tail::kept() const noexcept {
    const std::string_view all = buffer_;
    return all.substr(all.size() > most_output ? all.size() - most_output : 0);
}

std::string shown_output(std::string_view output, bool cut, std::size_t most) {
    const std::string whole = cleaned(cut ? end_of(output, output.size()) : output);
    std::string_view shown = whole;
    const std::size_t last = shown.find_last_not_of(white_space);
    shown = shown.substr(0, last == std::string_view::npos ? 0 : last + 1);
    if (shown.size() > most) {
        shown = end_of(shown, most);
        cut = true;
    }
    shown.remove_prefix(std::min(shown.find_first_not_of("\n"), shown.size()));
    return (cut && !shown.empty() ? std::string(ellipsis) : std::string()) + std::string(shown);
}

} // namespace seedhook::exec
