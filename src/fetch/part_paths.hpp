// Where the parts of an unfinished transfer lie, beside the place of the whole file.
#pragma once

#include <filesystem>

namespace seedhook {

// The bytes that have come so far: `main/req_1.part`.
inline std::filesystem::path part_path(std::filesystem::path whole) { return whole.replace_extension(".part"); }

// What is known of them: `main/req_1.part.json`.
inline std::filesystem::path note_path(std::filesystem::path whole) { return whole.replace_extension(".part.json"); }

} // namespace seedhook
