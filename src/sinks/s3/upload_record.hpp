// What is remembered of a multipart upload, so that a restart goes on with it: one small file each, in a folder of the
// sink's own. Blocks on the disk.
#pragma once

#include "seedhook/model/error.hpp"
#include "seedhook/model/time.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace seedhook::s3 {

struct stored_part {
    std::string etag;     // as the service gave it
    std::string checksum; // in base64; empty: none was asked for

    bool operator==(const stored_part&) const = default;
};

struct upload_record {
    std::string bucket; // bucket_place::identity
    std::string key;
    std::string sha256; // of the whole video
    std::uint64_t size = 0;
    std::uint64_t part_size = 0;
    std::string checksum;  // name_of the kind that its parts have
    std::string upload_id; // empty: whether the service began one is not known
    std::map<std::uint32_t, stored_part> parts;

    // Is it an upload of the same video to the same object in the same way?
    bool fits(const upload_record& other) const {
        return bucket == other.bucket && key == other.key && sha256 == other.sha256 && size == other.size &&
               checksum == other.checksum;
    }
};

// One delivery's record. One call at a time.
class record_file {
public:
    // `name`: safe for a file, such as a delivery's id.
    record_file(const std::filesystem::path& folder, const std::string& name) : file_(folder / (name + ".upload")) {}

    // Nothing when there is none, or it cannot be understood; of a record whose end was cut, what stands before.
    std::optional<upload_record> load() const;

    // Replaces the file, and has it on stable storage before this returns.
    result<void> save(const upload_record& all) const;

    // Adds one part. A power cut may lose it: it is then sent again.
    result<void> add(std::uint32_t number, const stored_part& part) const;

    // Out of the way of the delivery's next upload, under a name of its own, and touched now. What is aside already
    // is only touched.
    void set_aside() const;

    void remove() const noexcept;

private:
    std::filesystem::path file_;
};

// The names of the records that nothing was added to since `before`.
std::vector<std::string> records_untouched_since(const std::filesystem::path& folder, time_point before);

} // namespace seedhook::s3
