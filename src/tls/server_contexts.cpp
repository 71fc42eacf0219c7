// Server contexts with our choices in them.
#include "tls/server_contexts.hpp"

#include "tls/openssl_error.hpp"
#include "tls/protocols.hpp"

#include <boost/asio/ssl/context.hpp>

#include <string_view>

#include <openssl/ssl.h>

namespace seedhook::tls {
namespace {

namespace ssl = boost::asio::ssl;

// Called when the client offers protocols at all. With none of ours among them the handshake ends in the alert
// no_application_protocol (RFC 7301, 3.2).
int select_alpn(SSL*, const unsigned char** chosen, unsigned char* chosen_size, const unsigned char* offered,
                unsigned int offered_size, void*) {
    static constexpr std::string_view ours = "http/1.1";
    std::string_view rest(reinterpret_cast<const char*>(offered), offered_size);
    while (!rest.empty()) {
        const std::size_t size = static_cast<unsigned char>(rest.front());
        if (rest.size() < 1 + size) {
            break;
        }
        const std::string_view protocol = rest.substr(1, size);
        if (protocol == ours) {
            *chosen = reinterpret_cast<const unsigned char*>(protocol.data());
            *chosen_size = static_cast<unsigned char>(protocol.size());
            return SSL_TLSEXT_ERR_OK;
        }
        rest.remove_prefix(1 + size);
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

int select_by_name(SSL* handshake, int*, void* contexts) {
    const char* name = SSL_get_servername(handshake, TLSEXT_NAMETYPE_host_name);
    if (name == nullptr) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    ssl::context& chosen = static_cast<const server_contexts*>(contexts)->for_host(name);
    SSL_set_SSL_CTX(handshake, chosen.native_handle()); // changes nothing when it is the same
    return SSL_TLSEXT_ERR_OK;
}

void ask_for_certificates(SSL_CTX* native, const client_authorities& of) {
    SSL_CTX_set_verify(native, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    SSL_CTX_set1_cert_store(native, of.store.get());
    SSL_CTX_set_client_CA_list(native, SSL_dup_CA_list(of.names.get()));
}

result<context_ptr> make_server_context() {
    result<context_ptr> made = make_context(ssl::context::tls_server);
    if (!made) {
        return made;
    }
    SSL_CTX* native = (*made)->native_handle();
    // No resumption: a ticket key shared by threads and restarts would have to be rotated to keep forward secrecy, and
    // callers come too seldom for it to pay.
    SSL_CTX_set_options(native, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA | SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(native, 0);
    SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(native, 1); // one read of the socket for a record, not one for its head and one for the rest
    SSL_CTX_set_alpn_select_cb(native, select_alpn, nullptr);
    return made;
}

} // namespace

result<std::shared_ptr<const server_contexts>> server_contexts::make(const key_pairs& pairs,
                                                                     const client_authorities* clients) {
    clear_openssl_errors();
    std::vector<name_table::certificate> certificates;
    for (const auto& pair : pairs) {
        certificates.push_back({pair->facts.names, EVP_PKEY_get_base_id(pair->key.get())});
    }
    const std::shared_ptr<server_contexts> made(new server_contexts(name_table(certificates)));
    for (const std::vector<std::size_t>& choice : made->names_.choices()) {
        result<context_ptr> context = make_server_context();
        if (!context) {
            return context.error();
        }
        SSL_CTX* native = (*context)->native_handle();
        for (const std::size_t index : choice) {
            const key_pair& pair = *pairs[index];
            if (SSL_CTX_use_cert_and_key(native, pair.leaf.get(), pair.key.get(), pair.chain.get(), 1) != 1) {
                return openssl_failure("certificate");
            }
        }
        if (clients != nullptr) {
            ask_for_certificates(native, *clients);
        }
        made->contexts_.push_back(std::move(*context));
    }
    if (made->contexts_.size() > 1) {
        SSL_CTX* native = made->first().native_handle();
        // SSL_CTX_set_tlsext_servername_callback, a macro, has a cast that our warnings refuse.
        SSL_CTX_callback_ctrl(native, SSL_CTRL_SET_TLSEXT_SERVERNAME_CB, reinterpret_cast<void (*)()>(select_by_name));
        SSL_CTX_set_tlsext_servername_arg(native, made.get());
    }
    return std::shared_ptr<const server_contexts>(made);
}

} // namespace seedhook::tls
