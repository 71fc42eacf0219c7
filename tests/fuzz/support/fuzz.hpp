// What the fuzz targets share: how a broken promise is reported, how an input is cut into pieces, and mutation by
// pieces (lines, tokens, boxes) where single bytes would be blind.
#pragma once

#include "seedhook/model/text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// libFuzzer's own mutation, with its dictionary and what it learnt from comparisons.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t room);

namespace seedhook::fuzz {

// True in the build of a target whose subject has a fault planted in it: the fuzzer must find it.
#ifdef SEEDHOOK_FUZZ_PLANT
inline constexpr bool planted = true;
#else
inline constexpr bool planted = false;
#endif

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

// Ends the program, which is a finding, when `promise` does not hold. `about` is shown as far as it is fit to be.
inline void must(bool holds, std::string_view promise, std::string_view about = {}) {
    if (!holds) {
        const std::string shown = printable(about.substr(0, 2000));
        std::fprintf(stderr, "BROKEN PROMISE: %.*s\n  %s\n", static_cast<int>(promise.size()), promise.data(),
                     shown.c_str());
        std::abort();
    }
}

// What we say to people: valid UTF-8 on one line, that drives no terminal, of at most `most` bytes.
inline void must_be_fit_to_show(std::string_view said, std::size_t most) {
    must(printable(said) == said, "a message is valid UTF-8 without control characters", said);
    must(!said.empty() && said.size() <= most, "a message is there and bounded", said);
}

// Chance that follows from a seed alone, so that a finding can be repeated.
class chance {
public:
    explicit chance(std::uint64_t seed) : next_(seed) {}
    explicit chance(std::string_view bytes) : next_(std::hash<std::string_view>{}(bytes)) {}

    std::size_t below(std::size_t end) { return end == 0 ? 0 : static_cast<std::size_t>(next_() % end); }
    bool one_in(std::size_t n) { return below(n) == 0; }
    template <class List>
    const auto& of(const List& list) {
        return list[below(std::size(list))];
    }

private:
    std::mt19937_64 next_;
};

// Ways in which `bytes` may come in: rising ends of pieces, the last one its size. Whole, byte by byte, and some by
// chance.
inline std::vector<std::vector<std::size_t>> cuts_of(std::string_view bytes) {
    std::vector<std::vector<std::size_t>> ways{{bytes.size()}, {}};
    for (std::size_t end = 1; end <= bytes.size(); ++end) {
        ways[1].push_back(end);
    }
    chance c(bytes);
    for (const std::size_t longest : {3U, 24U, 400U}) {
        std::vector<std::size_t>& way = ways.emplace_back();
        for (std::size_t end = 0; end < bytes.size();) {
            end = std::min(bytes.size(), end + 1 + c.below(longest));
            way.push_back(end);
        }
    }
    return ways;
}

// Calls `take` with one piece after the other until it returns false. Each is on the heap by itself, so that a read
// past its end is seen.
template <class Take>
void feed(std::string_view bytes, const std::vector<std::size_t>& ends, Take take) {
    std::size_t begin = 0;
    for (const std::size_t end : ends) {
        const std::vector<char> piece(bytes.begin() + static_cast<std::ptrdiff_t>(begin),
                                      bytes.begin() + static_cast<std::ptrdiff_t>(end));
        if (!take(std::string_view(piece.data(), piece.size()))) {
            return;
        }
        begin = end;
    }
}

using pieces = std::vector<std::string>;

// `text` cut after each of the bytes in `enders`.
inline pieces cut_after(std::string_view text, std::string_view enders) {
    pieces out;
    while (!text.empty()) {
        const std::size_t size = std::min(text.find_first_of(enders), text.size() - 1) + 1;
        out.emplace_back(text.substr(0, size));
        text.remove_prefix(size);
    }
    return out;
}

inline std::string joined(const pieces& all) {
    std::string out;
    for (const std::string& piece : all) {
        out += piece;
    }
    return out;
}

// libFuzzer's mutation of a text, which grows by at most `more` bytes.
inline void mutate_bytes(std::string& text, std::size_t more = 16) {
    std::vector<std::uint8_t> room(text.size() + more);
    std::memcpy(room.data(), text.data(), text.size());
    text.assign(text_of(room.data(), LLVMFuzzerMutate(room.data(), text.size(), room.size())));
}

// Changes one to four of the pieces: takes out, repeats, swaps, copies, puts in one of `words`, or mutates bytes.
inline void shuffle(pieces& all, std::span<const std::string_view> words, chance& c) {
    for (std::size_t changes = 1 + c.below(4); changes > 0; --changes) {
        const std::size_t at = c.below(all.size());
        const auto here = all.begin() + static_cast<std::ptrdiff_t>(at);
        switch (all.empty() ? 0 : c.below(8)) {
        case 0:
        case 1:
            all.insert(here, std::string(c.of(words)));
            break;
        case 2:
            *here = c.of(words);
            break;
        case 3:
            all.erase(here);
            break;
        case 4:
            std::swap(*here, all[c.below(all.size())]);
            break;
        case 5:
            all.insert(here, 1 + (c.one_in(8) ? c.below(64) : c.below(2)), std::string(*here));
            break;
        case 6:
            all.insert(here, std::string(all[c.below(all.size())]));
            break;
        default:
            mutate_bytes(*here);
        }
    }
}

// The result of a custom mutator: `text`, cut to the room there is.
inline std::size_t put(std::string_view text, std::uint8_t* data, std::size_t room) {
    const std::size_t size = std::min(text.size(), room);
    std::memcpy(data, text.data(), size);
    return size;
}

} // namespace seedhook::fuzz
