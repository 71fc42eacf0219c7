// A bucket in memory, an s3 sink that puts there, and one delivery.
#pragma once

#include "fake_bucket.hpp"
#include "file_text.hpp"
#include "run_coroutine.hpp"
#include "seedhook/sinks/s3.hpp"
#include "temp_folder.hpp"

namespace seedhook::test::s3_in_memory {

using asked = fake_bucket::asked;
using reply = std::optional<result<http::client_response>>;

constexpr std::size_t part_size = std::size_t{5} << 20;

struct set_clock final : clock {
    time_point present{std::chrono::seconds(1'800'000'000)};
    time_point now() const noexcept override { return present; }
};

struct world {
    explicit world(std::size_t size = 3 * part_size - 7) {
        settings.name = "archive";
        config::s3_sink& s3 = settings.s3.emplace();
        s3.endpoint = "http://127.0.0.1:1";
        s3.region = "eu-west-1";
        s3.bucket = "videos";
        s3.multipart_threshold = 2 * part_size;
        s3.part_size = part_size;
        s3.parts_at_a_time = 1;
        s3.credentials.access_key_id = "id";
        s3.credentials.secret_access_key = config::secret("key");
        what.id = "dlv_1";
        what.of.source = "main";
        what.of.request_id = "req_1";
        what.of.status = task_status::succeeded;
        what.video = folder.path() / "req_1.mp4";
        for (std::size_t i = 0; i < size; ++i) {
            bytes.push_back(static_cast<char>(i * 31 % 251));
        }
        write_file(*what.video, bytes);
        what.of.video = video_file{"main/req_1.mp4", size, crypto::to_hex(crypto::sha256_of(bytes)), "video/mp4"};
    }

    // Another life of the daemon, each time: nothing but the records and the bucket remains.
    std::shared_ptr<sink> make() {
        s3_context with{bucket, bucket, disk, time, folder.path() / "records", {}};
        return make_s3_sink(settings, std::move(with)).value();
    }
    outcome deliver() {
        const auto to = make();
        return run_coroutine(hearing_cancellation(to->deliver(what)));
    }
    bool is_there() { return bucket.objects.contains("req_1.mp4") && bucket.objects["req_1.mp4"].body == bytes; }

    config::s3_sink& s3() { return *settings.s3; }

    temp_folder folder;
    fake_bucket bucket;
    blocking_pool disk{4};
    set_clock time;
    config::sink settings;
    delivery what;
    std::string bytes;
};

// Answers the first request that fits with `with`.
inline auto once(std::string method, std::string query_begin, result<http::client_response> with) {
    return [=, done = false](const asked& a) mutable -> reply {
        if (done || !a.is(method, query_begin)) {
            return std::nullopt;
        }
        done = true;
        return with;
    };
}

inline const result<http::client_response> no_answer = error(errc::network, "127.0.0.1: reset");

inline bool delivered(const outcome& o) { return std::holds_alternative<done>(o); }

} // namespace seedhook::test::s3_in_memory
