// TLS contexts: the server's, whose certificate can be replaced under way, and the client's.
#pragma once

#include "seedhook/model/error.hpp"
#include "seedhook/model/time.hpp"

#include <memory>
#include <string>

namespace boost::asio::ssl {
class context;
}

namespace seedhook::tls {

using context_ptr = std::shared_ptr<boost::asio::ssl::context>;

// TLS 1.2 and 1.3, ECDHE with AEAD ciphers only, no renegotiation, no compression, ALPN `http/1.1`.
// `certificate`: PEM file, leaf first. Fails with errc::invalid when a file cannot be read or the two do not belong
// together, naming the file.
result<context_ptr> make_server_context(const std::string& certificate, const std::string& key);

// TLS 1.2 and 1.3, verifying peers against the system's authorities (SSL_CERT_FILE is honoured) and `ca_file` beside
// them, if not empty. The host name is set for each connection by the client.
result<context_ptr> make_client_context(const std::string& ca_file);

// TLS 1.2 and 1.3 with a peer that shows the first certificate of that PEM file, whatever its names, its end and its
// issuer, and with no other: for speaking to oneself.
result<context_ptr> make_pinned_client_context(const std::string& certificate);

// A server context that may be replaced while connections are accepted. Any thread.
class server_identity {
public:
    static result<std::shared_ptr<server_identity>> load(std::string certificate, std::string key);

    // The context for the next handshake; older connections keep theirs.
    context_ptr current() const noexcept;

    // Reads both files again. On failure the old context stays.
    result<void> reload();

    // When the present leaf certificate ends.
    time_point expires_at() const noexcept;

    const std::string& certificate_file() const noexcept { return certificate_; }

private:
    server_identity(std::string certificate, std::string key);
    std::string certificate_;
    std::string key_;
    std::shared_ptr<const struct loaded_identity> loaded_; // swapped with std::atomic_load and std::atomic_store
};

} // namespace seedhook::tls
