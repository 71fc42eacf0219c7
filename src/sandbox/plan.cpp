// The dice.
#include "sandbox/plan.hpp"

#include "sandbox/random.hpp"
#include "sandbox/video.hpp"

#include <array>
#include <cstdio>
#include <limits>

namespace seedhook::sandbox {
namespace {

constexpr std::uint64_t small_video_spread = 48 * 1024;
constexpr std::uint64_t longest_duplicate_gap = 500;
constexpr std::array<std::string_view, 4> odd_statuses{"rendering", "post_processing", "Processing", "in review"};

std::string request_id(std::uint64_t seed, std::uint64_t ordinal) {
    // `draw` is a bijection of the ordinal, so that all 64 bits keep ids apart for certain.
    std::array<char, 17> hex{};
    std::snprintf(hex.data(), hex.size(), "%016llx", static_cast<unsigned long long>(draw(seed, ordinal, purpose::id)));
    return std::string("req_") + hex.data();
}

task_status fate(const options& from, double drawn) {
    if (drawn < from.fail) {
        return task_status::failed;
    }
    return drawn < from.fail + from.cancelled ? task_status::cancelled : task_status::succeeded;
}

// Nothing, or which of `forms` shapes: every one comes as often.
std::optional<unsigned> odd_form(const options& from, std::uint64_t ordinal, purpose what, double share,
                                 unsigned forms) {
    if (draw_share(from.seed, ordinal, what) >= share) {
        return {};
    }
    return static_cast<unsigned>(draw(from.seed, ordinal, what) % forms);
}

void decide_oddities(plan& p, const options& from, std::uint64_t ordinal) {
    const auto status =
        odd_form(from, ordinal, purpose::odd_status, from.odd_status, static_cast<unsigned>(odd_statuses.size()));
    p.odd_status = status ? odd_statuses.at(*status) : std::string_view();
    p.odd_error = odd_form(from, ordinal, purpose::odd_error, from.odd_error, odd_error_forms);
    p.no_url = odd_form(from, ordinal, purpose::no_url, from.no_url, no_url_forms);
    p.url_after = p.no_url ? from.no_url_time : duration(0);
    if (draw_share(from.seed, ordinal, purpose::forget) < from.forget) {
        p.forgotten_calls = from.forget_calls != 0 ? from.forget_calls : std::numeric_limits<std::uint64_t>::max();
    }
}

} // namespace

plan make_plan(const options& from, std::uint64_t ordinal) {
    const auto share = [&](purpose what) { return draw_share(from.seed, ordinal, what); };
    const double pace = 1.0 + from.spread * (2.0 * share(purpose::pace) - 1.0);
    plan p;
    p.request_id = request_id(from.seed, ordinal);
    p.fate = fate(from, share(purpose::fate));
    p.settles_after = duration(static_cast<std::int64_t>(pace * static_cast<double>(from.settle_after.count())));
    p.callback_after = share(purpose::delay) < from.delay ? from.delay_time : duration(0);
    p.callback_lost = share(purpose::loss) < from.lose;
    p.callback_twice = share(purpose::duplicate) < from.duplicate;
    p.second_after = duration(draw(from.seed, ordinal, purpose::duplicate_gap) % longest_duplicate_gap);
    p.url_expires = share(purpose::expiry) < from.expire_urls;
    p.breaks_off = share(purpose::breakage) < from.break_downloads;
    decide_oddities(p, from, ordinal);
    p.video_key = draw(from.seed, ordinal, purpose::filler);
    p.video_size = from.video_bytes != 0
                       ? from.video_bytes
                       : smallest_video() + draw(from.seed, ordinal, purpose::size) % small_video_spread;
    return p;
}

} // namespace seedhook::sandbox
