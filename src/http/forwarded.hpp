// The client's address from X-Forwarded-For. A pure function.
#pragma once

#include "seedhook/http/message.hpp"
#include "seedhook/http/peer.hpp"

#include <boost/asio/ip/address.hpp>

#include <optional>
#include <vector>

namespace seedhook::http {

// Only for requests of a trusted peer. Each proxy appends whom it was called by, so the list is read from its end, past
// the trusted ones: the first other is the client, and what stands before it anybody may have written. The list of
// several fields is one, in their order. An entry that is no address ends the reading: then, as when all are trusted,
// the last one read is the client. Nothing when there is none, and the peer itself is the client.
std::optional<boost::asio::ip::address> forwarded_client(const std::vector<field_view>& fields,
                                                         const trusted_proxies& trusted);

} // namespace seedhook::http
