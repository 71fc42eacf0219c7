// Certificates for tests, made when a test asks for them: an authority and a server certificate that it signed.
#pragma once

#include <string>
#include <vector>

namespace seedhook {

// Paths of PEM files. `cert_file` holds the server's certificate alone: the authority signed it directly.
struct test_pki {
    std::string ca_file;
    std::string cert_file;
    std::string key_file;
};

enum class test_key { ecdsa, rsa };

// Makes `ca.pem`, `cert.pem` and `key.pem` in the existing folder `directory`, replacing what was there. `names` are
// DNS names or addresses; the first is the common name too. The certificate ends `days` from now; with a negative
// number it has already ended. Throws std::runtime_error when something fails.
test_pki make_test_pki(const std::string& directory, const std::vector<std::string>& names,
                       test_key kind = test_key::ecdsa, int days = 30);

} // namespace seedhook
