// The names that file and object sinks give: `{date}/{requestId}.{ext}`, every value made safe for a file name.
#pragma once

#include "seedhook/model/error.hpp"
#include "seedhook/model/task.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace seedhook {

// A parsed template with `{source} {requestId} {status} {model} {year} {month} {day} {date} {sha256} {ext}` and
// `{metadata.KEY}`. Immutable.
class path_template {
public:
    // errc::invalid for an unknown or unclosed placeholder, an absolute path, an empty, `.` or `..` segment, or a
    // template that does not tell tasks apart (neither `{requestId}` nor `{sha256}` in it).
    static result<path_template> parse(std::string_view text);

    // A relative path of non-empty segments, none of them `.` or `..`, no `/`, NUL, control character or backslash from
    // a value, no segment beginning with `.` or `-` through a value or longer than 255 bytes (cut, with a hash of the
    // whole to keep names apart), valid UTF-8. A value that is missing is `_`. Times are those of settling, in UTC.
    // `extension` without a dot.
    std::string render(const task& of, std::string_view extension) const;

private:
    struct piece {
        bool literal = true;
        std::string text; // the literal, or the placeholder's name
    };
    std::vector<piece> pieces_;
};

} // namespace seedhook
