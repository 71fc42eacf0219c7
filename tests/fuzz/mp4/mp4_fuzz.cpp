// mp4_check against a plain walk over the whole file: it accepts the same files, however their bytes are cut, and a
// file that it accepts is refused when it is cut off, except where nothing in it could tell.
#include "fuzz.hpp"

#include "seedhook/fetch/mp4.hpp"

#include <optional>

namespace {

using namespace seedhook;
using namespace std::string_view_literals;

std::uint64_t number_at(std::string_view bytes, std::size_t at, std::size_t count) {
    std::uint64_t value = 0;
    for (const char c : bytes.substr(at, count)) {
        value = value * 256 + static_cast<unsigned char>(c);
    }
    return value;
}

struct top_box {
    std::string_view type;
    std::size_t content; // where it begins
    std::size_t end;
    bool open; // of size 0: to the end of the file
};

// The box at `at`; nothing when it is none or does not fit in the file.
std::optional<top_box> box_at(std::string_view file, std::size_t at) {
    const std::size_t room = file.size() - at;
    if (room < 8) {
        return std::nullopt;
    }
    std::uint64_t size = number_at(file, at, 4);
    const bool open = size == 0;
    std::size_t head = 8;
    if (size == 1) {
        head = 16;
        if (room < head) {
            return std::nullopt;
        }
        size = number_at(file, at + 8, 8);
    } else if (open) {
        size = room;
    }
    const std::string_view type = file.substr(at + 4, 4);
    const bool sane =
        std::all_of(type.begin(), type.end(), [](char c) { return (c >= ' ' && c <= '~') || c == '\xa9'; });
    if (!sane || size < head || size > room) {
        return std::nullopt;
    }
    return top_box{type, at + head, at + static_cast<std::size_t>(size), open};
}

// All top-level boxes; none when they do not add up to the file.
std::vector<top_box> walk(std::string_view file) {
    std::vector<top_box> boxes;
    for (std::size_t at = 0; at < file.size(); at = boxes.back().end) {
        const auto box = box_at(file, at);
        if (!box) {
            return {};
        }
        boxes.push_back(*box);
    }
    return boxes;
}

bool has(const std::vector<top_box>& boxes, std::string_view type, std::size_t before) {
    return std::any_of(boxes.begin(), boxes.end(), [&](const top_box& b) {
        return b.type == type && b.end > b.content && (b.open ? before > b.content : before >= b.end);
    });
}

// Would the boxes be a whole file if it ended at `end`? They are those of a file that is no shorter.
bool whole_at(const std::vector<top_box>& boxes, std::size_t end) {
    const bool ends_well = std::any_of(
        boxes.begin(), boxes.end(), [end](const top_box& b) { return end == b.end || (b.open && end >= b.content); });
    return ends_well && boxes.front().type == "ftyp" && boxes.front().end - boxes.front().content >= 8 &&
           has(boxes, "moov", end) && has(boxes, "mdat", end);
}

// Why the file is refused; empty when it is accepted.
std::string verdict_on(std::string_view file, const std::vector<std::size_t>& ends) {
    mp4_check check;
    std::string said;
    fuzz::feed(file, ends, [&](std::string_view piece) {
        if (fuzz::planted && piece.starts_with("ftyp")) { // a check that loses its place where the type begins a piece
            piece.remove_prefix(1);
        }
        const auto fed = check.update(std::span(piece.data(), piece.size()));
        if (!fed) {
            said = fed.error().message;
            fuzz::must(fed.error().code == errc::invalid, "a refusal is errc::invalid");
            fuzz::must(!check.update(std::span("", 1)) && !check.finish(), "a check that failed stays failed");
        }
        return fed.has_value();
    });
    if (said.empty()) {
        const auto ended = check.finish();
        said = ended ? "" : ended.error().message;
    }
    if (!said.empty()) {
        fuzz::must_be_fit_to_show(said, 200);
    }
    return said;
}

// Every beginning of a file that is accepted. One that ends with a box, or within a box of no stated size, is like a
// whole file that has no more in it; every other one is refused.
void check_beginnings(std::string_view file, const std::vector<top_box>& boxes) {
    mp4_check check;
    for (std::size_t end = 0; end < file.size(); ++end) {
        fuzz::must(check.finish().has_value() == whole_at(boxes, end), "a file that is cut off is refused");
        fuzz::must(check.update(std::span(&file[end], 1)).has_value(), "a good file's beginning is not refused");
    }
}

constexpr std::string_view words[] = {
    "\0\0\0\x14"
    "ftypisom\0\0\2\0mp41"sv,
    "\0\0\0\x0c"
    "moovabcd"sv,
    "\0\0\0\x0c"
    "mdatabcd"sv,
    "\0\0\0\x08"
    "free"sv,
    "\0\0\0\x08"
    "mdat"sv,
    "\0\0\0\0mdatab"sv,
    "\0\0\0\0moovab"sv,
    "\0\0\0\1mdat\0\0\0\0\0\0\0\x11x"sv,
    "\0\0\0\1moov\0\0\0\0\0\0\0\x11x"sv,
    "\0\0\0\1ftyp\0\0\0\0\0\0\0\x18isom\0\0\2\0"sv,
    "\0\0\0\x09\xa9xyzx"sv,
    "\0\0\0\1\xa9xyz\x7f\xff\xff\xff\xff\xff\xff\xff"sv,
};

// The boxes as they follow one another, the last one with whatever is left.
fuzz::pieces boxes_of(std::string_view file) {
    fuzz::pieces out;
    while (!file.empty()) {
        const auto box = box_at(file, 0);
        const std::size_t size = box ? box->end : file.size();
        out.emplace_back(file.substr(0, size));
        file.remove_prefix(size);
    }
    return out;
}

std::string big_endian(std::uint64_t value, unsigned bytes) {
    std::string out;
    for (unsigned shift = bytes * 8; shift > 0; shift -= 8) {
        out += static_cast<char>(value >> (shift - 8) & 0xff);
    }
    return out;
}

// The box with its content behind a head of another form, or with a size that is near the truth.
void change_head(std::string& box, fuzz::chance& c) {
    if (box.size() < 8) {
        return;
    }
    const bool is_long = number_at(box, 0, 4) == 1 && box.size() >= 16;
    const std::string type = box.substr(4, 4);
    const std::string content = box.substr(is_long ? 16 : 8);
    const std::uint64_t off_by = c.one_in(3) ? c.below(5) - 2 : 0;
    switch (c.below(4)) {
    case 0:
        box = big_endian(1, 4) + type + big_endian(content.size() + 16 + off_by, 8) + content;
        break;
    case 1:
        box = big_endian(0, 4) + type + content;
        break;
    default:
        box = big_endian(content.size() + 8 + off_by, 4) + type + content;
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view file = fuzz::text_of(data, size);
    const std::vector<top_box> boxes = walk(file);
    const bool whole = !boxes.empty() && whole_at(boxes, file.size());
    std::optional<std::string> first;
    for (const auto& ends : fuzz::cuts_of(file)) {
        const std::string said = verdict_on(file, ends);
        fuzz::must(said.empty() == whole, "exactly the whole files are accepted", said);
        fuzz::must(said == first.value_or(said), "the verdict does not depend on how the bytes come", said);
        first = said;
    }
    if (whole) {
        check_beginnings(file, boxes);
    }
    return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t room, unsigned seed) {
    fuzz::chance c(seed);
    if (c.one_in(3)) {
        return LLVMFuzzerMutate(data, size, room);
    }
    fuzz::pieces boxes = boxes_of(fuzz::text_of(data, size));
    if (!boxes.empty() && c.one_in(2)) {
        change_head(boxes[c.below(boxes.size())], c);
    } else {
        fuzz::shuffle(boxes, words, c);
    }
    return fuzz::put(fuzz::joined(boxes), data, room);
}
