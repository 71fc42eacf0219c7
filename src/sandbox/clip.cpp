// clip.mp4, embedded as it stands. It was made once, with ffmpeg 5.1:
//   ffmpeg -f lavfi -i "gradients=s=320x180:r=12:d=4:speed=0.03:c0=#0b6e4f:c1=#f2a541" -t 4 -c:v libx264
//     -preset veryslow -crf 34 -pix_fmt yuv420p -map_metadata -1 -fflags +bitexact -flags:v +bitexact
//     -movflags +faststart clip.mp4
#include "sandbox/clip.hpp"

#include <cstddef>

// SEEDHOOK_CLIP_FILE comes from CMake, which also rebuilds this file when the clip changes.
asm(".pushsection .rodata\n"
    ".global seedhook_sandbox_clip\n"
    ".global seedhook_sandbox_clip_end\n"
    "seedhook_sandbox_clip:\n"
    ".incbin \"" SEEDHOOK_CLIP_FILE "\"\n"
    "seedhook_sandbox_clip_end:\n"
    ".byte 0\n"
    ".popsection\n");

extern "C" const char seedhook_sandbox_clip[];
extern "C" const char seedhook_sandbox_clip_end[];

namespace seedhook::sandbox {

std::string_view clip() noexcept {
    return {seedhook_sandbox_clip, static_cast<std::size_t>(seedhook_sandbox_clip_end - seedhook_sandbox_clip)};
}

} // namespace seedhook::sandbox
