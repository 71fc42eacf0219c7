// Whether files are to be read again. The decision is pure: it sees what stat(2) told.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace seedhook::tls {

// Differs when the file is another one or was written. Links are followed, so one that points elsewhere is another.
struct file_stamp {
    bool there = false;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t size = 0;
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0; // of the inode: a copy that keeps the time of the original has a new one

    bool operator==(const file_stamp&) const = default;
};

using file_stamps = std::vector<file_stamp>;

file_stamps stamps_of(const std::vector<std::string>& files);

// Of files that belong together.
class file_watch {
public:
    // True when they are not as they were when they were read, or reading them has failed; and when nobody is at work
    // on them: they are as they were at the look before.
    bool is_due(const file_stamps& seen);

    // They were read after they had looked like that.
    void were_read(file_stamps seen, bool well);

private:
    file_stamps read_;
    file_stamps looked_at_;
    bool failed_ = false;
};

} // namespace seedhook::tls
