// The configuration as the rooms see it: plain values, defaults in place, secrets resolved.
#pragma once

#include "seedhook/model/routing.hpp"
#include "seedhook/model/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace seedhook::config {

// A string that no log, no `check` and no API ever prints.
class secret {
public:
    secret() = default;
    explicit secret(std::string value) : value_(std::move(value)) {}
    const std::string& reveal() const noexcept { return value_; }
    bool empty() const noexcept { return value_.empty(); }
    bool operator==(const secret&) const = default;

private:
    std::string value_;
};

struct tls_files {
    std::string certificate;
    std::string key;
};

struct listener {
    std::string address;        // `host:port`, `[v6]:port`, `unix:/path`, `systemd`
    std::vector<tls_files> tls; // none: plaintext; the first is for clients that ask for no name that one is for
    std::string client_ca;  // clients must show a certificate that these authorities signed; empty: none is asked for
    bool plaintext = false; // allow no TLS on other than loopback and unix
    bool proxy_protocol = false; // connections begin with a header of the PROXY protocol, version 2
};

// How a callback proves itself. The default is the documented scheme: hex HMAC-SHA256 of the raw body.
struct signature_scheme {
    enum class encoding_kind { hex, base64 };
    std::string header = "x-seedance-signature";
    encoding_kind encoding = encoding_kind::hex;
    std::string prefix; // `sha256=`: required in front of the value when set
    // What is signed: literal text, `{body}` once, `{header:NAME}` for a header's value.
    std::string content = "{body}";
};

// `confirm`: the callback is a hint, and what the API says is settled. `both`: and it must be signed. These need `api`.
enum class verify_kind { signature, confirm, both, none };

// The Seedance API that a source's tasks are made with.
struct api {
    std::string base_url = "https://www.seedance2.ink"; // https, or http to loopback
    secret key;
};

struct source {
    std::string name;
    std::string path;
    verify_kind verify = verify_kind::signature;
    std::vector<secret> secrets;
    signature_scheme signature;
    std::optional<config::api> api; // none: its tasks are never asked about, and none can be submitted
    std::string callback_url;       // what gateway and submit put in webhookUrl; empty: nothing
};

// True when callbacks are checked against `secrets`.
constexpr bool is_signed(verify_kind v) noexcept { return v == verify_kind::signature || v == verify_kind::both; }

// When tasks are asked about whose callback does not come.
struct poll {
    std::optional<duration> first_after; // none: when it pays, from what has been learnt
    duration max_interval{std::chrono::minutes(5)};
    duration give_up_after{std::chrono::hours(24)};
    std::uint32_t requests_per_minute = 60; // of each source
};

struct fetch {
    enum class check_kind { none, mp4 };
    std::uint32_t concurrency = 8;
    std::uint64_t max_bytes = std::uint64_t{4} << 30;
    std::vector<std::string> allow_hosts;
    std::vector<std::string> allow_cidrs;
    check_kind check = check_kind::mp4;
    duration idle_timeout{std::chrono::seconds(30)};
    duration total_timeout{std::chrono::hours(1)};
};

struct spool {
    std::string path = "/var/lib/seedhook/spool";
    std::uint64_t max_bytes = std::uint64_t{20} << 30;
    std::uint64_t min_free = std::uint64_t{1} << 30;
};

struct retry {
    std::uint32_t max_attempts = 12;
    duration min_delay{std::chrono::seconds(1)};
    duration max_delay{std::chrono::minutes(10)};
};

struct directory_sink {
    enum class conflict_kind { rename, replace, reject };
    std::string path;
    std::string file = "{requestId}.{ext}"; // template, may hold `/`
    conflict_kind on_conflict = conflict_kind::rename;
    bool manifest = false;
    std::uint32_t mode = 0640;
    std::string owner; // name or number; empty: ours
    std::string group;
    bool link = true; // share the spool's file where that cannot be noticed
};

// A command that is run for each delivery.
struct exec_sink {
    std::vector<std::string> command; // an argv; with `shell`, one text for /bin/sh
    bool shell = false;
    std::map<std::string, secret> env; // beside PATH, LANG and SEEDHOOK_*
    std::string working_directory = "/";
    std::string user; // name or number; empty: ours
    std::string group;
    duration timeout{std::chrono::minutes(10)};
    std::vector<std::uint32_t> reject_codes{100};
    std::vector<std::string> probe; // arguments that make `command` do nothing; none: `doctor` does not run it
};

// Where S3 credentials come from. `automatic`: the first that has any, in this order.
struct s3_credentials {
    enum class source_kind { automatic, config, environment, file, container, instance };
    source_kind source = source_kind::automatic;
    std::string access_key_id;
    secret secret_access_key;
    secret session_token;
    std::string file;    // empty: AWS_SHARED_CREDENTIALS_FILE, else ~/.aws/credentials
    std::string profile; // empty: AWS_PROFILE, else `default`
};

