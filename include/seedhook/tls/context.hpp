// TLS contexts of the client. The server's are in server_identity.hpp.
#pragma once

#include "seedhook/model/error.hpp"

#include <memory>
#include <string>
#include <vector>

namespace boost::asio::ssl {
class context;
}

namespace seedhook::tls {

using context_ptr = std::shared_ptr<boost::asio::ssl::context>;

// TLS 1.2 and 1.3, verifying peers against the system's authorities (SSL_CERT_FILE is honoured) and `ca_file` beside
// them, if not empty. The host name is set for each connection by the client.
result<context_ptr> make_client_context(const std::string& ca_file);

// TLS 1.2 and 1.3 with a peer that shows the first certificate of one of these PEM files, whatever its names, its end
// and its issuer, and with no other: for speaking to oneself.
result<context_ptr> make_pinned_client_context(const std::vector<std::string>& certificates);

} // namespace seedhook::tls
