// The film that every video of the sandbox shows: four seconds of drifting colour, 320×180, H.264.
#pragma once

#include <string_view>

namespace seedhook::sandbox {

// A whole MP4 file: `ftyp`, `moov`, `mdat`. Lives as long as the process.
std::string_view clip() noexcept;

} // namespace seedhook::sandbox
