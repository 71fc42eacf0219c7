// The webhook sink under the contract: its receiver passes over ids that it knows, as Standard Webhooks asks.
#include "seedhook/sinks/webhook.hpp"
#include "scripted_peer.hpp"
#include "sink_contract.hpp"

#include <boost/json/parse.hpp>

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace seedhook::test {
namespace {

std::string field_of(const std::string& head, const std::string& name) {
    const std::size_t at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) {
        return {};
    }
    const std::size_t begin = at + name.size() + 4;
    return head.substr(begin, head.find("\r\n", begin) - begin);
}

// A test's calls run on one io_context after the other, a client on one: each call gets a client of its own.
class sink_anywhere final : public sink {
public:
    explicit sink_anywhere(config::sink settings) : settings_(std::move(settings)) {}

    std::string_view name() const noexcept override { return settings_.name; }

    awaitable<outcome> deliver(const delivery& what) override {
        const auto executor = co_await asio::this_coro::executor;
        const auto to = made_on(executor);
        co_return co_await to->deliver(what);
    }

    awaitable<outcome> probe() override {
        const auto executor = co_await asio::this_coro::executor;
        const auto to = made_on(executor);
        co_return co_await to->probe();
    }

private:
    std::shared_ptr<sink> made_on(const asio::any_io_executor& executor) const {
        auto client = http::make_client(executor, webhook_client_settings(*settings_.webhook), nullptr);
        return make_webhook_sink(settings_, std::move(client)).value();
    }

    config::sink settings_;
};

class webhook_under_test final : public sink_under_test {
public:
    explicit webhook_under_test(bool probe) {
        config::sink settings;
        settings.name = "app";
        settings.type = "webhook";
        settings.webhook.emplace();
        settings.webhook->url = peer_.url("/videos");
        settings.webhook->secrets = {config::secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")};
        settings.webhook->timeout = std::chrono::seconds(20);
        settings.webhook->probe = probe;
        sink_ = std::make_unique<sink_anywhere>(std::move(settings));
    }

    sink& get() override { return *sink_; }

    std::vector<arrival> arrivals() override {
        const std::lock_guard lock(mutex_);
        std::vector<arrival> all;
        for (const auto& [id, text] : documents_) {
            arrival& one = all.emplace_back();
            one.document = text;
            const auto document = boost::json::parse(text);
            if (const auto* video = document.at("video").if_object()) {
                one.video_sha256 = std::string(video->at("sha256").as_string());
            }
        }
        return all;
    }

    bool only_tells() const override { return true; }
    void break_it() override { broken_ = true; }
    void mend() override { broken_ = false; }

private:
    void receive(scripted_peer::conversation& with) {
        const std::string head = with.read_head();
        if (broken_ || head.empty()) {
            with.reset();
            return;
        }
        const std::string length = field_of(head, "Content-Length");
        const std::string body = length.empty() ? std::string() : with.read_exactly(std::stoul(length));
        if (head.starts_with("POST ") && body.size() == std::stoul(length)) {
            keep(field_of(head, "webhook-id"), body);
        }
        with.send("HTTP/1.1 204 No Content\r\n\r\n");
    }

    void keep(const std::string& id, const std::string& body) {
        if (!boost::json::parse(body).as_object().contains("probe")) {
            const std::lock_guard lock(mutex_);
            documents_.emplace(id, body);
        }
    }

    std::atomic<bool> broken_{false};
    std::mutex mutex_;
    std::map<std::string, std::string> documents_; // by the id, of which the first counts
    scripted_peer peer_{{[this](scripted_peer::conversation& with) { receive(with); }}};
    std::unique_ptr<sink> sink_;
};

const sink_contract webhook_contract("webhook", [] { return std::make_unique<webhook_under_test>(false); });
const sink_contract probing_contract("webhook_that_may_be_probed",
                                     [] { return std::make_unique<webhook_under_test>(true); });

} // namespace
} // namespace seedhook::test
