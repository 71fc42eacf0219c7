// Proves that a callback is genuine: the signature scheme of the Open API, as configuration.
#pragma once

#include "seedhook/config/config.hpp"
#include "seedhook/http/message.hpp"
#include "seedhook/model/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace seedhook::seedance {

// Immutable; shared between threads.
class signature_verifier {
public:
    // An empty secret proves nothing and is left out; with none left nothing verifies.
    signature_verifier(config::signature_scheme scheme, std::vector<config::secret> secrets);

    // True when exactly one signature header is there, well formed, and right under one of the secrets. Every secret
    // is tried whatever the outcome, each compared in constant time.
    bool verify(const http::request& callback) const;

private:
    config::signature_scheme scheme_;
    std::vector<config::secret> secrets_;
};

// The header's value for `callback` under `key`: its body is what is signed, together with the headers that the
// scheme's content names. errc::invalid when one of them is not there exactly once.
result<std::string> sign(const config::signature_scheme& scheme, const config::secret& key,
                         const http::request& callback);

} // namespace seedhook::seedance
