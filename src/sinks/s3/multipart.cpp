// Multipart uploads (https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html).
#include "sinks/s3/multipart.hpp"

#include "seedhook/log/log.hpp"
#include "sinks/s3/signing.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <utility>

namespace seedhook::s3 {
namespace {

constexpr std::uint64_t most_parts = 10000;
constexpr std::uint64_t mib = std::uint64_t{1} << 20;
constexpr unsigned most_pages = 100;
constexpr duration short_pause = std::chrono::seconds(1);

std::string query_of(const std::string& upload_id) { return "uploadId=" + uri_encode(upload_id, false); }

// An answer that is a success and yet of no use.
refusal without(std::string_view what, std::string_view operation, const service& from) {
    return refusal(again("bucket `" + from.where().bucket + "`: " + std::string(operation) + " was answered without " +
                         std::string(what)));
}

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&quot;";
            break;
        default:
            out += c;
        }
    }
    return out;
}

std::string completion_of(const upload_record& upload, checksum_kind kind) {
    std::string out = R"(<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">)";
    const std::string checksum = "Checksum" + std::string(name_of(kind));
    for (const auto& [number, part] : upload.parts) {
        out += "<Part><PartNumber>" + std::to_string(number) + "</PartNumber><ETag>" + escaped(part.etag) + "</ETag>";
        if (!part.checksum.empty()) {
            out += "<" + checksum + ">" + part.checksum + "</" + checksum + ">";
        }
        out += "</Part>";
    }
    return out + "</CompleteMultipartUpload>";
}

// The upload that it went to has ended, or does not have what we were told it has.
bool is_lost(const failure& why) {
    return why.code == "NoSuchUpload" || why.code == "InvalidPart" || why.code == "InvalidPartOrder";
}

// What may pass by itself.
bool passes(const refusal& why) {
    return std::holds_alternative<again>(why.comes_to) || std::holds_alternative<interrupted>(why.comes_to);
}

void tell_of_left(const upload_record& upload, const refusal& why) {
    const auto* held_up = std::get_if<blocked>(&why.comes_to);
    const auto* never = std::get_if<rejected>(&why.comes_to);
    const std::string& reason = held_up != nullptr ? held_up->why : never != nullptr ? never->why : why.why.code;
    log::warning("upload left behind", {{"key", upload.key}, {"upload_id", upload.upload_id}, {"error", reason}});
}

// Those to exactly that key stand before all others that begin with it, on the first page or the first few.
awaitable<std::optional<refusal>> abort_all(service& at, const std::string& key) {
    for (unsigned page = 0; page < most_pages; ++page) {
        const auto uploads = co_await list_uploads(at, key);
        if (!uploads) {
            co_return uploads.error();
        }
        for (const std::string& id : uploads->ids) {
            auto kept = co_await abort_upload(at, key, id);
            if (kept) {
                co_return kept;
            }
        }
        if (!uploads->more || uploads->ids.empty()) {
            break;
        }
    }
    co_return std::nullopt;
}

} // namespace

std::uint64_t part_size_for(std::uint64_t size, std::uint64_t wanted) noexcept {
    const std::uint64_t least = (size + most_parts - 1) / most_parts;
    return std::max(wanted, (least + mib - 1) / mib * mib);
}

multipart::multipart(asio::any_io_executor executor, multipart_context with, upload_record wanted)
    : executor_(std::move(executor)), with_(std::move(with)), upload_(std::move(wanted)) {}

awaitable<std::optional<refusal>> multipart::run(http::field_list object, http::field_list condition) {
    auto refused = co_await take_up(std::move(object));
    if (!refused) {
        refused = co_await send_all();
    }
    if (!refused) {
        refused = co_await complete(std::move(condition));
    }
    if (refused && is_lost(refused->why)) {
        upload_.sha256.clear(); // fits nothing: nobody goes on with it, also when it cannot be ended now
        auto giving_up = [notes = with_.notes, all = upload_] { return notes.save(all); };
        co_await with_.disk.run(std::move(giving_up));
        co_await end_upload(with_.to, with_.disk, with_.notes, upload_);
    } else if (refused && stored_some_ && std::holds_alternative<again>(refused->comes_to)) {
        const auto& fault = std::get<again>(refused->comes_to);
        not_yet later(fault.why, fault.after.value_or(short_pause), duration(0));
        later.counts = false;
        refused->comes_to = std::move(later);
    }
    co_return refused;
}

