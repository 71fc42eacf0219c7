// The rules of a fetch.
#include "fetch/judge.hpp"

#include "seedhook/config/size.hpp"
#include "seedhook/http/date.hpp"

namespace seedhook {
namespace {

verdict judge_status(const http::client_response& head, bool resumed, time_point now) {
    const std::string answered = "the video's server answered " + std::to_string(head.status);
    switch (classify_status(head.status)) {
    case answer_kind::no_such: {
        verdict stale(again(answered + (head.status == 404 ? ": the video is not there, or not yet"
                                                           : ": the video's URL may have expired")),
                      part_fate::keep);
        stale.stale_url = true;
        stale.perhaps_too_early = head.status == 404;
        return stale;
    }
    case answer_kind::start_over: {
        verdict stop(again(answered + ": the part fetched so far does not fit"), part_fate::drop);
        stop.start_over = resumed;
        return stop;
    }
    case answer_kind::never:
        return {rejected(answered), part_fate::drop};
    default:
        return {again(answered, http::retry_after(head, now)), part_fate::keep};
    }
}

// A 206: the range must be the one asked for, to the end.
std::variant<acceptance, verdict> judge_part(const http::client_response& head, const expectation& asked) {
    if (asked.from == 0) {
        return verdict(again("the video's server sent a part (206) although the whole was asked for"), part_fate::drop);
    }
    verdict misfit(again("the video's server sent another part than was asked for"), part_fate::drop);
    misfit.start_over = true;
    const auto range = parse_content_range(head.find("Content-Range").value_or(""));
    const auto tag = head.find("ETag");
    if (http::same_name(media_type(head), "multipart/byteranges") || !range || range->first != asked.from ||
        range->last + 1 != range->total || asked.total.value_or(range->total) != range->total ||
        (tag && asked.validator.starts_with('"') && strong_validator(head) != asked.validator)) {
        return misfit;
    }
    if (const auto length = head.find("Content-Length");
        length && parse_length(*length) != range->total - range->first) {
        return misfit;
    }
    return acceptance{asked.from, range->total};
}

std::variant<acceptance, verdict> judge_whole(const http::client_response& head, const expectation& asked) {
    if (!asked.check && media_type(head) == "text/html") {
        return verdict(again("the URL leads to a web page (text/html), not to a video"), part_fate::drop);
    }
    acceptance yes;
    if (const auto length = head.find("Content-Length")) {
        yes.total = parse_length(*length);
    }
    return yes;
}

} // namespace

std::variant<acceptance, verdict> judge_head(const http::client_response& head, const expectation& asked,
                                             time_point now) {
    const answer_kind kind = classify_status(head.status);
    if (kind != answer_kind::whole && kind != answer_kind::part) {
        return judge_status(head, asked.from > 0, now);
    }
    if (!identity_encoded(head)) {
        return verdict(again("the video's server sent an encoded body although none was asked for"), part_fate::keep);
    }
    auto judged = kind == answer_kind::part ? judge_part(head, asked) : judge_whole(head, asked);
    if (const auto* yes = std::get_if<acceptance>(&judged); yes != nullptr && yes->total > asked.max_bytes) {
        return verdict(rejected("the video has " + std::to_string(*yes->total) +
                                " bytes, more than fetch.max_bytes = " + config::size_text(asked.max_bytes)),
                       part_fate::drop);
    }
    return judged;
}

verdict judge_transfer_error(const error& why) {
    switch (why.code) {
    case errc::refused:
    case errc::invalid:
    case errc::too_large:
        return {rejected(why.message), part_fate::drop};
    case errc::cancelled:
        return {interrupted{}, part_fate::keep};
    default:
        return {again(why.message), part_fate::keep};
    }
}

verdict judge_disk_error(const error& why) {
    switch (why.code) {
    case errc::invalid:
        return {again(why.message), part_fate::drop};
    case errc::no_space: // a transfer that waits for room holds none, or several could wait for each other
        return {blocked(why.message), part_fate::drop};
    case errc::forbidden:
    case errc::not_found:
        return {blocked(why.message), part_fate::keep};
    case errc::cancelled:
        return {interrupted{}, part_fate::keep};
    default:
        return {again(why.message), part_fate::keep};
    }
}

} // namespace seedhook
