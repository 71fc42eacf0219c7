// Runs one coroutine to its end on an io_context of its own.
#pragma once

#include "seedhook/async/awaitable.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

namespace seedhook::test {

// What `work` returned; throws what it threw, or when it did not end although nothing was left to run.
template <class T>
T run_coroutine(awaitable<T> work) {
    asio::io_context context(1);
    std::exception_ptr failed;
    std::optional<T> value;
    auto finish = [&](std::exception_ptr e, T v) {
        failed = e;
        value.emplace(std::move(v));
    };
    asio::co_spawn(context, std::move(work), finish);
    context.run();
    if (failed) {
        std::rethrow_exception(failed);
    }
    if (!value) {
        throw std::runtime_error("the coroutine did not end");
    }
    return std::move(*value);
}

} // namespace seedhook::test
