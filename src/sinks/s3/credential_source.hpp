// Where the s3 sink's credentials come from: its settings, the environment, AWS's shared files, the metadata services
// of containers (ECS, EKS Pod Identity, Greengrass) and of EC2 instances (IMDSv2).
#pragma once

#include "seedhook/async/awaitable.hpp"
#include "seedhook/async/blocking_pool.hpp"
#include "seedhook/config/config.hpp"
#include "seedhook/http/client.hpp"
#include "seedhook/model/error.hpp"
#include "seedhook/model/time.hpp"
#include "sinks/s3/signing.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace seedhook::s3 {

// All calls on one thread. Must outlive its calls.
class credential_source {
public:
    virtual ~credential_source() = default;

    // Credentials that have not expired. Cheap enough to be asked before every request: those of metadata services are
    // kept until 15 minutes before they expire, then renewed, and still used while renewing fails. Whoever asks while
    // they are being fetched gets what that fetch brings.
    // Errors name the source and what to do, never a secret: not_found (there are none; says where was looked),
    // unauthorized (incomplete, expired or withheld), invalid (a file or a variable cannot be understood), forbidden (a
    // file cannot be read), refused (a host that credentials must not come from): a person must mend it. unavailable,
    // network, timed_out, tls, protocol, too_large, io: the service or the disk, which may pass. cancelled: as
    // http::client says.
    virtual awaitable<result<credentials>> get() = 0;

    // The service said that they are not valid any more: the next `get` asks anew.
    virtual void forget() = 0;
};

using environment_lookup = std::function<std::optional<std::string>(const std::string& name)>;

// What a source works with; the references must outlive it.
struct credential_context {
    environment_lookup environment; // on the caller's thread
    http::client& metadata;         // with `metadata_client_settings`, no proxy
    blocking_pool& disk;
    const clock& time;
};

// Never fails: what is missing is for `get` to say, as it may be there by then.
std::shared_ptr<credential_source> make_credential_source(const config::s3_credentials& settings,
                                                          credential_context with);

// The process's own environment.
environment_lookup process_environment();

// For metadata services: link-local addresses, no proxy, no redirect, time-outs of seconds. No proxy must be added to
// them: it would be handed the credentials.
http::client_settings metadata_client_settings();

} // namespace seedhook::s3
