// The command line of seedance-sandbox, on CLI11.
#include "sandbox/options.hpp"

#include "sandbox/video.hpp"

#include <CLI/CLI.hpp>

#include <map>
#include <string>
#include <utility>

namespace seedhook::sandbox {
namespace {

constexpr int exit_usage = 2;
constexpr std::uint64_t largest_video = std::uint64_t{1} << 30;

// CLI11's help would show the limits in its own words.
template <class Number>
CLI::Validator within_limits(Number least, Number most) {
    return CLI::Range(least, most).description("");
}

void add_share(CLI::App& to, const char* name, double& into, const char* what) {
    to.add_option(name, into, what)
        ->type_name("SHARE")
        ->check(within_limits(0.0, 1.0))
        ->group("Misbehaviour (shares from 0 to 1)");
}

void add_milliseconds(CLI::App& to, const char* name, duration& into, const char* what) {
    to.add_option_function<std::int64_t>(
          name, [&into](const std::int64_t& value) { into = duration(value); }, what)
        ->type_name("MS")
        ->check(within_limits(std::int64_t{0}, std::int64_t{86'400'000}))
        ->group("Pace");
}

void add_server_options(CLI::App& app, options& o) {
    const auto add = [&](const char* name, auto& into, const char* type, const char* what) {
        return app.add_option(name, into, what)->type_name(type)->group("Server");
    };
    const auto tcp_only = [](const std::string& a) { return a.starts_with("unix:") ? "must be TCP" : ""; };
    add("--listen", o.listen, "HOST:PORT", "port 0: any free one (127.0.0.1:0)")->check(CLI::Validator(tcp_only, ""));
    add("--base-url", o.base_url, "URL", "how others reach this server (from --listen)");
    auto* certificate = add("--tls-cert", o.tls_certificate, "FILE", "PEM, leaf first: serve HTTPS");
    auto* key = add("--tls-key", o.tls_key, "FILE", "PEM");
    certificate->needs(key);
    key->needs(certificate);
    add("--port-file", o.port_file, "FILE", "write the real port here once listening");
    add("--max-tasks", o.max_tasks, "N", "tasks remembered; the oldest settled ones are forgotten (100000)")
        ->check(within_limits(1, 1'000'000));
    const std::map<std::string, log::level> levels{{"debug", log::level::debug},
                                                   {"info", log::level::info},
                                                   {"warning", log::level::warning},
                                                   {"error", log::level::error}};
    add("--log", o.log_level, "LEVEL", "debug, info, warning or error (warning)")
        ->transform(CLI::CheckedTransformer(levels).description(""));
}

void add_api_options(CLI::App& app, options& o) {
    const auto add = [&](const char* name, auto& into, const char* type, const char* what) {
        return app.add_option(name, into, what)->type_name(type)->group("API key");
    };
    add("--api-key", o.api_key, "KEY", "the Bearer key to ask for (any)");
    add("--webhook-secret", o.webhook_secret, "SECRET", "sign callbacks with this");
    add("--default-webhook", o.default_webhook, "URL", "where callbacks go without a webhookUrl");
    add("--ca-file", o.ca_file, "FILE", "trust these authorities too when sending callbacks");
    add("--rate-limit", o.rate_limit, "N", "requests a minute before 429 (no limit)");
    add("--credits", o.credits, "N", "credits before 402 (no limit)");
}

void add_behaviour_options(CLI::App& app, options& o) {
    const auto add = [&](const char* name, auto& into, const char* type, const char* what) {
        return app.add_option(name, into, what)->type_name(type);
    };
    add("--seed", o.seed, "N", "chance follows from this (1)")->group("Tasks");
    add("--video-bytes", o.video_bytes, "SIZE", "of every video, up to 1GiB (small, differing)")
        ->transform(CLI::AsSizeValue(false).description(""))
        ->check(within_limits(smallest_video(), largest_video))
        ->group("Tasks");
    add("--retry-callbacks", o.retry_callbacks, "N", "times to send again what was not answered 2xx (0)")
        ->check(within_limits(0, 1000))
        ->group("Tasks");
    add_milliseconds(app, "--duration-ms", o.settle_after, "from submission to a terminal status (2000)");
    add("--spread", o.spread, "SHARE", "by which that differs from task to task (0.5)")
        ->check(within_limits(0.0, 1.0))
        ->group("Pace");
    add_milliseconds(app, "--delay-ms", o.delay_time, "how late a delayed callback comes (5000)");
    add_milliseconds(app, "--url-lifetime-ms", o.url_lifetime, "life of a URL asked anew (600000)");
    add_share(app, "--fail", o.fail, "tasks that fail");
    add_share(app, "--cancelled", o.cancelled, "tasks that are cancelled upstream");
    add_share(app, "--lose", o.lose, "callbacks that are never sent");
    add_share(app, "--duplicate", o.duplicate, "callbacks sent twice");
    add_share(app, "--delay", o.delay, "callbacks sent late, by --delay-ms");
    add_share(app, "--expire-urls", o.expire_urls, "videos whose URL in the callback has expired (403)");
    add_share(app, "--break-downloads", o.break_downloads, "videos whose first transfer breaks off halfway");
}

} // namespace

parsed_options parse_options(int argc, char** argv) {
    options chosen;
    CLI::App app("Stands in for the Seedance Open API in development and tests.", "seedance-sandbox");
    add_server_options(app, chosen);
    add_api_options(app, chosen);
    add_behaviour_options(app, chosen);
    parsed_options out;
    try {
        app.parse(argc, argv);
        if (chosen.fail + chosen.cancelled > 1.0) {
            throw CLI::ValidationError("--fail and --cancelled", "together more than all");
        }
        out.value = std::move(chosen);
    } catch (const CLI::ParseError& e) {
        out.exit_code = app.exit(e) == 0 ? 0 : exit_usage;
    }
    return out;
}

} // namespace seedhook::sandbox
