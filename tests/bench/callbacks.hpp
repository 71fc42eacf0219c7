// Signed callbacks as whole HTTP requests, made before the clock runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace seedhook::bench {

struct callback_settings {
    std::string host;      // for the Host field
    std::string target;    // the request's target
    std::string secret;
    std::string prefix;    // begins every requestId; makes ids new from run to run
    std::string video_url; // the requestId and `.mp4` are appended
    bool scattered = false; // ids as of scattered_id(), not one after the other
};

// A requestId as upstream might choose it: two numbers that follow each other are far apart in any index. Of a fixed
// length; no two numbers give the same.
std::string scattered_id(const std::string& prefix, std::uint64_t number);

// `count` requests whose ids follow on `first`, one after the other in one piece of memory. All are of one size when
// the numbers have six digits or fewer.
class callback_pool {
public:
    callback_pool(const callback_settings& settings, std::size_t first, std::size_t count);

    std::size_t size() const noexcept { return ends_.size(); }
    std::string_view operator[](std::size_t i) const noexcept;

private:
    std::string bytes_;
    std::vector<std::size_t> ends_;
};

} // namespace seedhook::bench
