// The one way to the service.
#include "sinks/s3/service.hpp"

#include "seedhook/crypto/encoding.hpp"
#include "seedhook/crypto/hash.hpp"
#include "seedhook/http/date.hpp"
#include "seedhook/log/log.hpp"
#include "seedhook/model/text.hpp"
#include "sinks/s3/signing.hpp"

#include <chrono>
#include <set>
#include <utility>

namespace seedhook::s3 {
namespace {

constexpr duration tolerable_skew = std::chrono::minutes(1);
constexpr duration taken_for_skew = std::chrono::minutes(15); // AWS's limit

bool says_expired(std::string_view code) {
    return code == "ExpiredToken" || code == "TokenRefreshRequired" || code == "InvalidToken" ||
           code == "InvalidAccessKeyId";
}

http::client_request request_for(const operation& what, const bucket_place& where) {
    http::client_request request;
    request.method = what.method;
    request.url = where.url_of(what.key, what.query);
    request.fields = what.fields;
    request.body = what.body;
    request.upload = what.upload;
    return request;
}

// A service may repeat our request in its answer, with the session token, and reasons quote answers.
void hide(const credentials& who, http::client_response& answer) {
    for (const config::secret* one : {&who.session_token, &who.secret_access_key}) {
        answer.body = without_secret(answer.body, one->reveal(), "[hidden]");
    }
}

} // namespace

refusal refused_by_disk(const error& why) {
    switch (why.code) {
    case errc::cancelled:
        return refusal(interrupted{});
    case errc::no_space: // beside the spool, where records lie
    case errc::forbidden:
        return refusal(blocked(why.message));
    default:
        return refusal(again(why.message));
    }
}

service::remedy service::mend(const knowledge& used, const http::client_response& answer, const failure& why,
                              std::optional<bucket_place>& detour) {
    if (says_expired(why.code)) {
        who_->forget();
        return remedy::credentials;
    }
    // An answer to HEAD has no document: its fields must do.
    const auto theirs = http::parse_http_date(answer.find("Date").value_or(""));
    const duration off = theirs ? std::chrono::abs(*theirs - service_time()) : duration(0);
    const bool untold = answer.body.empty() && answer.status / 100 == 4;
    const bool skewed = why.code == "RequestTimeTooSkewed" || (untold && answer.status == 403 && off > taken_for_skew);
    const bool elsewhere =
        answer.status / 100 == 3 || why.code == "AuthorizationHeaderMalformed" || (untold && answer.status == 400);
    if ((skewed || elsewhere) && !detour && known_ != used) {
        return skewed ? remedy::clock : remedy::place; // another request has found out meanwhile
    }
    if (skewed) {
        if (off < tolerable_skew) {
            return remedy::none;
        }
        known_.ahead = *theirs - time_.now();
        log::warning("the clocks of this machine and of the service differ",
                     {{"bucket", used.where.bucket}, {"by", to_string(std::chrono::abs(known_.ahead))}});
        return remedy::clock;
    }
    auto there = elsewhere ? moved(used.where, answer, why.region, why.endpoint) : std::nullopt;
    if (!there) {
        return remedy::none;
    }
    if (answer.status == 302 || answer.status == 307) {
        detour = std::move(there);
    } else {
        known_.where = std::move(*there);
    }
    return remedy::place;
}

awaitable<reply> service::call(operation what) {
    if (!what.upload) {
        what.payload_sha256 = crypto::to_hex(crypto::sha256_of(what.body));
    }
    std::set<remedy> tried{remedy::none}; // each helps once or not at all
    std::optional<bucket_place> detour;
    for (;;) {
        const auto who = co_await who_->get();
        if (!who) {
            co_return refusal(outcome_of(who.error(), what.name, where().bucket));
        }
        knowledge used = known_;
        used.where = detour.value_or(used.where);
        http::client_request request = request_for(what, used.where);
        const signing_scope scope{used.where.region};
        sign(request, what.payload_sha256, *who, scope, service_time());
        auto answer = co_await over_.send(std::move(request));
        if (!answer) {
            known_.where = home_; // the place that we were sent to may be gone
            co_return refusal(outcome_of(answer.error(), what.name, where().bucket));
        }
        hide(*who, *answer);
        const auto why = failure_in(*answer, time_.now());
        if (!why) {
            co_return std::move(*answer);
        }
        if (!tried.insert(mend(used, *answer, *why, detour)).second) {
            co_return refusal(outcome_of(*why, what.name, where().bucket), *why);
        }
    }
}

} // namespace seedhook::s3
