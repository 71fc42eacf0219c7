// What the sandbox was asked to be: the command line as plain values.
#pragma once

#include "seedhook/log/log.hpp"
#include "seedhook/model/time.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace seedhook::sandbox {

struct options {
    std::string listen = "127.0.0.1:0";
    std::string base_url; // in the URLs of videos; empty: from the listening address
    std::string tls_certificate;
    std::string tls_key;
    std::string port_file;

    std::string api_key;         // empty: any Bearer
    std::string webhook_secret;  // empty: callbacks carry no signature
    std::string default_webhook; // for submissions without `webhookUrl`
    std::string ca_file;         // trusted beside the system's when callbacks are sent

    std::uint64_t seed = 1;
    duration settle_after{2000};
    double spread = 0.5; // each task settles within settle_after ± this share of it
    double fail = 0;
    double cancelled = 0;
    double lose = 0;
    double duplicate = 0;
    double delay = 0;
    duration delay_time{5000};
    unsigned retry_callbacks = 0;
    double expire_urls = 0;
    duration url_lifetime{600'000};
    double break_downloads = 0;
    unsigned rate_limit = 0; // requests a minute; 0: none
    std::optional<std::uint64_t> credits;
    std::uint64_t video_bytes = 0; // 0: small, and differing from task to task
    std::size_t max_tasks = 100'000;

    log::level log_level = log::level::warning;
};

struct parsed_options {
    std::optional<options> value;
    int exit_code = 0; // when there is no value: 0 after --help, 2 for a wrong command line
};

// Prints help and complaints itself.
parsed_options parse_options(int argc, char** argv);

} // namespace seedhook::sandbox
