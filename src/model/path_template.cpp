// Parsing and rendering of file name templates. Values come from upstream and are hostile until made safe here.
#include "seedhook/model/path_template.hpp"

#include "seedhook/model/text.hpp"

#include <boost/json.hpp>
#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid_io.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace seedhook {
namespace {

constexpr std::size_t longest_literal = 255; // NAME_MAX
constexpr std::size_t longest_segment = 240; // leaves room for what a sink appends: `-2`, `.json`
constexpr std::size_t longest_kept_extension = 16;
constexpr std::string_view missing = "_";
constexpr std::string_view metadata_prefix = "metadata.";

bool is_known(std::string_view name) {
    constexpr std::array<std::string_view, 10> names{"source", "requestId", "status", "model",  "year",
                                                     "month",  "day",       "date",   "sha256", "ext"};
    return std::find(names.begin(), names.end(), name) != names.end() ||
           (name.starts_with(metadata_prefix) && name.size() > metadata_prefix.size());
}

// A value as part of one file name: never empty, never a name with a meaning of its own.
std::string safe_value(std::string_view value) {
    std::string out;
    for (std::string_view rest = value; !rest.empty();) {
        const code_point c = front_code_point(rest);
        const bool refused = !c.valid || is_control(c.value) || c.value == '/' || c.value == '\\' ||
                             (out.empty() && (c.value == '.' || c.value == '-'));
        out += refused ? missing : rest.substr(0, c.length);
        rest.remove_prefix(c.length);
    }
    return out.empty() ? std::string(missing) : out;
}

std::string number(double value) {
    std::array<char, 64> buffer{};
    const auto [end, failed] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
    return failed == std::errc{} ? std::string(buffer.data(), end) : std::string();
}

std::string metadata_value(const std::string& metadata, std::string_view key) {
    boost::system::error_code broken;
    const boost::json::value all = boost::json::parse(metadata, broken);
    const boost::json::object* object = broken ? nullptr : all.if_object();
    const boost::json::value* value = object ? object->if_contains(key) : nullptr;
    if (!value) {
        return {};
    }
    switch (value->kind()) {
    case boost::json::kind::string:
        return std::string(value->get_string().c_str(), value->get_string().size());
    case boost::json::kind::bool_:
    case boost::json::kind::int64:
    case boost::json::kind::uint64:
        return boost::json::serialize(*value);
    case boost::json::kind::double_:
        return number(value->get_double());
    default:
        return {}; // a list or an object has no name
    }
}

std::string date_value(std::string_view name, const std::optional<time_point>& at) {
    if (!at) {
        return {};
    }
    const std::string date = to_rfc3339(*at).substr(0, 10); // YYYY-MM-DD
    return name == "year"    ? date.substr(0, 4)
           : name == "month" ? date.substr(5, 2)
           : name == "day"   ? date.substr(8)
                             : date;
}

std::string value_of(std::string_view name, const task& of, std::string_view extension) {
    if (name == "source") {
        return of.source;
    }
    if (name == "requestId") {
        return of.request_id;
    }
    if (name == "status") {
        return std::string(to_string(of.status));
    }
    if (name == "model") {
        return of.model;
    }
    if (name == "sha256") {
        return of.video ? of.video->sha256 : std::string();
    }
    if (name == "ext") {
        return std::string(extension);
    }
    if (name.starts_with(metadata_prefix)) {
        return metadata_value(of.metadata, name.substr(metadata_prefix.size()));
    }
    return date_value(name, of.settled_at);
}

// The segment itself, or its beginning, a hash of the whole and its extension.
std::string cut_segment(std::string_view segment) {
    if (segment.size() <= longest_segment) {
        return std::string(segment);
    }
    std::string hash = to_string(boost::uuids::name_generator_sha1(boost::uuids::ns::oid())(std::string(segment)));
    std::erase(hash, '-');
    const std::size_t dot = segment.rfind('.');
    const bool has_extension = dot != std::string_view::npos && segment.size() - dot <= longest_kept_extension;
    const std::string_view extension = has_extension ? segment.substr(dot) : std::string_view();

    const std::size_t room = longest_segment - 1 - hash.size() - extension.size();
    std::size_t kept = 0;
    while (kept < segment.size()) {
        const std::size_t next = kept + front_code_point(segment.substr(kept)).length;
        if (next > room) {
            break;
        }
        kept = next;
    }
    return std::string(segment.substr(0, kept)) + "-" + hash + std::string(extension);
}

// Calls `each` with the parts of `text` between its slashes.
template <class Each>
void for_each_segment(std::string_view text, Each each) {
    while (true) {
        const std::size_t slash = text.find('/');
        each(text.substr(0, slash));
        if (slash == std::string_view::npos) {
            return;
        }
        text.remove_prefix(slash + 1);
    }
}

// What is wrong with the text of a template as a path, whatever its placeholders will stand for.
std::optional<std::string> path_fault(std::string_view text) {
    if (text.empty()) {
        return "the template is empty";
    }
    if (text.front() == '/') {
        return "the template must be a relative path";
    }
    for (std::string_view rest = text; !rest.empty();) {
        const code_point c = front_code_point(rest);
        if (!c.valid || is_control(c.value)) {
            return "the template holds a control character or is not UTF-8";
        }
        rest.remove_prefix(c.length);
    }
    std::optional<std::string> fault;
    for_each_segment(text, [&](std::string_view segment) {
        if (segment.empty()) {
            fault = "the template has an empty segment";
        } else if (segment == "." || segment == "..") {
            fault = "the template has a segment `" + std::string(segment) + "`";
        } else if (segment.size() > longest_literal) {
            fault = "the template has a segment longer than 255 bytes";
        }
    });
    return fault;
}

} // namespace

result<path_template> path_template::parse(std::string_view text) {
    if (auto fault = path_fault(text)) {
        return error(errc::invalid, *fault);
    }
    path_template parsed;
    bool tells_tasks_apart = false;
    while (!text.empty()) {
        const std::size_t brace = text.find_first_of("{}");
        if (brace != 0) {
            parsed.pieces_.push_back({true, std::string(text.substr(0, brace))});
            text.remove_prefix(std::min(brace, text.size()));
            continue;
        }
        const std::size_t end = text.find_first_of("{}", 1);
        if (text.front() == '}' || end == std::string_view::npos || text[end] == '{') {
            return error(errc::invalid, "a `{` or `}` without its partner");
        }
        const std::string_view name = text.substr(1, end - 1);
        if (!is_known(name) || name.find('/') != std::string_view::npos) {
            return error(errc::invalid, "unknown placeholder {" + std::string(name) + "}");
        }
        tells_tasks_apart = tells_tasks_apart || name == "requestId" || name == "sha256";
        parsed.pieces_.push_back({false, std::string(name)});
        text.remove_prefix(end + 1);
    }
    if (!tells_tasks_apart) {
        return error(errc::invalid, "the template needs {requestId} or {sha256}, to tell tasks apart");
    }
    return parsed;
}

std::string path_template::render(const task& of, std::string_view extension) const {
    std::string whole;
    for (const piece& p : pieces_) {
        whole += p.literal ? p.text : safe_value(value_of(p.text, of, extension));
    }
    std::string path;
    for_each_segment(whole, [&](std::string_view segment) {
        path += path.empty() ? "" : "/";
        path += cut_segment(segment);
    });
    return path;
}

} // namespace seedhook
