// One video to one object in parts, several at a time, each read from the spool while it is sent. What has been stored
// is recorded, so that another attempt, in this life or the next, goes on from there.
#pragma once

#include "seedhook/async/task_group.hpp"
#include "sinks/s3/checksum.hpp"
#include "sinks/s3/service.hpp"
#include "sinks/s3/upload_record.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace seedhook::s3 {

struct multipart_context {
    service& to;
    blocking_pool& disk;
    record_file notes;
    shared_file video;
    checksum_kind checksum = checksum_kind::none;
    std::uint32_t parts_at_a_time = 1;
};

// Bytes in each part but the last: `wanted`, or more where a video of `size` would have more than 10,000 parts.
std::uint64_t part_size_for(std::uint64_t size, std::uint64_t wanted) noexcept;

class multipart {
public:
    // `wanted`: without upload id and parts.
    multipart(asio::any_io_executor executor, multipart_context with, upload_record wanted);

    // `object`: the fields of the object; `condition`: those of the request that completes it. done: the object is
    // there. An attempt that stored a part and then failed in passing comes to `not_yet`: it was no vain one.
    // refused with PreconditionFailed: the condition did not hold, and the upload is gone.
    awaitable<std::optional<refusal>> run(http::field_list object, http::field_list condition);

private:
    awaitable<std::optional<refusal>> take_up(http::field_list object);
    awaitable<std::optional<refusal>> begin(http::field_list object);
    awaitable<std::optional<refusal>> send_all();
    awaitable<std::optional<refusal>> complete(http::field_list condition);
    awaitable<> send_parts();
    awaitable<std::optional<refusal>> send_part(std::uint32_t number);
    awaitable<std::optional<refusal>> note(std::uint32_t number, stored_part part);
    std::optional<std::uint32_t> next_part();

    asio::any_io_executor executor_;
    multipart_context with_;
    upload_record upload_;
    std::uint32_t next_ = 1;
    bool stored_some_ = false;
    std::optional<refusal> refused_; // the first
};

// Of uploads to exactly that key those that the service tells of first.
awaitable<boost::system::result<upload_list, refusal>> list_uploads(service& at, const std::string& key);

// What stood in the way; nothing also when it has ended already.
awaitable<std::optional<refusal>> abort_upload(service& at, const std::string& key, const std::string& id);

// Ends the upload that `what` tells of, and where it is not known whether one was begun, every one to its key; then
// removes its record. What stood in the way: the record then remains, to be ended another time; set aside, where that
// will not pass by itself.
awaitable<std::optional<refusal>> end_upload(service& at, blocking_pool& disk, record_file notes, upload_record what);

} // namespace seedhook::s3
