// AWS Signature Version 4 in the Authorization field, as S3 wants it.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
#pragma once

#include "seedhook/config/config.hpp"
#include "seedhook/http/client.hpp"
#include "seedhook/model/time.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace seedhook::s3 {

struct credentials {
    std::string access_key_id;
    config::secret secret_access_key;
    config::secret session_token; // of temporary ones; else empty
    std::optional<time_point> expires_at;
};

struct signing_scope {
    std::string region;
    std::string service = "s3";
};

// Adds Authorization, x-amz-date, x-amz-content-sha256 and, with a session token, x-amz-security-token to `what`, in
// place of any that are there: a request may be signed again, and must be before each attempt, as services take a
// signature for about 15 minutes.
// Every other field is signed too, and so must not change afterwards; not signed are User-Agent, Accept-Encoding,
// Expect and X-Amzn-Trace-Id, which proxies and load balancers rewrite. The path of the URL is signed as it stands:
// encode keys with `uri_encode`. The query may be in any order and encoding; a `+` in it is a plus sign.
// `payload_sha256`: of the body, in hex, always: no UNSIGNED-PAYLOAD. A URL that the client would refuse is left
// unsigned, for the client to refuse. Throws only when OpenSSL is broken.
void sign(http::client_request& what, std::string_view payload_sha256, const credentials& who,
          const signing_scope& scope, time_point now);

// `text` with everything percent-encoded but letters, digits, `-`, `.`, `_` and `~` (RFC 3986, 2.3), and `/` if it is
// to be kept: for object keys. Hex digits are upper case.
std::string uri_encode(std::string_view text, bool keep_slash);

} // namespace seedhook::s3
