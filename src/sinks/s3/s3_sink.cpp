// The s3 sink: look whether it is there, put it there, look again.
#include "seedhook/sinks/s3.hpp"

#include "seedhook/crypto/encoding.hpp"
#include "seedhook/log/log.hpp"
#include "sinks/s3/credential_source.hpp"
#include "sinks/s3/multipart.hpp"
#include "sinks/s3/object.hpp"
#include "sinks/s3/service.hpp"
#include "sinks/s3/upload_record.hpp"

#include <boost/asio/this_coro.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <set>
#include <utility>
#include <vector>

namespace seedhook {
namespace {

using namespace s3;

constexpr std::string_view manifest_suffix = ".json";
constexpr unsigned precondition_failed = 412;

// The video in the spool, once it is open and as long as it should be.
boost::system::result<shared_file, outcome> open_video(const std::filesystem::path& path, std::uint64_t size) {
    auto file = std::make_shared<unique_fd>(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    struct stat seen {};
    if (!*file || ::fstat(file->get(), &seen) != 0) {
        return outcome(again(errno_error("opening " + path.string(), errno).message));
    }
    if (!S_ISREG(seen.st_mode) || static_cast<std::uint64_t>(seen.st_size) != size) {
        return outcome(again("the video in the spool has changed: " + path.string()));
    }
    return shared_file(std::move(file));
}

// What is found under a key. `damaged`: ours by its hash, but not as long as it should be.
enum class found { nothing, same, damaged, other };

found compare(const http::client_response& head, const video_file& video) {
    const bool ours = head.find(sha256_field).value_or("") == video.sha256;
    const bool whole = head.find("Content-Length").value_or("") == std::to_string(video.size);
    return !ours ? found::other : whole ? found::same : found::damaged;
}

bool is_missing(const refusal& look) { return look.why.status == 404 && look.why.code != "NoSuchBucket"; }

void add_condition(http::field_list& to, bool over_another) {
    if (!over_another) {
        to.emplace_back("If-None-Match", "*");
    }
}

credential_context credential_context_of(const s3_context& with) {
    return {with.environment ? with.environment : process_environment(), with.metadata, with.disk, with.time};
}

class s3_sink final : public sink {
public:
    s3_sink(std::string name, config::s3_sink settings, object_rules objects, bucket_place home, s3_context with)
        : name_(std::move(name)), settings_(std::move(settings)), objects_(std::move(objects)), home_(home),
          with_(std::move(with)),
          to_(with_.service, make_credential_source(settings_.credentials, credential_context_of(with_)),
              std::move(home), with_.time) {}

    std::string_view name() const noexcept override { return name_; }

    awaitable<outcome> deliver(const delivery& what) override {
        co_await asio::this_coro::throw_if_cancelled(false);
        outcome result = co_await put_all(what);
        if (std::holds_alternative<done>(result) || std::holds_alternative<rejected>(result)) {
            sent_.erase(what.id);
        }
        co_return result;
    }

    awaitable<outcome> probe() override;
    awaitable<> tidy() override;

private:
    awaitable<outcome> put_all(const delivery& what) {
        if (!valid_request_id(what.id)) { // it names the record
            co_return rejected("the delivery's id is no name for a file");
        }
        if (what.of.status == task_status::succeeded && (!what.video || !what.of.video)) {
            co_return again("the video is not in the spool");
        }
        const std::string key = objects_.key_of(what.of);
        const std::string document = key + std::string(manifest_suffix);
        std::optional<outcome> trouble;
        if (what.video) {
            trouble = co_await put_video(what, key);
        }
        if (!trouble && (settings_.manifest || !what.video)) {
            trouble = co_await put_document(what, document);
        }
        if (trouble) {
            co_return std::move(*trouble);
        }
        co_return done(home_.name_of(what.video ? key : document));
    }

    awaitable<std::optional<outcome>> put_video(const delivery& what, const std::string& key);
    awaitable<std::optional<refusal>> put_whole(const delivery& what, const std::string& key, shared_file video,
                                                bool over_another);
    awaitable<std::optional<refusal>> put_in_parts(const delivery& what, const std::string& key, shared_file video,
                                                   bool over_another);
    awaitable<std::optional<outcome>> put_document(const delivery& what, const std::string& key);
    awaitable<reply> look_at(const std::string& key);
    awaitable<boost::system::result<found, refusal>> look_for(const video_file& video, const std::string& key);
    awaitable<std::optional<outcome>> check(const video_file& video, const std::string& key);
    awaitable<std::string> probe_parts(const std::string& key);
    awaitable<> end_recorded(const std::string& id);
    outcome taken(const std::string& key) const;

    record_file record_of(const std::string& id) const { return {with_.records, id}; }

    const std::string name_;
    const config::s3_sink settings_;
    const object_rules objects_;
    const bucket_place home_; // as configured
    const s3_context with_;
    service to_;
    std::set<std::string> sent_;      // deliveries under way whose video has been sent in this life
    std::multiset<std::string> busy_; // keys of uploads in parts that are under way
};

outcome s3_sink::taken(const std::string& key) const {
    return rejected("another object is there already: " + home_.name_of(key));
}

awaitable<reply> s3_sink::look_at(const std::string& key) {
    operation look("HeadObject", "HEAD", key);
    auto head = co_await to_.call(std::move(look));
    co_return head;
}

awaitable<boost::system::result<found, refusal>> s3_sink::look_for(const video_file& video, const std::string& key) {
    const auto head = co_await look_at(key);
    if (head) {
        co_return compare(*head, video);
    }
    if (is_missing(head.error())) {
        co_return found::nothing;
    }
    co_return head.error();
}

awaitable<std::optional<outcome>> s3_sink::put_video(const delivery& what, const std::string& key) {
    const video_file& video = *what.of.video;
    const bool sent = sent_.contains(what.id);           // a blocked attempt does not count as one
    const bool perhaps_there = sent || what.attempt > 1; // an earlier attempt may not have lived to say so
    bool over_another = !settings_.if_absent;
    if (perhaps_there || settings_.if_absent) {
        const auto there = co_await look_for(video, key);
        if (there && *there == found::same) {
            co_await end_recorded(what.id);
            co_return std::nullopt;
        }
        if (there && *there == found::other && settings_.if_absent) {
            co_return taken(key);
        }
        if (!there && (sent || settings_.if_absent)) {
            co_return there.error().comes_to;
        }
        over_another = over_another || (there && *there == found::damaged); // it is our own
    }
    auto opening = [path = *what.video, size = video.size] { return open_video(path, size); };
    auto file = co_await with_.disk.run(std::move(opening));
    if (!file) {
        co_return file.error();
    }
    std::optional<refusal> refused;
    if (video.size < settings_.multipart_threshold) {
        refused = co_await put_whole(what, key, std::move(*file), over_another);
    } else {
        refused = co_await put_in_parts(what, key, std::move(*file), over_another);
    }
    if (refused && (over_another || refused->why.status != precondition_failed)) {
        co_return std::move(refused->comes_to);
    }
    sent_.insert(what.id);
    auto trouble = co_await check(video, key);
    if (!trouble && refused) {
        co_await end_recorded(what.id);
    } else if (!trouble) {
        auto forgetting = [record = record_of(what.id)] { record.remove(); };
        co_await with_.disk.run(std::move(forgetting));
    }
    co_return trouble;
}

// The object must be there, as long as the video and with its hash.
awaitable<std::optional<outcome>> s3_sink::check(const video_file& video, const std::string& key) {
    const auto head = co_await look_at(key);
    if (!head) {
        const refusal why = head.error();
        co_return why.why.status == 404 ? outcome(again(home_.name_of(key) + " is not there after it was put"))
                                        : why.comes_to;
    }
    const found there = compare(*head, video);
    if (there == found::same) {
        co_return std::nullopt;
    }
    if (settings_.if_absent && there == found::other) {
        co_return taken(key);
    }
    const std::string size(head->find("Content-Length").value_or("no"));
    co_return again(home_.name_of(key) + " has " + size + " bytes instead of " + std::to_string(video.size) +
                    (there == found::damaged ? "" : ", and another hash"));
}

awaitable<std::optional<refusal>> s3_sink::put_whole(const delivery& what, const std::string& key, shared_file video,
                                                     bool over_another) {
    const video_file& of = *what.of.video;
    operation put("PutObject", "PUT", key);
    put.fields = objects_.fields_of(of.content_type);
    put.fields.emplace_back(sha256_field, of.sha256);
    add_condition(put.fields, over_another);
    if (settings_.checksum == checksum_kind::sha256) {
        put.fields.emplace_back(field_of(settings_.checksum), checksum_of_sha256(of.sha256));
    } else if (settings_.checksum != checksum_kind::none) {
        const auto hashed = co_await digest(video, 0, of.size, settings_.checksum, with_.disk);
        if (!hashed) {
            co_return refused_by_disk(hashed.error());
        }
        put.fields.emplace_back(field_of(settings_.checksum), hashed->checksum);
    }
    put.payload_sha256 = of.sha256;
    put.upload = std::make_shared<file_range>(std::move(video), 0, of.size, with_.disk);
    const auto answer = co_await to_.call(std::move(put));
    co_return answer ? std::nullopt : std::optional(answer.error());
}

awaitable<std::optional<refusal>> s3_sink::put_in_parts(const delivery& what, const std::string& key, shared_file video,
                                                        bool over_another) {
    const video_file& of = *what.of.video;
    upload_record wanted;
    wanted.bucket = home_.identity();
    wanted.key = key;
    wanted.sha256 = of.sha256;
    wanted.size = of.size;
    wanted.part_size = part_size_for(of.size, settings_.part_size);
    wanted.checksum = name_of(settings_.checksum);
    multipart_context context{
        to_, with_.disk, record_of(what.id), std::move(video), settings_.checksum, settings_.parts_at_a_time};
    const auto executor = co_await asio::this_coro::executor;
    multipart upload(executor, std::move(context), std::move(wanted));
    http::field_list fields = objects_.fields_of(of.content_type);
    fields.emplace_back(sha256_field, of.sha256);
    http::field_list at_its_end;
    add_condition(at_its_end, over_another);
    const auto busy = busy_.insert(key);
    auto refused = co_await upload.run(std::move(fields), std::move(at_its_end));
    busy_.erase(busy);
    co_return refused;
}

// With if_absent over nothing but an earlier document of the same task.
awaitable<std::optional<outcome>> s3_sink::put_document(const delivery& what, const std::string& key) {
    const std::string task = what.of.source + "/" + what.of.request_id;
    bool over_another = !settings_.if_absent;
    if (settings_.if_absent) {
        const auto there = co_await look_at(key);
        if (!there && !is_missing(there.error())) {
            co_return there.error().comes_to;
        }
        if (there && there->find(task_field).value_or("") != task) {
            co_return taken(key);
        }
        over_another = there.has_value();
    }
    operation put("PutObject", "PUT", key);
    put.fields = objects_.fields_of("application/json");
    put.fields.emplace_back(task_field, task);
    add_condition(put.fields, over_another);
    put.body = delivery_document(what, std::nullopt);
    const auto answer = co_await to_.call(std::move(put));
    if (!answer && !over_another && answer.error().why.status == precondition_failed) {
        co_return again("another was put there meanwhile: " + home_.name_of(key)); // whose, the next look will tell
    }
    co_return answer ? std::nullopt : std::optional(answer.error().comes_to);
}

// Where the videos go, since a policy may hold for that alone; and an upload that is begun and ended.
awaitable<outcome> s3_sink::probe() {
    co_await asio::this_coro::throw_if_cancelled(false);
    const std::string key = objects_.folder() + "seedhook-probe-" + crypto::random_hex(8);
    if (settings_.if_absent) {
        const auto missing = co_await look_at(key);
        if (!missing && !is_missing(missing.error())) {
            co_return missing.error().comes_to;
        }
    }
    operation put("PutObject", "PUT", key);
    put.fields = objects_.fields_of("text/plain");
    add_condition(put.fields, !settings_.if_absent);
    put.body = "seedhook doctor\n";
    const auto written = co_await to_.call(std::move(put));
    if (!written) {
        co_return written.error().comes_to;
    }
    const auto seen = co_await look_at(key);
    operation drop("DeleteObject", "DELETE", key);
    const auto dropped = co_await to_.call(std::move(drop));
    if (!seen) {
        co_return seen.error().comes_to;
    }
    std::string but = dropped ? "" : "; must not delete, and has left " + home_.name_of(key);
    but += co_await probe_parts(key);
    co_return done("may write and look in " + home_.name_of(objects_.folder()) + but);
}

// What an upload in parts would miss, beginning with a semicolon; empty: nothing.
awaitable<std::string> s3_sink::probe_parts(const std::string& key) {
    operation begin("CreateMultipartUpload", "POST", key, "uploads=");
    begin.fields = objects_.fields_of("text/plain");
    const auto begun = co_await to_.call(std::move(begin));
    if (!begun) {
        co_return "; no uploads in parts: " + begun.error().why.code;
    }
    const auto listed = co_await list_uploads(to_, key);
    const auto ended = co_await abort_upload(to_, key, element(begun->body, "UploadId"));
    std::string missing = listed ? "" : "; must not list uploads: " + listed.error().why.code;
    if (ended) {
        missing += "; must not end uploads, and has left one: " + ended->why.code;
    }
    co_return missing;
}

awaitable<> s3_sink::tidy() {
    co_await asio::this_coro::throw_if_cancelled(false);
    auto looking = [folder = with_.records, before = with_.time.now() - settings_.abort_after] {
        return records_untouched_since(folder, before);
    };
    const auto names = co_await with_.disk.run(std::move(looking));
    for (const std::string& name : names) {
        co_await end_recorded(name);
    }
}

// The upload that the record of that delivery tells of; another time, while one to its key is under way.
awaitable<> s3_sink::end_recorded(const std::string& id) {
    auto loading = [record = record_of(id)] { return record.load(); };
    auto upload = co_await with_.disk.run(std::move(loading));
    if (!upload) {
        auto forgetting = [record = record_of(id)] { record.remove(); }; // there is none, or it cannot be read
        co_await with_.disk.run(std::move(forgetting));
    } else if (!busy_.contains(upload->key)) {
        const std::string key = upload->key;
        record_file notes = record_of(id);
        const auto kept = co_await end_upload(to_, with_.disk, std::move(notes), std::move(*upload));
        log::info(kept ? "abandoned upload not ended yet" : "abandoned upload ended", {{"sink", name_}, {"key", key}});
    }
}

} // namespace

http::client_settings s3_client_settings(std::size_t connections) {
    http::client_settings c;
    c.addresses.public_only = false;            // an operator named the host
    c.https_only = false;                       // and said `plaintext: true`, or it is this machine
    c.header_timeout = std::chrono::minutes(5); // a large upload is put together before the answer
    c.idle_timeout = std::chrono::minutes(1);
    c.total_timeout = std::chrono::hours(24);
    c.pool_size = connections;
    return c;
}

http::client_settings s3_metadata_client_settings() { return metadata_client_settings(); }

result<std::shared_ptr<sink>> make_s3_sink(const config::sink& settings, s3_context with) {
    const config::s3_sink& wanted = settings.s3.value();
    auto place = bucket_place::of(wanted);
    if (!place) {
        return place.error();
    }
    auto objects = object_rules::of(wanted);
    if (!objects) {
        return objects.error();
    }
    return std::shared_ptr<sink>(
        std::make_shared<s3_sink>(settings.name, wanted, std::move(*objects), std::move(*place), std::move(with)));
}

} // namespace seedhook
