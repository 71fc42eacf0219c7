// The four endpoints of the Seedance Open API, as well as they behave today.
#pragma once

#include "sandbox/call_log.hpp"
#include "sandbox/gatekeeper.hpp"
#include "sandbox/options.hpp"
#include "sandbox/studio.hpp"
#include "seedhook/http/router.hpp"

#include <string>

namespace seedhook::sandbox {

// Must outlive the router that it was added to, as the options must outlive it. One thread.
class open_api {
public:
    open_api(studio& tasks, const options& how) : studio_(tasks), options_(how), gatekeeper_(how) {}

    void add_to(http::router& routes);

    // While not available every call is answered 503.
    void set_available(bool on) noexcept { available_ = on; }
    bool is_available() const noexcept { return available_; }

    gatekeeper& keys() noexcept { return gatekeeper_; }
    call_log& calls() noexcept { return calls_; }

private:
    // The call's number stands in the log by then.
    using handler = http::response (open_api::*)(const http::request&, api_call&);

    http::response serve(call_kind kind, handler handle, const http::request& r);
    http::response answer(call_kind kind, handler handle, const http::request& r, api_call& call);
    http::response submit(const http::request& r, api_call& call);
    http::response status(const http::request& r, api_call& call);
    http::response cancel(const http::request& r, api_call& call);
    http::response models(const http::request& r, api_call& call);
    // The task that the call names, when it was submitted with the same key; else null.
    generation_ptr named(const http::request& r, const api_call& call) const;

    studio& studio_;
    const options& options_;
    gatekeeper gatekeeper_;
    call_log calls_;
    bool available_ = true;
};

} // namespace seedhook::sandbox
