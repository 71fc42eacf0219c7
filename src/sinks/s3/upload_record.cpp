// Records as lines of JSON: the upload first, then a line for each part.
#include "sinks/s3/upload_record.hpp"

#include "seedhook/async/unique_fd.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <string_view>
#include <utility>

namespace seedhook::s3 {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::string_view suffix = ".upload";
constexpr std::uint32_t highest_number = 10000;

std::string line_of(const upload_record& r) {
    return json::serialize(json::object{{"bucket", r.bucket},
                                        {"key", r.key},
                                        {"sha256", r.sha256},
                                        {"size", r.size},
                                        {"partSize", r.part_size},
                                        {"checksum", r.checksum},
                                        {"uploadId", r.upload_id}}) +
           "\n";
}

std::string line_of(std::uint32_t number, const stored_part& part) {
    return json::serialize(json::object{{"part", number}, {"etag", part.etag}, {"checksum", part.checksum}}) + "\n";
}

std::string text_in(const json::object& from, std::string_view key) {
    const json::value* value = from.if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::uint64_t number_in(const json::object& from, std::string_view key) {
    const json::value* value = from.if_contains(key);
    json::error_code failure;
    const auto number = value != nullptr ? value->to_number<std::uint64_t>(failure) : 0;
    return failure ? 0 : number;
}

std::optional<json::object> object_in(const std::string& line) {
    json::error_code failure;
    json::value parsed = json::parse(line, failure);
    return failure || !parsed.is_object() ? std::nullopt : std::optional(std::move(parsed.get_object()));
}

// One write: a line is there whole, or its end is missing and it does not count.
result<void> write_line(const fs::path& file, int flags, const std::string& text, bool sync) {
    const unique_fd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | flags, 0600));
    if (!fd) {
        return errno_error("writing " + file.string(), errno);
    }
    const ssize_t wrote = ::write(fd.get(), text.data(), text.size());
    if (wrote != static_cast<ssize_t>(text.size())) {
        return errno_error("writing " + file.string(), wrote < 0 ? errno : ENOSPC);
    }
    if (sync && ::fsync(fd.get()) != 0) {
        return errno_error("syncing " + file.string(), errno);
    }
    return {};
}

} // namespace

std::optional<upload_record> record_file::load() const {
    std::ifstream in(file_);
    std::string line;
    if (!std::getline(in, line) || in.eof()) {
        return std::nullopt;
    }
    const auto head = object_in(line);
    if (!head) {
        return std::nullopt;
    }
    upload_record r;
    r.bucket = text_in(*head, "bucket");
    r.key = text_in(*head, "key");
    r.sha256 = text_in(*head, "sha256");
    r.size = number_in(*head, "size");
    r.part_size = number_in(*head, "partSize");
    r.checksum = text_in(*head, "checksum");
    r.upload_id = text_in(*head, "uploadId");
    if (r.key.empty() || r.part_size == 0) {
        return std::nullopt;
    }
    while (std::getline(in, line) && !in.eof()) {
        const auto part = object_in(line);
        const std::uint64_t number = part ? number_in(*part, "part") : 0;
        const std::string etag = part ? text_in(*part, "etag") : std::string();
        if (number == 0 || number > highest_number || etag.empty()) {
            break;
        }
        r.parts[static_cast<std::uint32_t>(number)] = {etag, text_in(*part, "checksum")};
    }
    return r;
}

result<void> record_file::save(const upload_record& all) const {
    const fs::path folder = file_.parent_path();
    std::error_code failure;
    fs::create_directories(folder, failure);
    if (failure) {
        return errno_error("making the folder " + folder.string(), failure.value());
    }
    std::string text = line_of(all);
    for (const auto& [number, part] : all.parts) {
        text += line_of(number, part);
    }
    const fs::path fresh = file_.string() + ".new";
    if (auto written = write_line(fresh, O_TRUNC, text, true); !written) {
        return written;
    }
    if (::rename(fresh.c_str(), file_.c_str()) != 0) {
        return errno_error("naming " + file_.string(), errno);
    }
    const unique_fd names(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!names || ::fsync(names.get()) != 0) {
        return errno_error("syncing the folder " + folder.string(), errno);
    }
    return {};
}

result<void> record_file::add(std::uint32_t number, const stored_part& part) const {
    return write_line(file_, O_APPEND, line_of(number, part), false);
}

void record_file::set_aside() const {
    fs::path aside = file_;
    if (!file_.stem().has_extension()) { // deliveries' ids have no dots
        std::error_code failure;
        for (unsigned n = 1; n == 1 || fs::exists(aside, failure); ++n) {
            aside.replace_filename(file_.stem().string() + ".left" + std::to_string(n) + std::string(suffix));
        }
        fs::rename(file_, aside, failure); // lost in a power cut, it is ended again before the next one begins
    }
    ::utimensat(AT_FDCWD, aside.c_str(), nullptr, 0);
}

void record_file::remove() const noexcept { ::unlink(file_.c_str()); }

std::vector<std::string> records_untouched_since(const fs::path& folder, time_point before) {
    std::vector<std::string> names;
    std::error_code failure;
    for (fs::directory_iterator next(folder, failure), end; !failure && next != end; next.increment(failure)) {
        struct stat seen {};
        const std::string name = next->path().filename().string();
        const bool read = name.ends_with(suffix) && ::stat(next->path().c_str(), &seen) == 0;
        if (read && time_point(std::chrono::seconds(seen.st_mtim.tv_sec)) < before) {
            names.push_back(name.substr(0, name.size() - suffix.size()));
        }
    }
    return names;
}

} // namespace seedhook::s3
