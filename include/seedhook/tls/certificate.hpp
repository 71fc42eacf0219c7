// What a certificate says of itself.
#pragma once

#include "seedhook/model/error.hpp"
#include "seedhook/model/time.hpp"

#include <string>
#include <vector>

namespace seedhook::tls {

struct certificate_facts {
    std::vector<std::string> names; // DNS names and addresses: whom it is for (its common name counts no more)
    time_point begins_at{};
    time_point ends_at{};
};

// Of the first certificate in a PEM file. errc::invalid when there is none or it cannot be read, naming the file.
result<certificate_facts> read_certificate(const std::string& file);

} // namespace seedhook::tls
