// Requests to metadata services, and what their answers mean.
#include "sinks/s3/metadata.hpp"

#include "seedhook/http/url.hpp"
#include "seedhook/model/text.hpp"
#include "sinks/s3/shared_files.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <array>
#include <utility>

namespace seedhook::s3 {
namespace {

namespace json = boost::json;
using http_answer = result<http::client_response>;

constexpr std::string_view ecs_origin = "http://169.254.170.2";
constexpr std::string_view imds_origin = "http://169.254.169.254";
constexpr std::string_view roles_path = "/latest/meta-data/iam/security-credentials/";
constexpr std::string_view token_seconds = "21600";
constexpr std::size_t most_answer_bytes = 64 * 1024;
constexpr std::size_t longest_code = 64;

std::string text_of(const json::object& from, std::string_view name) {
    const json::value* found = from.if_contains(name);
    return found != nullptr && found->is_string() ? std::string(found->as_string()) : std::string();
}

std::string value_of(const credential_context& with, const std::string& name) {
    return with.environment(name).value_or("");
}

http::client_request request_for(std::string method, std::string url) {
    http::client_request out;
    out.method = std::move(method);
    out.url = std::move(url);
    out.response_limit = most_answer_bytes;
    return out;
}

// The body of a 200; else what the status says about a request for `what`.
result<std::string> body_of(http_answer answer, std::string_view what) {
    if (!answer) {
        return answer.error();
    }
    if (answer->status == 200) {
        return std::move(answer->body);
    }
    const bool may_pass = answer->status >= 500 || answer->status == 429;
    return error(may_pass ? errc::unavailable : errc::unauthorized,
                 "answered " + std::to_string(answer->status) + " to the request for " + std::string(what));
}

// Only the machine itself and the addresses that ECS and EKS serve at: anyone else on the way could read plain http.
bool may_be_plain(const http::url& at) {
    constexpr std::array<std::string_view, 3> services{"169.254.170.2", "169.254.170.23", "fd00:ec2::23"};
    for (const std::string_view one : services) {
        if (at.address && *at.address == asio::ip::make_address(one)) {
            return true;
        }
    }
    return at.address ? at.address->is_loopback() : at.host == "localhost";
}

class container_service final : public metadata_service {
public:
    explicit container_service(credential_context with) : with_(std::move(with)) {}

