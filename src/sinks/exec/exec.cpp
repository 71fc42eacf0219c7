// The exec sink: a delivery is one run of the command.
#include "seedhook/sinks/exec.hpp"

#include "sinks/accounts.hpp"
#include "sinks/exec/family.hpp"
#include "sinks/exec/run.hpp"
#include "sinks/exec/words.hpp"

#include <boost/asio/this_coro.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

namespace seedhook {
namespace {

bool holds_nul(const std::string& text) { return text.find('\0') != std::string::npos; }

result<void> check_texts(const config::exec_sink& wanted) {
    for (const std::string& argument : wanted.command) {
        if (holds_nul(argument)) {
            return error(errc::invalid, "command: no argument can hold a NUL");
        }
    }
    for (const std::string& argument : wanted.probe) {
        if (holds_nul(argument)) {
            return error(errc::invalid, "probe: no argument can hold a NUL");
        }
    }
    for (const auto& [name, value] : wanted.env) {
        if (holds_nul(value.reveal())) {
            return error(errc::invalid, "env." + name + ": no variable can hold a NUL");
        }
    }
    return holds_nul(wanted.working_directory) ? error(errc::invalid, "working_directory: no path can hold a NUL")
                                               : result<void>();
}

// As far as it can be told without running it.
outcome look_at(const std::string& program, const std::string& working_directory) {
    struct stat seen {};
    const auto wrong = [](const std::string& path, int number) {
        return blocked(path + ": " + std::generic_category().message(number));
    };
    if (::stat(program.c_str(), &seen) != 0) {
        return wrong(program, errno);
    }
    if (!S_ISREG(seen.st_mode)) {
        return blocked(program + ": not a file");
    }
    if (::faccessat(AT_FDCWD, program.c_str(), X_OK, AT_EACCESS) != 0) {
        return wrong(program, errno);
    }
    if (::stat(working_directory.c_str(), &seen) != 0) {
        return wrong("working_directory " + working_directory, errno);
    }
    return done(program + ": is there; not run: no `probe`");
}

class exec_sink final : public sink {
public:
    exec_sink(std::string name, config::exec_sink settings, std::optional<identity> as, std::filesystem::path spool)
        : name_(std::move(name)), settings_(std::move(settings)), as_(std::move(as)), spool_(std::move(spool)) {}

    std::string_view name() const noexcept override { return name_; }

    awaitable<outcome> deliver(const delivery& what) override {
        co_await asio::this_coro::throw_if_cancelled(false);
        exec::order order = order_for({});
        order.environment = exec::environment_of(settings_, what);
        order.document = delivery_document(what, what.video);
        if (what.of.status == task_status::succeeded) {
            if (!what.video || !what.of.video) {
                co_return again("the video is not in the spool");
            }
            order.video = what.video->string();
            order.video_size = what.of.video->size;
            order.spool = spool_.string();
        }
        auto came_to = co_await run(std::move(order));
        co_return came_to;
    }

    awaitable<outcome> probe() override {
        co_await asio::this_coro::throw_if_cancelled(false);
        if (settings_.probe.empty()) {
            co_return look_at(settings_.shell ? "/bin/sh" : settings_.command.front(), settings_.working_directory);
        }
        exec::order order = order_for(settings_.probe);
        order.environment = exec::environment_of(settings_, name_);
        auto came_to = co_await run(std::move(order));
        co_return came_to;
    }

private:
    exec::order order_for(const std::vector<std::string>& arguments) const {
        exec::order order;
        order.argv = exec::argv_of(settings_, arguments);
        order.working_directory = settings_.working_directory;
        order.as = as_;
        return order;
    }

    awaitable<outcome> run(exec::order order) {
        const bool stop = co_await cancelled();
        if (stop) {
            co_return interrupted();
        }
        const exec::hook_end end = co_await exec::run_hook_of(order, settings_.timeout);
        co_return exec::outcome_of(end, settings_, order.video);
    }

    const std::string name_;
    const config::exec_sink settings_;
    const std::optional<identity> as_;
    const std::filesystem::path spool_;
};

} // namespace

result<std::shared_ptr<sink>> make_exec_sink(const config::sink& settings, std::filesystem::path spool) {
    const config::exec_sink& wanted = settings.exec.value();
    if (auto checked = check_texts(wanted); !checked) {
        return checked.error();
    }
    auto as = identity_of(wanted.user, wanted.group);
    if (!as) {
        return as.error();
    }
    exec::adopt_strays();
    return std::shared_ptr<sink>(std::make_shared<exec_sink>(settings.name, wanted, std::move(*as), std::move(spool)));
}

} // namespace seedhook
