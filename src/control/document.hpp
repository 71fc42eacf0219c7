// A JSON object that a request carries: its values, and the very bytes of each member, which are what is kept or passed
// on: writing them anew would round long numbers.
#pragma once

#include "seedhook/model/error.hpp"

#include <boost/json/object.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace seedhook::control {

struct member {
    std::string key;
    std::string_view value; // without what surrounds it
    std::string_view whole; // key, colon and value
};

// The views point into the text that was read.
struct document {
    boost::json::object values;
    std::vector<member> members; // in their order

    const member* find(std::string_view key) const noexcept;
};

// errc::invalid, with a sentence for the caller, for what is no JSON object and for a key of it that appears twice.
result<document> read_document(std::string_view text);

} // namespace seedhook::control