    awaitable<result<credentials>> fetch() override {
        const auto url = address();
        if (!url) {
            co_return url.error();
        }
        auto what = request_for("GET", url->text());
        auto token = co_await authorization();
        if (!token) {
            co_return token.error();
        }
        if (!token->empty()) {
            what.fields.emplace_back("Authorization", std::move(*token));
        }
        auto answer = co_await with_.metadata.send(std::move(what));
        const auto body = body_of(std::move(answer), "credentials");
        auto read = body ? read_credential_document(*body) : result<credentials>(body.error());
        if (!read) {
            co_return within("the container credential service at " + url->authority(), read.error());
        }
        co_return read;
    }

private:
    result<http::url> address() const {
        const std::string relative = value_of(with_, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
        if (!relative.empty()) {
            auto whole = http::parse_url(std::string(ecs_origin) + (relative.starts_with('/') ? "" : "/") + relative);
            return whole ? whole : within("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", whole.error());
        }
        const std::string full = value_of(with_, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
        if (full.empty()) {
            return error(errc::not_found, "neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor "
                                          "AWS_CONTAINER_CREDENTIALS_FULL_URI is set");
        }
        auto whole = http::parse_url(full);
        if (!whole) {
            return within("AWS_CONTAINER_CREDENTIALS_FULL_URI", whole.error());
        }
        if (whole->scheme != "https" && !may_be_plain(*whole)) {
            return error(errc::refused, "AWS_CONTAINER_CREDENTIALS_FULL_URI: http only to this machine, 169.254.170.2, "
                                        "169.254.170.23 or [fd00:ec2::23], not to " +
                                            whole->authority() + "; use https");
        }
        return whole;
    }

    // The value of Authorization, which services change from time to time; empty: none is wanted.
    awaitable<result<std::string>> authorization() {
        std::string path = value_of(with_, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
        if (path.empty()) {
            co_return value_of(with_, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
        }
        auto reading = [path = std::move(path)] { return read_small_file(path); };
        auto token = co_await with_.disk.run(std::move(reading));
        if (!token) {
            co_return error(errc::unauthorized, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: " + token.error().message);
        }
        token->erase(token->find_last_not_of(" \t\r\n") + 1);
        co_return token;
    }

    credential_context with_;
};

class instance_service final : public metadata_service {
public:
    explicit instance_service(credential_context with) : with_(std::move(with)) {}

    awaitable<result<credentials>> fetch() override {
        if (http::same_name(value_of(with_, "AWS_EC2_METADATA_DISABLED"), "true")) {
            co_return error(errc::not_found, "AWS_EC2_METADATA_DISABLED says not to ask for instance metadata");
        }
        std::string origin = value_of(with_, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
        if (origin.empty()) {
            origin = imds_origin;
        }
        origin.erase(origin.find_last_not_of('/') + 1);
        std::string where = origin;
        auto read = co_await fetch_from(std::move(where));
        if (!read) {
            co_return within("instance metadata", read.error());
        }
        co_return read;
    }

private:
    awaitable<result<credentials>> fetch_from(std::string origin) {
        auto wish = request_for("PUT", origin + "/latest/api/token");
        wish.fields.emplace_back("X-aws-ec2-metadata-token-ttl-seconds", token_seconds);
        auto granted = co_await with_.metadata.send(std::move(wish));
        const bool silent = !granted && granted.error().code == errc::timed_out;
        const auto token = body_of(std::move(granted), "an IMDSv2 token");
        if (!token) {
            co_return error(token.error().code,
                            token.error().message +
                                (silent ? "; in a container the instance's hop limit must be at least 2" : ""));
        }
        const std::string roles_url = origin + std::string(roles_path);
        const auto roles = co_await ask(roles_url, *token, "the instance's role");
        if (!roles) {
            co_return roles.error();
        }
        const std::string role = roles->substr(0, roles->find_first_of("\r\n"));
        if (role.empty()) {
            co_return error(errc::not_found, "no IAM role is attached to the instance");
        }
        const auto body = co_await ask(roles_url + role, *token, "the role's credentials");
        co_return body ? read_credential_document(*body) : result<credentials>(body.error());
    }

    awaitable<result<std::string>> ask(const std::string& url, const std::string& token, const char* what) {
        auto question = request_for("GET", url);
        question.fields.emplace_back("X-aws-ec2-metadata-token", token);
        auto answer = co_await with_.metadata.send(std::move(question));
        if (answer && answer->status == 404) {
            co_return error(errc::not_found, "no IAM role is attached to the instance");
        }
        co_return body_of(std::move(answer), what);
    }

    credential_context with_;
};

} // namespace

std::unique_ptr<metadata_service> make_container_service(credential_context with) {
    return std::make_unique<container_service>(std::move(with));
}

std::unique_ptr<metadata_service> make_instance_service(credential_context with) {
    return std::make_unique<instance_service>(std::move(with));
}

result<credentials> read_credential_document(std::string_view body) {
    boost::system::error_code fault;
    const json::value document = json::parse({body.data(), body.size()}, fault);
    if (fault || !document.is_object()) {
        return error(errc::protocol, "answered with something that is not JSON credentials");
    }
    const json::object& from = document.get_object();
    if (const std::string code = text_of(from, "Code"); !code.empty() && code != "Success") {
        return error(errc::unauthorized, "has no credentials for us: " + printable(code.substr(0, longest_code)));
    }
    credentials out;
    out.access_key_id = text_of(from, "AccessKeyId");
    out.secret_access_key = config::secret(text_of(from, "SecretAccessKey"));
    out.session_token = config::secret(text_of(from, "Token"));
    if (out.access_key_id.empty() || out.secret_access_key.empty()) {
        return error(errc::protocol, "answered without AccessKeyId and SecretAccessKey");
    }
    if (from.contains("Expiration")) {
        out.expires_at = parse_rfc3339(text_of(from, "Expiration"));
        if (!out.expires_at) {
            return error(errc::protocol, "answered with an Expiration that is no time");
        }
    }
    auto fit = fit_to_send(std::move(out));
    return fit ? fit : error(errc::protocol, std::move(fit.error().message));
}

} // namespace seedhook::s3
