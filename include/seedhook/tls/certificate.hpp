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

// Of every certificate in a PEM file. The same errors.
result<std::vector<certificate_facts>> read_certificates(const std::string& file);

// True when less is left than two weeks, or than a sixth of its life if that is shorter. What renews certificates by
// itself does so with a third of their life left, so it has had time to fail more than once.
bool renewal_is_overdue(const certificate_facts& of, time_point now);

} // namespace seedhook::tls
