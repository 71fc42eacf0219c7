// How commands speak to the daemon: over its control API.
#pragma once

#include "cli/command.hpp"
#include "seedhook/daemon/reach.hpp"
#include "seedhook/model/time.hpp"

#include <boost/json/object.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace seedhook::cli {

struct control_options {
    std::string config_file;
    std::string address; // instead of the configuration's
};

// `-c FILE` and `--control ADDRESS`.
void add_control_options(CLI::App& to, control_options& into);

// Where the daemon is, and what it is shown.
struct daemon_address {
    way_in way;
    std::string token; // empty: none
    std::string shown; // the address for a person
};

// Of the configuration only `control` is read, and nothing when `address` is given: then the token comes from
// SEEDHOOK_CONTROL_TOKEN.
attempt<daemon_address> find_daemon(const control_options& o);

struct control_request {
    std::string method = "GET";
    std::string path;                                       // its segments percent-encoded
    std::vector<std::pair<std::string, std::string>> query; // left out where the value is empty
    std::string body;
    duration patience{0};         // how long the daemon may think about it, beyond what is usual
    bool upstream_speaks = false; // the answer may be upstream's, which need not be JSON
};

struct control_answer {
    unsigned status = 0;
    std::string body;         // as the daemon sent it, for programs
    boost::json::object json; // the same, read; empty when it is no JSON

    bool good() const noexcept { return status >= 200 && status < 300; }
    failure refusal() const; // what the daemon says of an answer that is not good
};

// Any answer that is a JSON object, or from upstream. Fails with exit_no_daemon when nobody listens or it cannot be
// reached, and with exit_failed when what answers is no seedhook.
attempt<control_answer> ask(const daemon_address& at, const control_request& what);

// Hands the body of a good answer to `use`, piece by piece, until the daemon ends it or `use` says that it is enough.
// Fails as `ask`.
attempt<void> listen(const daemon_address& at, const control_request& what,
                     const std::function<bool(std::string_view piece)>& use);

// RFC 3986: everything but unreserved characters is escaped.
std::string percent_encode(std::string_view text);

} // namespace seedhook::cli
