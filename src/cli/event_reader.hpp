// Server-sent events as they come in (HTML, 9.2.6), in pieces cut anywhere.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace seedhook::cli {

class event_reader {
public:
    // `use` is called with the data of each event. What it throws comes out of `read`.
    explicit event_reader(std::function<void(const std::string& data)> use) : use_(std::move(use)) {}

    void read(std::string_view piece);

    // What a new stream is to resume after; empty: none has been told.
    const std::string& last_id() const noexcept { return last_id_; }

    // A new stream begins: what of the old one was not whole is dropped.
    void restart();

private:
    void take_line();
    void dispatch();

    std::function<void(const std::string& data)> use_;
    std::string line_;
    std::string data_;
    std::string id_; // becomes `last_id_` with its event
    std::string last_id_;
};

} // namespace seedhook::cli