// Goes on with what an earlier attempt recorded, or ends that and begins anew.
awaitable<std::optional<refusal>> multipart::take_up(http::field_list object) {
    auto loading = [notes = with_.notes] { return notes.load(); };
    auto earlier = co_await with_.disk.run(std::move(loading));
    if (earlier && earlier->fits(upload_) && !earlier->upload_id.empty()) {
        upload_ = std::move(*earlier);
        co_return std::nullopt;
    }
    if (earlier) {
        auto kept = co_await end_upload(with_.to, with_.disk, with_.notes, std::move(*earlier));
        if (kept && passes(*kept)) { // what does not is set aside, and holds up no video
            co_return kept;
        }
    }
    co_return co_await begin(std::move(object));
}

// The record stands before the service begins an upload: one whose id was lost on the way can be found and ended.
awaitable<std::optional<refusal>> multipart::begin(http::field_list object) {
    auto saving = [notes = with_.notes, all = upload_] { return notes.save(all); };
    const auto intended = co_await with_.disk.run(std::move(saving));
    if (!intended) {
        co_return refused_by_disk(intended.error());
    }
    operation create("CreateMultipartUpload", "POST", upload_.key, "uploads=");
    create.fields = std::move(object);
    if (with_.checksum != checksum_kind::none) {
        create.fields.emplace_back("x-amz-checksum-algorithm", name_of(with_.checksum));
    }
    auto begun = co_await with_.to.call(std::move(create));
    if (!begun) {
        co_return begun.error();
    }
    upload_.upload_id = element(begun->body, "UploadId");
    if (upload_.upload_id.empty()) {
        co_return without("an id", "CreateMultipartUpload", with_.to);
    }
    auto keeping = [notes = with_.notes, all = upload_] { return notes.save(all); };
    const auto kept = co_await with_.disk.run(std::move(keeping));
    co_return kept ? std::nullopt : std::optional(refused_by_disk(kept.error()));
}

awaitable<std::optional<refusal>> multipart::send_all() {
    task_group senders(executor_);
    for (std::uint32_t i = 0; i < with_.parts_at_a_time; ++i) {
        senders.spawn(send_parts(), "part of an upload");
    }
    co_await senders.drained();
    while (senders.size() != 0) { // cancelled: whatever is told us is passed on, and the next word listened for
        const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
        const bool at_once = (state.cancelled() & asio::cancellation_type::terminal) != asio::cancellation_type::none;
        senders.cancel(at_once ? asio::cancellation_type::terminal : asio::cancellation_type::total);
        co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation(),
                                                           asio::enable_total_cancellation());
        co_await senders.drained();
    }
    co_return refused_;
}

std::optional<std::uint32_t> multipart::next_part() {
    const std::uint64_t count = (upload_.size + upload_.part_size - 1) / upload_.part_size;
    while (next_ <= count && upload_.parts.contains(next_)) {
        ++next_;
    }
    return next_ <= count ? std::optional(next_++) : std::nullopt;
}

// One of those that send side by side.
awaitable<> multipart::send_parts() {
    while (!refused_) {
        const auto number = next_part();
        if (!number) {
            co_return;
        }
        const bool stop = co_await cancelled();
        std::optional<refusal> refused;
        if (stop) {
            refused = refusal(interrupted{});
        } else {
            refused = co_await send_part(*number);
        }
        if (refused && !refused_) {
            refused_ = std::move(refused);
        }
    }
}

