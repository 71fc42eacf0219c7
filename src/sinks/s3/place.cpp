// URLs of objects, and redirects between regions.
#include "sinks/s3/place.hpp"

#include "sinks/s3/signing.hpp"

#include <utility>

namespace seedhook::s3 {
namespace {

using addressing = config::s3_sink::addressing_kind;

std::string aws_endpoint(std::string_view region) {
    const std::string_view domain = region.starts_with("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
    return "https://s3." + std::string(region) + "." + std::string(domain);
}

bool is_aws(const http::url& endpoint) {
    return http::host_matches("*.amazonaws.com", endpoint.host) ||
           http::host_matches("*.amazonaws.com.cn", endpoint.host);
}

result<http::url> parse_endpoint(std::string_view text) {
    auto parsed = http::parse_url(text);
    if (parsed) {
        while (parsed->target.ends_with('/')) {
            parsed->target.pop_back();
        }
    }
    return parsed;
}

// A certificate for `*.s3.region.amazonaws.com` does not hold for names with more dots.
bool fits_in_host(const http::url& endpoint, std::string_view bucket) {
    return !endpoint.address && (endpoint.scheme == "http" || bucket.find('.') == std::string_view::npos);
}

} // namespace

result<bucket_place> bucket_place::of(const config::s3_sink& settings) {
    auto endpoint = parse_endpoint(settings.endpoint.empty() ? aws_endpoint(settings.region) : settings.endpoint);
    if (!endpoint) {
        return within("endpoint", endpoint.error());
    }
    bucket_place place;
    place.endpoint = std::move(*endpoint);
    place.region = settings.region;
    place.bucket = settings.bucket;
    place.in_host = settings.addressing == addressing::virtual_host ||
                    (settings.addressing == addressing::automatic && is_aws(place.endpoint) &&
                     fits_in_host(place.endpoint, place.bucket));
    if (place.in_host && place.endpoint.address) {
        return error(errc::invalid, "addressing: an endpoint that is an address needs `path`");
    }
    if (auto sound = http::parse_url(place.url_of("x")); !sound) {
        return within("bucket", sound.error());
    }
    return place;
}

std::string bucket_place::url_of(std::string_view key, std::string_view query) const {
    std::string url = endpoint.scheme + "://" + (in_host ? bucket + "." : "") + endpoint.authority() + endpoint.target;
    if (!in_host) {
        url += "/" + bucket;
    }
    if (in_host || !key.empty()) {
        url += "/" + uri_encode(key, true);
    }
    if (!query.empty()) {
        url += "?" + std::string(query);
    }
    return url;
}

std::string bucket_place::name_of(std::string_view key) const { return "s3://" + bucket + "/" + std::string(key); }

std::string bucket_place::identity() const {
    return endpoint.scheme + "://" + endpoint.authority() + endpoint.target + "/" + bucket;
}

bool bucket_place::operator==(const bucket_place& other) const {
    return url_of({}) == other.url_of({}) && region == other.region;
}

std::optional<bucket_place> moved(const bucket_place& asked, const http::client_response& answer,
                                  std::string_view region, std::string_view endpoint) {
    bucket_place there = asked;
    const std::string_view named = region.empty() ? answer.find("x-amz-bucket-region").value_or("") : region;
    if (!named.empty() && named.size() <= 64) {
        there.region = named;
    }
    const bool redirected = answer.status / 100 == 3;
    std::string leads_to(answer.find("Location").value_or(""));
    if (leads_to.empty() && !endpoint.empty()) {
        leads_to = asked.endpoint.scheme + "://" + std::string(endpoint);
    }
    auto target = redirected && !leads_to.empty() ? http::parse_url(leads_to) : error(errc::not_found, "");
    if (target && (target->scheme == "https" || asked.endpoint.scheme == "http")) {
        const std::string in_front = asked.bucket + ".";
        there.in_host = target->host.starts_with(in_front);
        if (there.in_host) {
            target->host.erase(0, in_front.size());
        }
        target->target = asked.endpoint.target;
        there.endpoint = std::move(*target);
    } else if (there.region != asked.region && is_aws(asked.endpoint)) {
        if (auto regional = parse_endpoint(aws_endpoint(there.region))) {
            there.endpoint = std::move(*regional);
        }
    }
    return there == asked ? std::nullopt : std::optional(std::move(there));
}

} // namespace seedhook::s3
