// The server's certificate and key as they are on disk now, replaced in one step when they change.
#include "seedhook/tls/context.hpp"

#include "tls/x509.hpp"

#include <boost/asio/ssl/context.hpp>

#include <openssl/ssl.h>

namespace seedhook::tls {

struct loaded_identity {
    context_ptr context;
    time_point expires_at;
};

namespace {

result<time_point> end_of(const std::string& certificate, SSL_CTX* context) {
    const X509* leaf = SSL_CTX_get0_certificate(context);
    const auto end = leaf != nullptr ? time_of(X509_get0_notAfter(leaf)) : std::nullopt;
    if (!end) {
        return error(errc::invalid, "certificate " + certificate + ": no end date");
    }
    return *end;
}

result<std::shared_ptr<const loaded_identity>> load_files(const std::string& certificate, const std::string& key) {
    result<context_ptr> context = make_server_context(certificate, key);
    if (!context) {
        return context.error();
    }
    const result<time_point> end = end_of(certificate, (*context)->native_handle());
    if (!end) {
        return end.error();
    }
    auto loaded = std::make_shared<loaded_identity>();
    loaded->context = std::move(*context);
    loaded->expires_at = *end;
    return std::shared_ptr<const loaded_identity>(std::move(loaded));
}

} // namespace

server_identity::server_identity(std::string certificate, std::string key)
    : certificate_(std::move(certificate)), key_(std::move(key)) {}

result<std::shared_ptr<server_identity>> server_identity::load(std::string certificate, std::string key) {
    const std::shared_ptr<server_identity> made(new server_identity(std::move(certificate), std::move(key)));
    if (const result<void> loaded = made->reload(); !loaded) {
        return loaded.error();
    }
    return made;
}

context_ptr server_identity::current() const noexcept { return std::atomic_load(&loaded_)->context; }

result<void> server_identity::reload() {
    result<std::shared_ptr<const loaded_identity>> fresh = load_files(certificate_, key_);
    if (!fresh) {
        return fresh.error();
    }
    std::atomic_store(&loaded_, std::move(*fresh));
    return {};
}

time_point server_identity::expires_at() const noexcept { return std::atomic_load(&loaded_)->expires_at; }

} // namespace seedhook::tls
