// Requests to the service: signed, sent, and sent once more where the answer says what was wrong with us: a clock that
// is off, the wrong region, credentials that have expired.
#pragma once

#include "seedhook/async/awaitable.hpp"
#include "seedhook/http/client.hpp"
#include "seedhook/model/job.hpp"
#include "sinks/s3/answer.hpp"
#include "sinks/s3/credential_source.hpp"
#include "sinks/s3/place.hpp"

#include <boost/system/result.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace seedhook::s3 {

struct operation {
    operation(std::string_view what, std::string verb, std::string object, std::string asked = {})
        : name(what), method(std::move(verb)), key(std::move(object)), query(std::move(asked)) {}

    std::string_view name; // `PutObject`; lives for ever
    std::string method;
    std::string key; // empty: the bucket's
    std::string query;
    http::field_list fields;
    std::string body;
    std::shared_ptr<http::upload_source> upload; // instead of `body`
    std::string payload_sha256;                  // of `upload`, in hex; that of `body` is worked out
};

// What an operation came to that did not succeed, and the service's reason where it answered.
struct refusal {
    refusal() = default;
    explicit refusal(outcome what, failure reason = {}) : comes_to(std::move(what)), why(std::move(reason)) {}

    outcome comes_to;
    failure why;
};

// Of a video that could not be read, or a record that could not be written.
refusal refused_by_disk(const error& why);

using reply = boost::system::result<http::client_response, refusal>;

// All calls on one thread; several may be under way at once. What it refers to must outlive them.
class service {
public:
    service(http::client& over, std::shared_ptr<credential_source> who, bucket_place where, const clock& time)
        : over_(over), who_(std::move(who)), home_(where), known_{std::move(where)}, time_(time) {}

    // A success, or what the delivery comes to without one.
    awaitable<reply> call(operation what);

    const bucket_place& home() const noexcept { return home_; }         // as configured
    const bucket_place& where() const noexcept { return known_.where; } // where it was last found

private:
    enum class remedy { none, clock, place, credentials };

    // As far as is known.
    struct knowledge {
        bucket_place where;
        duration ahead{0}; // of our clock, the service's

        bool operator==(const knowledge&) const = default;
    };

    // What may help a request that was made with `used`, put in place for the next one; a passing redirect goes into
    // `detour`, for this request alone.
    remedy mend(const knowledge& used, const http::client_response& answer, const failure& why,
                std::optional<bucket_place>& detour);
    time_point service_time() const { return time_.now() + known_.ahead; }

    http::client& over_;
    std::shared_ptr<credential_source> who_;
    const bucket_place home_;
    knowledge known_;
    const clock& time_;
};

} // namespace seedhook::s3