awaitable<std::optional<refusal>> multipart::send_part(std::uint32_t number) {
    const std::uint64_t begin = (number - 1) * upload_.part_size;
    const std::uint64_t size = std::min(upload_.part_size, upload_.size - begin);
    const auto hashed = co_await digest(with_.video, begin, size, with_.checksum, with_.disk);
    if (!hashed) {
        co_return refused_by_disk(hashed.error());
    }
    const std::string query = "partNumber=" + std::to_string(number) + "&" + query_of(upload_.upload_id);
    operation put("UploadPart", "PUT", upload_.key, query);
    put.upload = std::make_shared<file_range>(with_.video, begin, size, with_.disk);
    put.payload_sha256 = hashed->sha256;
    if (!hashed->checksum.empty()) {
        put.fields.emplace_back(field_of(with_.checksum), hashed->checksum);
    }
    auto answer = co_await with_.to.call(std::move(put));
    if (!answer) {
        co_return answer.error();
    }
    stored_part stored;
    stored.etag = answer->find("ETag").value_or("");
    stored.checksum = hashed->checksum;
    if (stored.etag.empty()) {
        co_return without("an ETag", "UploadPart", with_.to);
    }
    co_return co_await note(number, std::move(stored));
}

awaitable<std::optional<refusal>> multipart::note(std::uint32_t number, stored_part part) {
    upload_.parts[number] = part;
    stored_some_ = true;
    auto adding = [notes = with_.notes, number, stored = std::move(part)] { return notes.add(number, stored); };
    const auto added = co_await with_.disk.run(std::move(adding));
    co_return added ? std::nullopt : std::optional(refused_by_disk(added.error()));
}

awaitable<std::optional<refusal>> multipart::complete(http::field_list condition) {
    operation end("CompleteMultipartUpload", "POST", upload_.key, query_of(upload_.upload_id));
    end.fields = std::move(condition);
    end.fields.emplace_back("Content-Type", "application/xml");
    end.body = completion_of(upload_, with_.checksum);
    auto answer = co_await with_.to.call(std::move(end));
    if (answer && element(answer->body, "ETag").empty()) {
        co_return without("a result", "CompleteMultipartUpload", with_.to);
    }
    if (answer) {
        co_return std::nullopt;
    }
    if (answer.error().why.status == 412) { // another object is there: this upload is of no use any more
        co_await end_upload(with_.to, with_.disk, with_.notes, upload_);
    }
    co_return answer.error();
}

awaitable<boost::system::result<upload_list, refusal>> list_uploads(service& at, const std::string& key) {
    operation list("ListMultipartUploads", "GET", {}, "prefix=" + uri_encode(key, false) + "&uploads=");
    const auto answer = co_await at.call(std::move(list));
    if (!answer) {
        co_return answer.error();
    }
    auto uploads = uploads_to(key, answer->body);
    if (!uploads) {
        co_return without("a list", "ListMultipartUploads", at);
    }
    co_return std::move(*uploads);
}

awaitable<std::optional<refusal>> abort_upload(service& at, const std::string& key, const std::string& id) {
    operation drop("AbortMultipartUpload", "DELETE", key, query_of(id));
    const auto dropped = co_await at.call(std::move(drop));
    const bool gone = dropped || (dropped.error().why.status == 404 && dropped.error().why.code != "NoSuchBucket");
    co_return gone ? std::nullopt : std::optional(dropped.error());
}

awaitable<std::optional<refusal>> end_upload(service& at, blocking_pool& disk, record_file notes, upload_record what) {
    std::optional<refusal> kept;
    if (what.bucket != at.home().identity()) {
        kept = refusal(rejected("the sink leads to another bucket now than " + what.bucket));
    } else if (what.upload_id.empty()) {
        kept = co_await abort_all(at, what.key);
    } else {
        kept = co_await abort_upload(at, what.key, what.upload_id);
    }
    const bool for_ever = kept && !passes(*kept);
    if (for_ever) {
        tell_of_left(what, *kept);
    }
    auto noting = [notes, gone = !kept, for_ever] {
        if (gone) {
            notes.remove();
        } else if (for_ever) {
            notes.set_aside();
        }
    };
    co_await disk.run(std::move(noting));
    co_return kept;
}

} // namespace seedhook::s3
