// A stretch of a video in the spool as the body of a request, read while it is sent.
#pragma once

#include "seedhook/async/blocking_pool.hpp"
#include "seedhook/async/unique_fd.hpp"
#include "seedhook/http/client.hpp"
#include "seedhook/model/error.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace seedhook::s3 {

using shared_file = std::shared_ptr<const unique_fd>;

class file_range final : public http::upload_source {
public:
    // `disk` must outlive it.
    file_range(shared_file file, std::uint64_t begin, std::uint64_t size, blocking_pool& disk)
        : file_(std::move(file)), begin_(begin), size_(size), disk_(disk) {}

    std::uint64_t size() const noexcept override { return size_; }
    awaitable<result<std::size_t>> read_at(std::uint64_t offset, std::span<char> into) override;

private:
    shared_file file_;
    std::uint64_t begin_;
    std::uint64_t size_;
    blocking_pool& disk_;
};

} // namespace seedhook::s3
