// What the sandbox was asked to be: the command line as plain values.
#pragma once

#include "seedhook/log/log.hpp"
#include "seedhook/model/time.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace seedhook::sandbox {

struct options {
    std::string listen = "127.0.0.1:0";
    std::string hooks_listen; // empty: the hooks are served on `listen`
    std::string base_url;     // in the URLs of videos; empty: from the listening address
    std::string tls_certificate;
    std::string tls_key;
    std::string port_file;

    std::vector<std::string> api_keys; // empty: any Bearer
    std::string webhook_secret;        // empty: callbacks carry no signature
    std::string default_webhook;       // for submissions without `webhookUrl`
    std::string ca_file;               // trusted beside the system's when callbacks are sent

    std::uint64_t seed = 1;
    std::uint64_t video_bytes = 0; // 0: small, and differing from task to task
    std::size_t max_tasks = 100'000;
    log::level log_level = log::level::warning;

    // From here on the knobs (sandbox/knobs.hpp), which can be turned while the sandbox runs.
    duration settle_after{2000};
    double spread = 0.5; // each task settles within settle_after ± this share of it
    double fail = 0;
    double cancelled = 0;
    double odd_status = 0;
    double odd_error = 0;
    double no_url = 0;
    duration no_url_time{2000};
    double forget = 0;
    unsigned forget_calls = 2; // 0: for ever

    double lose = 0;
    double duplicate = 0;
    double delay = 0;
    duration delay_time{5000};
    unsigned retry_callbacks = 0;
    double expire_urls = 0;
    duration url_lifetime{600'000};
    double break_downloads = 0;

    unsigned rate_limit = 0; // requests in each rate_window, for each key; 0: no limit
    duration rate_window{60'000};
    bool retry_after_date = false;
    std::optional<std::uint64_t> credits;
    std::optional<std::uint64_t> unauthorized_after;
    double hang = 0;
    double server_errors = 0;
    double garbage = 0;
    double cut = 0;
    double slow = 0;
    duration slow_time{3000};
    std::vector<std::string> faults_on; // kinds of calls that these five befall; empty: all
};

// Every option; `into` must outlive `to`.
void add_options(CLI::App& to, options& into);

struct parsed_options {
    std::optional<options> value;
    int exit_code = 0; // when there is no value: 0 after --help, 2 for a wrong command line
};

// Prints help and complaints itself.
parsed_options parse_options(int argc, char** argv);

} // namespace seedhook::sandbox
