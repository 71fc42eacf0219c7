// The names a delivery may take in a folder: `clip.mp4`, `clip-2.mp4`, … and their manifests.
#pragma once

#include "seedhook/model/task.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace seedhook {

// Of the task's video, from its content type: `mp4` unless it says otherwise.
std::string_view extension_of(const task& of);

// The `number`th name after `file`: 1 is itself, 2 is `clip-2.mp4`. Cut (at a character) so that it and `suffix` after
// it have at most 255 bytes.
std::string numbered_name(std::string_view file, std::uint32_t number, std::string_view suffix);

// How far the manifest that lies there is that of the delivery with the document `document`.
enum class manifest_match {
    same,    // but for the number of the attempt
    earlier, // of the same delivery, with other content
    foreign, // of another, or no manifest at all
};
manifest_match compare_manifest(std::string_view there, std::string_view document);

} // namespace seedhook
