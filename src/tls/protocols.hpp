// What every context of ours has in common.
#pragma once

#include "seedhook/model/error.hpp"
#include "seedhook/tls/context.hpp"

#include <boost/asio/ssl/context_base.hpp>

#include <string>

namespace seedhook::tls {

// TLS 1.2 and 1.3 with our ciphers and groups.
result<context_ptr> make_context(boost::asio::ssl::context_base::method method);

// errc::invalid with what OpenSSL complains of.
error openssl_failure(std::string what);

} // namespace seedhook::tls