struct s3_sink {
    enum class addressing_kind { automatic, path, virtual_host };
    enum class encryption_kind { none, s3, kms };
    enum class checksum_kind { none, crc32, crc32c, sha1, sha256 };
    std::string endpoint; // empty: AWS, from the region
    std::string region = "us-east-1";
    std::string bucket;
    std::string key = "{requestId}.{ext}"; // template
    addressing_kind addressing = addressing_kind::automatic;
    bool plaintext = false; // allow http to other than loopback
    std::uint64_t multipart_threshold = std::uint64_t{16} << 20;
    std::uint64_t part_size = std::uint64_t{16} << 20; // grows for videos of more than 10,000 parts
    std::uint32_t parts_at_a_time = 4;                 // of each video
    duration abort_after{std::chrono::hours(24 * 7)};  // an upload that nobody goes on with
    bool if_absent = false;                            // never write over an object
    bool manifest = false;
    std::map<std::string, std::string> metadata; // beside `sha256`
    std::map<std::string, std::string> tags;
    std::string storage_class; // empty: the bucket's
    std::string acl;           // a canned one; empty: none is sent
    encryption_kind encryption = encryption_kind::none;
    std::string kms_key_id; // empty: the account's
    checksum_kind checksum = checksum_kind::none;
    s3_credentials credentials;
};

struct webhook_sink {
    std::string url;
    std::vector<secret> secrets; // `whsec_` and base64, or the key's own bytes; each signs, for rotation
    std::map<std::string, secret> headers;
    bool internal = false;  // the host may have a private address
    bool plaintext = false; // allow http to other than loopback
    duration timeout{std::chrono::seconds(30)};
    bool probe = false; // `doctor` posts a document that says it is a probe
};

// What every sink has, and what its `type` adds: the one of the last four that is set.
struct sink {
    std::string name;
    std::string type;
    route routes; // `on:` and `match:`; its `sink` is the name
    retry retries;
    std::uint32_t concurrency = 4;
    std::optional<directory_sink> directory;
    std::optional<exec_sink> exec;
    std::optional<s3_sink> s3;
    std::optional<webhook_sink> webhook;
};

struct outbound {
    enum class proxy_kind { none, environment };
    std::string ca_file; // beside the system's authorities
    proxy_kind proxy = proxy_kind::environment;
};

struct store {
    enum class kind { sqlite };
    kind type = kind::sqlite;
    std::string path = "/var/lib/seedhook/seedhook.db";
};

struct control {
    std::string address = "unix:/run/seedhook/control.sock"; // `unix:/path`, `host:port`, `[v6]:port`
    secret token;                   // what callers must send as the Bearer; empty (unix sockets only): nothing
    std::vector<std::string> hosts; // names under which it is reached, beside those of its address
    std::vector<tls_files> tls; // as in `listener`, like the two that follow
    std::string client_ca;
    bool plaintext = false;
};

// A listener that speaks the Open API itself.
struct gateway {
    std::string address = "127.0.0.1:8090"; // `host:port`, `[v6]:port`, `unix:/path`
    secret token;                           // what apps must send as the Bearer; empty (local addresses only): anything
    std::vector<tls_files> tls;             // as of a listener
    std::string client_ca;
    bool plaintext = false; // allow no TLS on other than loopback and unix
};

struct receive {
    std::uint32_t threads = 0; // 0: one for each core it may use
};

struct limits {
    std::uint64_t body = 64 * 1024;
    std::uint32_t connections = 10000;
    duration header_timeout{std::chrono::seconds(10)};
    duration idle_timeout{std::chrono::seconds(60)};
    // 0: the default, which holds for public addresses alone.
    std::uint32_t connections_per_address = 0;
    std::uint32_t failed_signatures_per_minute = 0;
    std::vector<std::string> trusted_proxies; // addresses and networks; `unix`: whoever connects to a unix socket
};

// How long the store keeps what is over. None: for ever.
struct retention {
    std::optional<duration> tasks = duration(std::chrono::days(90)); // from when a task settled
    std::optional<duration> ids; // of tasks that are gone; never shorter than `tasks`
};

struct log {
    enum class level_kind { debug, info, warning, error };
    enum class format_kind { automatic, text, json };
    level_kind level = level_kind::info;
    format_kind format = format_kind::automatic;
};

struct settings {
    std::vector<listener> listeners;
    std::vector<source> sources;
    config::poll poll;
    config::fetch fetch;
    config::spool spool;
    std::vector<sink> sinks;
    config::outbound outbound;
    config::store store;
    config::control control;
    std::optional<config::gateway> gateway; // none: there is none
    config::receive receive;
    config::limits limits;
    config::retention retention;
    config::log log;
    duration shutdown_grace{std::chrono::seconds(25)};
};

} // namespace seedhook::config
