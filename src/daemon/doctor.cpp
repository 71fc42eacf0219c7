// Runs the checks side by side, each within its time.
#include "seedhook/daemon/doctor.hpp"

#include "daemon/checks.hpp"
#include "daemon/front.hpp"

#include "seedhook/async/blocking_pool.hpp"
#include "seedhook/async/time_limit.hpp"
#include "seedhook/config/load.hpp"
#include "seedhook/daemon/reach.hpp"
#include "seedhook/http/url.hpp"
#include "seedhook/tls/certificate.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace seedhook {
namespace {

constexpr duration time_for_each = std::chrono::seconds(10);
constexpr duration time_to_let_go = std::chrono::seconds(5); // of what was told to stop
constexpr duration time_for_pages = std::chrono::seconds(8); // of a large store

// Blocking work on a thread of its own: what hangs holds up nothing else.
awaitable<result<remark>> on_a_thread(std::function<result<remark>()> work) {
    blocking_pool own(1);
    auto came_to = co_await own.run(std::move(work));
    co_return came_to;
}

class examination {
public:
    explicit examination(const config::settings& settings) : settings_(settings) {}

    // The configuration's own warnings, then everything that is configured.
    void run() {
        warn_of_configuration();
        begin("daemon", check_daemon(settings_.control, running_));
        wait();
        begin_local();
        begin_outgoing();
        if (running_) {
            begin_callbacks();
        }
        wait();
    }

    // Nothing took so long that something may hang behind it.
    bool was_smooth() const { return smooth_; }

    std::vector<finding> findings() const { return {findings_.begin(), findings_.end()}; }

private:
    void add(finding::verdict how, std::string name, std::string says) {
        findings_.push_back({how, std::move(name), std::move(says)});
    }

    void begin(std::string name, awaitable<result<remark>> check) {
        add(finding::verdict::failed, std::move(name), "it hangs in the system, and was left alone");
        ++under_way_;
        asio::co_spawn(context_, watch(std::move(check), findings_.back()), [this](const std::exception_ptr& bug) {
            if (bug) {
                std::rethrow_exception(bug);
            }
            if (--under_way_ == 0) {
                context_.stop(); // kept connections would go on waiting
            }
        });
    }

    static awaitable<> watch(awaitable<result<remark>> check, finding& into) {
        std::string name = into.name;
        auto limited = with_time_limit(std::move(check), time_for_each, std::move(name));
        const result<remark> came_to = co_await std::move(limited);
        if (!came_to) {
            into.says = came_to.error().message;
            co_return;
        }
        into.how = came_to->warning ? finding::verdict::warning : finding::verdict::well;
        into.says = came_to->says;
    }

    void wait() {
        const auto begun = std::chrono::steady_clock::now();
        context_.restart();
        context_.run_for(time_for_each + time_to_let_go);
        smooth_ = smooth_ && std::chrono::steady_clock::now() - begun < time_for_each;
    }

    void warn_of_configuration() {
        const auto warnings = config::warnings(settings_);
        for (const std::string& one : warnings) {
            add(finding::verdict::warning, "configuration", one);
        }
        if (warnings.empty()) {
            add(finding::verdict::well, "configuration", "it is right");
        }
    }

    void begin_local() {
        if (running_) {
            add(finding::verdict::well, "store", "the running daemon has it open");
        } else {
            begin("store", on_a_thread([s = settings_.store] { return check_store(s, time_for_pages); }));
        }
        begin("spool", on_a_thread([s = settings_.spool] { return check_spool(s); }));
        for (const config::listener& l : settings_.listeners) {
            begin_certificates(l);
        }
        for (const config::listener& l : gateway_listeners(settings_)) {
            begin_certificates(l);
        }
        begin_certificates(control_listener(settings_.control));
        for (const config::source& s : settings_.sources) {
            look_for_name(s);
        }
    }

    void begin_certificates(const config::listener& l) {
        for (const config::tls_files& files : l.tls) {
            const std::string which = l.tls.size() > 1 ? ": " + files.certificate : std::string();
            begin("certificate of " + l.address + which,
                  on_a_thread([f = files] { return check_certificate(f, system_clock().now()); }));
        }
        if (!l.client_ca.empty()) {
            begin("client_ca of " + l.address,
                  on_a_thread([f = l.client_ca] { return check_client_ca(f, system_clock().now()); }));
        }
    }

    // Upstream is told to call a host that a certificate should be for.
    void look_for_name(const config::source& s) {
        const auto called = http::parse_url(s.callback_url);
        bool any = false;
        bool found = false;
        for (const config::listener& l : settings_.listeners) {
            for (const config::tls_files& files : l.tls) {
                const auto facts = tls::read_certificate(files.certificate);
                any = any || facts;
                for (const std::string& name : facts ? facts->names : std::vector<std::string>()) {
                    found = found || (called && http::host_matches(name, called->host));
                }
            }
        }
        if (called && called->scheme == "https" && any && !found) {
            add(finding::verdict::warning, "callback_url " + s.name,
                "no certificate here is for " + called->host +
                    ": upstream will not take it, unless a proxy with one of its own stands before");
        }
    }

    void begin_outgoing() {
        auto made = outbound_clients::make(settings_.outbound);
        if (!made) {
            add(finding::verdict::failed, "outbound", made.error().message);
            return;
        }
        outgoing_.emplace(std::move(*made));
        for (const config::source& s : settings_.sources) {
            if (s.api) {
                begin("api " + s.name, check_api(s, *outgoing_, kept_));
            }
        }
        for (const config::sink& k : settings_.sinks) {
            begin("sink " + k.name, check_sink(k, {context_.get_executor(), *outgoing_, settings_.spool.path}, kept_));
        }
    }

    void begin_callbacks() {
        for (const config::listener& l : settings_.listeners) {
            for (const config::source& s : settings_.sources) {
                begin("callback " + s.name + " at " + l.address, check_callback(s, l));
            }
        }
    }

    const config::settings settings_;
    std::deque<finding> findings_; // their places stay
    std::optional<outbound_clients> outgoing_;
    bool running_ = false;
    std::size_t under_way_ = 0;
    bool smooth_ = true;
    asio::io_context context_{1};
    kept_objects kept_; // which live on it
};

} // namespace

std::vector<finding> examine(const config::settings& settings) {
    auto all = std::make_unique<examination>(settings);
    all->run();
    auto findings = all->findings();
    if (!all->was_smooth()) {
        // Its end would wait for threads that nobody can wake. Kept where a search for leaks sees it.
        [[maybe_unused]] static examination* volatile left_behind;
        left_behind = all.release();
    }
    return findings;
}

} // namespace seedhook
