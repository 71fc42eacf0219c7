// Takes submissions, settles them as their plan says, and tells whoever waits: the API's inside.
#pragma once

#include "sandbox/generation.hpp"
#include "sandbox/options.hpp"
#include "sandbox/video_url.hpp"
#include "seedhook/async/awaitable.hpp"
#include "seedhook/async/task_group.hpp"
#include "seedhook/http/client.hpp"
#include "seedhook/model/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace seedhook::sandbox {

// All members on one thread. What is given by reference must outlive it; `work` must be drained first.
class studio {
public:
    studio(const options& how, video_urls urls, http::client& out, task_group& work);

    // errc::refused: no credits left. errc::unavailable: too many tasks have not settled yet.
    result<generation_ptr> submit(submission asked, std::string owner);

    // Null when there is none.
    generation_ptr find(const std::string& request_id) const { return table_.find(request_id); }
    std::vector<generation_ptr> list(std::uint64_t from, std::size_t limit) const { return table_.list(from, limit); }

    // Settles it so, now, and sends its callback. False when it had settled before.
    bool end(const generation_ptr& g, task_status as);

    // While held, tasks do not settle by themselves; those that should have meanwhile settle when they are let go.
    void hold_all(bool on);
    void hold(const generation_ptr& g, bool on);

    // Makes its URLs so far dead, and those to come expiring ones.
    void expire_urls(generation& g);

    // The address of its video; empty unless it succeeded.
    std::string video_url(const generation& g) const;
    // The same as the status endpoint gives it: a task may keep its URL to itself for a while.
    std::string shown_url(const generation& g) const;
    bool url_alive(const generation& g, std::string_view query) const;

    // Sends the callback of a settled task now, once, and says what came of it.
    awaitable<sent_callback> tell(generation_ptr g, std::string why);

    // Sends a callback that says `request_id` succeeded, signed with a wrong secret. `to` empty: the default webhook.
    awaitable<sent_callback> forge(std::string request_id, std::string to);

private:
    awaitable<> live(generation_ptr g);
    awaitable<> announce(generation_ptr g);
    awaitable<> tell_until_taken(generation_ptr g);
    awaitable<sent_callback> post(std::string to, std::string body, std::string secret, std::string why);
    bool is_held(const generation& g) const noexcept { return all_held_ || g.held; }
    std::string told_url(const generation& g) const; // in callbacks
    void let_go(const generation_ptr& g);
    void settle(generation& g, task_status status);

    const options& options_;
    video_urls urls_;
    http::client& out_;
    task_group& work_;
    generation_table table_;
    std::uint64_t credits_used_ = 0;
    bool all_held_ = false;
};

} // namespace seedhook::sandbox
