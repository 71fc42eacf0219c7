// Lines end with LF or CRLF, as our own daemon's do; a lone CR is not taken for an end.
#include "cli/event_reader.hpp"

#include <algorithm>
#include <utility>

namespace seedhook::cli {

void event_reader::read(std::string_view piece) {
    while (!piece.empty()) {
        const std::size_t end = std::min(piece.find('\n'), piece.size());
        line_ += piece.substr(0, end);
        if (end < piece.size()) {
            take_line();
            line_.clear();
        }
        piece.remove_prefix(std::min(end + 1, piece.size()));
    }
}

void event_reader::take_line() {
    if (line_.ends_with('\r')) {
        line_.pop_back();
    }
    if (line_.empty()) {
        dispatch();
        return;
    }
    const std::size_t colon = std::min(line_.find(':'), line_.size());
    std::string_view value = std::string_view(line_).substr(std::min(colon + 1, line_.size()));
    if (value.starts_with(' ')) {
        value.remove_prefix(1);
    }
    const std::string_view field = std::string_view(line_).substr(0, colon);
    if (field == "data") {
        data_.append(value).push_back('\n');
    } else if (field == "id" && value.find('\0') == std::string_view::npos) {
        id_ = value;
    }
}

void event_reader::dispatch() {
    last_id_ = id_;
    if (!data_.empty()) {
        data_.pop_back();
        use_(std::exchange(data_, {}));
    }
}

void event_reader::restart() {
    line_.clear();
    data_.clear();
    id_ = last_id_;
}

} // namespace seedhook::cli
