// The metadata services of containers and of EC2 instances, asked once. Nothing is kept.
#pragma once

#include "seedhook/async/awaitable.hpp"
#include "seedhook/model/error.hpp"
#include "sinks/s3/credential_source.hpp"
#include "sinks/s3/signing.hpp"

#include <memory>
#include <string_view>

namespace seedhook::s3 {

class metadata_service {
public:
    virtual ~metadata_service() = default;

    // Errors as credential_source::get says; not_found: there is no such service here, or it has no credentials for us.
    virtual awaitable<result<credentials>> fetch() = 0;
};

// AWS_CONTAINER_CREDENTIALS_RELATIVE_URI (ECS), or AWS_CONTAINER_CREDENTIALS_FULL_URI (EKS Pod Identity, Greengrass):
// https, or http to the machine itself and to the addresses of ECS and EKS.
std::unique_ptr<metadata_service> make_container_service(credential_context with);

// IMDSv2 at 169.254.169.254, or AWS_EC2_METADATA_SERVICE_ENDPOINT; not asked when AWS_EC2_METADATA_DISABLED is `true`.
// Version 1 is never spoken: a server that can be made to send a GET could read credentials through it.
std::unique_ptr<metadata_service> make_instance_service(credential_context with);

// The document in which both hand out credentials. errc::protocol when it is not one; errc::unauthorized when it says
// why there are none. Its text is not repeated but for that code.
result<credentials> read_credential_document(std::string_view body);

} // namespace seedhook::s3
