// The contexts of a listener: one for each choice of certificates, picked in the handshake by the name asked for.
#pragma once

#include "seedhook/tls/context.hpp"

#include "tls/key_pair.hpp"
#include "tls/name_table.hpp"

#include <memory>
#include <vector>

namespace seedhook::tls {

using key_pairs = std::vector<std::shared_ptr<const key_pair>>;

class server_contexts {
public:
    // At least one pair; `clients` may be nullptr: no certificates of clients are asked for then. errc::invalid when
    // OpenSSL thinks a key too weak.
    static result<std::shared_ptr<const server_contexts>> make(const key_pairs& pairs,
                                                               const client_authorities* clients);

    // What every handshake begins with. It hands over to the others, so they must outlive its connections.
    boost::asio::ssl::context& first() const noexcept { return *contexts_.front(); }

    // For OpenSSL's callback.
    boost::asio::ssl::context& for_host(std::string_view name) const { return *contexts_[names_.find(name)]; }

private:
    explicit server_contexts(name_table names) : names_(std::move(names)) {}

    name_table names_;
    std::vector<context_ptr> contexts_; // as the choices of `names_`
};

} // namespace seedhook::tls
