// The note beside the part of an unfinished transfer: what is needed to go on with it, also after a restart.
#pragma once

#include "seedhook/model/error.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace seedhook {

struct part_note {
    std::string url_key;                // tells whether it is the same file that is asked for
    std::string validator;              // what If-Range sends
    std::optional<std::uint64_t> total; // the whole file's length
    std::string content_type;
    std::string boot; // the machine's life in which the part was written: in the same one all of it can be trusted
    std::uint64_t synced = 0; // in a later one, only what was on stable storage
};

// Nothing when there is none, or it is no note.
std::optional<part_note> load_note(const std::filesystem::path& file);

// `durable`: on stable storage when it returns.
result<void> save_note(const std::filesystem::path& file, const part_note& note, bool durable);

// Names this life of the machine; empty when that cannot be told.
std::string present_boot();

// Of the URL's path, without host and query: the host changes, and a signed query changes and is a secret.
std::string url_key(std::string_view url);

} // namespace seedhook
