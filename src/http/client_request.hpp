// The bytes of an outgoing request. Everything the client sends is made here, so that nothing else has to be trusted
// not to smuggle a line break into a header.
#pragma once

#include "seedhook/http/client.hpp"
#include "seedhook/model/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace seedhook::http {

// A request line and its fields. The body's length is said when there is one or the method usually has one.
struct request_head {
    std::string_view method;
    std::string_view target; // origin, absolute or authority form
    const field_list* fields = nullptr;
    std::string_view host;                // the value of Host
    std::string_view proxy_authorization; // empty: none
    bool close = false;                   // the connection is not to be kept
    std::uint64_t body_size = 0;
};

// errc::invalid when the method or a field's name is not a token (RFC 9110, 5.6.2), when the target or a value holds a
// control character, or when a field is one that the client itself answers for (Host, Content-Length, Connection, …).
result<std::string> make_request_text(const request_head& from);

// May the request be sent again when it is not known whether the first was acted on (RFC 9110, 9.2.2)?
bool is_idempotent(std::string_view method) noexcept;

bool has_field(const field_list& fields, std::string_view name) noexcept;
void remove_field(field_list& fields, std::string_view name);

} // namespace seedhook::http
