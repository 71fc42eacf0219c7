// The directory sink: deliveries as placements, run on the disk's threads.
#include "seedhook/sinks/directory.hpp"

#include "sinks/accounts.hpp"
#include "sinks/placement.hpp"

#include <boost/asio/this_coro.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <utility>

namespace seedhook {
namespace {

// What a delivery needs: the folder, a staged file with owner and mode.
outcome try_out(const directory_rules& rules) {
    auto folder = folder_chain::open(rules.root, {}, rules.who);
    if (!folder) {
        return folder.error();
    }
    {
        auto staged = staged_file::create(folder->root_fd(), rules.root, "probe");
        if (!staged) {
            return staged.error();
        }
        if (auto written = staged->write("probe"); !written) {
            return written.error();
        }
        if (auto sealed = staged->seal(rules.who); !sealed) {
            return sealed.error();
        }
    }
    ::unlinkat(folder->root_fd(), std::string(staging_folder).c_str(), AT_REMOVEDIR); // fails when in use, as it should
    return done(rules.root.string());
}

class directory_sink final : public sink {
public:
    directory_sink(std::string name, directory_rules rules, blocking_pool& disk)
        : name_(std::move(name)), rules_(std::make_shared<const directory_rules>(std::move(rules))), disk_(disk) {}

    std::string_view name() const noexcept override { return name_; }

    awaitable<outcome> deliver(const delivery& what) override {
        co_await asio::this_coro::throw_if_cancelled(false);
        auto work = std::make_shared<placement>(rules_, what);
        for (;;) {
            const bool stop = co_await cancelled();
            auto piece = [this, work, stop] {
                if (!swept_.exchange(true)) {
                    sweep_staging(rules_->root);
                }
                auto over = stop ? std::optional<outcome>(interrupted{}) : work->step();
                if (over) {
                    work->abandon();
                }
                return over;
            };
            auto end = co_await disk_.run(std::move(piece));
            if (end) {
                co_return std::move(*end);
            }
        }
    }

    awaitable<outcome> probe() override {
        auto probing = [rules = rules_] { return try_out(*rules); };
        co_return co_await disk_.run(std::move(probing));
    }

private:
    const std::string name_;
    const std::shared_ptr<const directory_rules> rules_;
    blocking_pool& disk_;
    std::atomic<bool> swept_{false}; // what crashes left; not on start-up's thread: the disk may not answer
};

} // namespace

result<std::shared_ptr<sink>> make_directory_sink(const config::sink& settings, blocking_pool& disk) {
    const config::directory_sink& wanted = settings.directory.value();
    auto file = path_template::parse(wanted.file);
    if (!file) {
        return within("file", file.error());
    }
    if (std::string_view(wanted.file).starts_with(staging_folder)) {
        return error(errc::invalid, "file: `" + std::string(staging_folder) + "` is kept for unfinished files");
    }
    auto owner = user_id(wanted.owner);
    if (!owner) {
        return within("owner", owner.error());
    }
    auto group = group_id(wanted.group);
    if (!group) {
        return within("group", group.error());
    }
    directory_rules rules;
    rules.root = std::filesystem::absolute(wanted.path).lexically_normal();
    rules.file = std::move(*file);
    rules.on_conflict = wanted.on_conflict;
    rules.manifest = wanted.manifest;
    rules.link = wanted.link;
    rules.who.mode = static_cast<mode_t>(wanted.mode);
    rules.who.owner = *owner;
    rules.who.group = *group;
    return std::shared_ptr<sink>(std::make_shared<directory_sink>(settings.name, std::move(rules), disk));
}

} // namespace seedhook
