// The command line of seedance-sandbox, on CLI11.
#include "sandbox/options.hpp"

#include "sandbox/call_log.hpp"
#include "sandbox/knobs.hpp"
#include "sandbox/video.hpp"

#include <CLI/CLI.hpp>

#include <map>
#include <string>
#include <utility>
#include <variant>

namespace seedhook::sandbox {
namespace {

constexpr int exit_usage = 2;
constexpr std::uint64_t largest_video = std::uint64_t{1} << 30;

// CLI11's help would show the limits in its own words.
template <class Number>
CLI::Validator within_limits(Number least, Number most) {
    return CLI::Range(least, most).description("");
}

// How each kind of knob is read from the command line.
struct knob_reader {
    CLI::App& app;
    const knob& which;
    options& o;

    CLI::Option* operator()(double options::*place) const {
        return add(o.*place, "SHARE")->check(within_limits(0.0, 1.0));
    }
    CLI::Option* operator()(duration options::*place) const {
        options& into = o;
        const auto take = [&into, place](const std::int64_t& value) { into.*place = duration(value); };
        return app.add_option_function<std::int64_t>(flag(), take, which.what)
            ->type_name("MS")
            ->check(within_limits(std::int64_t{0}, longest_time));
    }
    CLI::Option* operator()(unsigned options::*place) const {
        return add(o.*place, "N")->check(within_limits(0U, largest_count));
    }
    CLI::Option* operator()(bool options::*place) const { return app.add_flag(flag(), o.*place, which.what); }
    CLI::Option* operator()(std::optional<std::uint64_t> options::*place) const {
        return add(o.*place, "N")->check(within_limits(0U, largest_count));
    }
    CLI::Option* operator()(std::vector<std::string> options::*place) const {
        const auto known = [](const std::string& kind) { return is_call_kind(kind) ? "" : "no kind of call: " + kind; };
        return add(o.*place, "KIND,…")->delimiter(',')->allow_extra_args(false)->check(CLI::Validator(known, ""));
    }

private:
    std::string flag() const { return std::string("--") + which.name; }
    template <class Value>
    CLI::Option* add(Value& into, const char* type) const {
        return app.add_option(flag(), into, which.what)->type_name(type);
    }
};

void add_knobs(CLI::App& app, options& o) {
    for (const knob& k : knobs()) {
        std::visit(knob_reader{app, k, o}, k.place)->group(k.group);
    }
}

void add_server_options(CLI::App& app, options& o) {
    const auto add = [&](const char* name, auto& into, const char* type, const char* what) {
        return app.add_option(name, into, what)->type_name(type)->group("Server");
    };
    const auto tcp_only = [](const std::string& a) { return a.starts_with("unix:") ? "must be TCP" : ""; };
    add("--listen", o.listen, "HOST:PORT", "port 0: any free one (127.0.0.1:0)")->check(CLI::Validator(tcp_only, ""));
    add("--hooks-listen", o.hooks_listen, "HOST:PORT", "serve /sandbox/ here alone, without TLS (--listen)")
        ->check(CLI::Validator(tcp_only, ""));
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
    add("--api-key", o.api_keys, "KEY", "a Bearer key to take; may be repeated, each sees its own tasks (any)")
        ->allow_extra_args(false);
    add("--webhook-secret", o.webhook_secret, "SECRET", "sign callbacks with this");
    add("--default-webhook", o.default_webhook, "URL", "where callbacks go without a webhookUrl");
    add("--ca-file", o.ca_file, "FILE", "trust these authorities too when sending callbacks");
}

void add_task_options(CLI::App& app, options& o) {
    const auto add = [&](const char* name, auto& into, const char* type, const char* what) {
        return app.add_option(name, into, what)->type_name(type)->group("Tasks");
    };
    add("--seed", o.seed, "N", "chance follows from this (1)");
    add("--video-bytes", o.video_bytes, "SIZE", "of every video, up to 1GiB (small, differing)")
        ->transform(CLI::AsSizeValue(false).description(""))
        ->check(within_limits(smallest_video(), largest_video));
}

} // namespace

void add_options(CLI::App& to, options& into) {
    add_server_options(to, into);
    add_api_options(to, into);
    add_task_options(to, into);
    add_knobs(to, into);
}

parsed_options parse_options(int argc, char** argv) {
    options chosen;
    CLI::App app("Stands in for the Seedance Open API in development and tests.", "seedance-sandbox");
    add_options(app, chosen);
    parsed_options out;
    try {
        app.parse(argc, argv);
        if (auto good = check_together(chosen); !good) {
            throw CLI::ValidationError(good.error().message);
        }
        out.value = std::move(chosen);
    } catch (const CLI::ParseError& e) {
        out.exit_code = app.exit(e) == 0 ? 0 : exit_usage;
    }
    return out;
}

} // namespace seedhook::sandbox
