// MP4 files box by box, for tests.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace seedhook::test {

inline std::string big_endian(std::uint64_t value, unsigned bytes) {
    std::string out;
    for (unsigned i = bytes; i-- > 0;) {
        out += static_cast<char>(value >> (8 * i) & 0xff);
    }
    return out;
}

inline std::string box(std::string_view type, std::string_view content) {
    return big_endian(content.size() + 8, 4) + std::string(type) + std::string(content);
}

// With the size in 64 bits.
inline std::string long_box(std::string_view type, std::string_view content) {
    return big_endian(1, 4) + std::string(type) + big_endian(content.size() + 16, 8) + std::string(content);
}

// That runs to the end of the file.
inline std::string open_box(std::string_view type, std::string_view content) {
    return big_endian(0, 4) + std::string(type) + std::string(content);
}

inline std::string ftyp() { return box("ftyp", std::string("isom\0\0\2\0mp41", 12)); }
inline std::string moov() { return box("moov", box("mvhd", std::string(100, '\1'))); }

// A whole file with that many bytes of media; `seed` makes two differ.
inline std::string whole_mp4(std::size_t media = 1000, char seed = 'a') {
    std::string bytes(media, seed);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = static_cast<char>(static_cast<std::size_t>(seed) + i * 31 + i / 251);
    }
    return ftyp() + moov() + box("mdat", bytes);
}

} // namespace seedhook::test
