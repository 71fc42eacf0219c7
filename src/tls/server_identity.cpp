// The server's files as they are on disk now: each is replaced by itself when it changes, all in one step for a
// handshake.
#include "seedhook/tls/server_identity.hpp"

#include "tls/file_watch.hpp"
#include "tls/server_contexts.hpp"

#include <boost/asio/ssl/context.hpp>

#include <mutex>
#include <optional>
#include <utility>

namespace seedhook::tls {
namespace {

// Files that are read together, and what they held when they could be used last.
template <class Content>
class watched_files {
public:
    using reader = result<std::shared_ptr<const Content>> (*)(const key_files&);

    // `client_ca` has no key.
    watched_files(key_files files, reader read) : files_(std::move(files)), read_(read) {}

    const std::string& name() const noexcept { return files_.certificate; }
    const std::shared_ptr<const Content>& content() const noexcept { return content_; }

    void add_refusal(std::vector<server_identity::news>& to) const {
        if (!refused_because_.empty()) {
            to.push_back({name(), refused_because_});
        }
    }

    // Tells what is new: nothing when there was no cause to read them, or the refusal is the same as before.
    void read_again(bool anyway, std::vector<server_identity::news>& told) {
        const file_stamps seen = stamps_of({files_.certificate, files_.key});
        if (!watch_.is_due(seen) && !anyway) {
            return;
        }
        auto fresh = read_(files_);
        watch_.were_read(seen, fresh.has_value());
        const std::string refused = fresh ? std::string() : fresh.error().message;
        if (fresh) {
            content_ = std::move(*fresh);
        }
        if (fresh || anyway || refused != refused_because_) {
            told.push_back({name(), refused});
        }
        refused_because_ = refused;
    }

private:
    key_files files_;
    reader read_;
    file_watch watch_;
    std::shared_ptr<const Content> content_;
    std::string refused_because_;
};

result<std::shared_ptr<const key_pair>> read_usable_pair(const key_files& from) {
    auto pair = read_key_pair(from);
    if (pair) {
        if (auto usable = server_contexts::make({*pair}, nullptr); !usable) {
            return within(from.certificate, usable.error());
        }
    }
    return pair;
}

result<std::shared_ptr<const client_authorities>> read_authorities(const key_files& from) {
    return read_client_authorities(from.certificate);
}

} // namespace

class server_identity::files_in_use {
public:
    explicit files_in_use(server_files files) {
        for (key_files& pair : files.pairs) {
            pairs.emplace_back(std::move(pair), read_usable_pair);
        }
        if (!files.client_ca.empty()) {
            clients.emplace(key_files{std::move(files.client_ca), {}}, read_authorities);
        }
    }

    std::vector<news> read_again(bool all) {
        std::vector<news> told;
        for (auto& pair : pairs) {
            pair.read_again(all, told);
        }
        if (clients) {
            clients->read_again(all, told);
        }
        return told;
    }

    std::mutex guard;
    std::vector<watched_files<key_pair>> pairs;
    std::optional<watched_files<client_authorities>> clients;
};

struct server_identity::snapshot {
    std::shared_ptr<const server_contexts> contexts;
    std::vector<certificate> certificates;
    std::vector<news> refused;
};

server_identity::server_identity(std::unique_ptr<files_in_use> files) : files_(std::move(files)) {}
server_identity::~server_identity() = default;

result<std::shared_ptr<server_identity>> server_identity::load(server_files files) {
    const std::shared_ptr<server_identity> made(new server_identity(std::make_unique<files_in_use>(std::move(files))));
    for (const news& each : made->files_->read_again(true)) {
        if (!each.refused_because.empty()) {
            return error(errc::invalid, each.refused_because);
        }
    }
    if (auto usable = made->publish(); !usable) {
        return usable.error();
    }
    return made;
}

result<std::shared_ptr<server_identity>> server_identity::load(std::string certificate, std::string key) {
    server_files files;
    files.pairs.push_back({std::move(certificate), std::move(key)});
    return load(std::move(files));
}

context_ptr server_identity::current() const noexcept {
    std::shared_ptr<const server_contexts> contexts = std::atomic_load(&present_)->contexts;
    boost::asio::ssl::context* first = &contexts->first();
    return {std::move(contexts), first};
}

std::vector<server_identity::certificate> server_identity::certificates() const {
    return std::atomic_load(&present_)->certificates;
}

std::vector<server_identity::news> server_identity::refused() const { return std::atomic_load(&present_)->refused; }

void server_identity::tell_failure(std::string_view peer, const handshake_failure& what) const {
    if (observer_) {
        observer_(peer, what);
    }
}

std::vector<server_identity::news> server_identity::refresh() { return read_again(false); }
std::vector<server_identity::news> server_identity::reload() { return read_again(true); }

std::vector<server_identity::news> server_identity::read_again(bool all) {
    const std::lock_guard lock(files_->guard);
    std::vector<news> told = files_->read_again(all);
    if (!told.empty()) {
        if (auto published = publish(); !published) {
            told.push_back({files_->pairs.front().name(), published.error().message});
        }
    }
    return told;
}

// On failure what was there stays.
result<void> server_identity::publish() {
    auto fresh = std::make_shared<snapshot>();
    key_pairs pairs;
    for (const auto& files : files_->pairs) {
        pairs.push_back(files.content());
        fresh->certificates.push_back({files.name(), files.content()->facts});
        files.add_refusal(fresh->refused);
    }
    if (files_->clients) {
        files_->clients->add_refusal(fresh->refused);
    }
    auto contexts = server_contexts::make(pairs, files_->clients ? files_->clients->content().get() : nullptr);
    if (!contexts) {
        return contexts.error();
    }
    fresh->contexts = std::move(*contexts);
    std::atomic_store(&present_, std::shared_ptr<const snapshot>(std::move(fresh)));
    return {};
}

} // namespace seedhook::tls
