// The webhook sink: one POST for a delivery, and what its answer means.
#include "seedhook/sinks/webhook.hpp"

#include "seedhook/crypto/encoding.hpp"
#include "seedhook/http/date.hpp"
#include "seedhook/http/url.hpp"
#include "seedhook/model/text.hpp"
#include "sinks/standard_webhook.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace seedhook {
namespace {

constexpr std::size_t quoted_of_an_answer = 200;
constexpr std::size_t read_of_an_answer = 64 * 1024; // so that a receiver is not cut off while it still writes
constexpr std::size_t shortest_hidden = 4;           // shorter words would only riddle the text
constexpr std::size_t shortest_proof = 16;           // of a URL's folders

// An answer's status counts whatever becomes of its body, of which the beginning is kept.
class answer_reader final : public http::byte_sink {
public:
    awaitable<result<void>> begin(const http::client_response& head) override {
        head_ = head;
        co_return result<void>();
    }

    awaitable<result<void>> write(std::span<const char> data) override {
        read_ += data.size();
        text_.append(data.data(), std::min(data.size(), quoted_of_an_answer - text_.size()));
        if (read_ > read_of_an_answer) {
            co_return error(errc::too_large, "the answer is longer than anybody reads");
        }
        co_return result<void>();
    }

    const std::optional<http::client_response>& head() const noexcept { return head_; }
    const std::string& text() const noexcept { return text_; }

private:
    std::optional<http::client_response> head_;
    std::string text_;
    std::size_t read_ = 0;
};

// The pieces of `text` between those marks.
std::vector<std::string_view> pieces(std::string_view text, char mark) {
    std::vector<std::string_view> all;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(mark), text.size());
        all.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return all;
}

// What stands in a URL to prove something: its query, the values in it, and what is too long for a folder's name.
void add_proofs(std::vector<std::string>& to, std::string_view target) {
    const std::size_t mark = std::min(target.find('?'), target.size());
    for (const std::string_view folder : pieces(target.substr(0, mark), '/')) {
        if (folder.size() >= shortest_proof) {
            to.emplace_back(folder);
        }
    }
    const std::string_view query = target.substr(std::min(mark + 1, target.size()));
    to.emplace_back(query);
    for (const std::string_view parameter : pieces(query, '&')) {
        to.emplace_back(parameter.substr(parameter.find('=') + 1)); // all of it where there is no `=`
    }
}

// What an answer may repeat and a reason must not: the secrets, the words of the headers' values, and proofs in the
// URL.
std::vector<std::string> hidden_texts(const config::webhook_sink& settings, const http::url& place) {
    std::vector<std::string> all;
    add_proofs(all, place.target);
    for (const config::secret& s : settings.secrets) {
        all.push_back(s.reveal());
        all.push_back(s.reveal().substr(s.reveal().find('_') + 1)); // without `whsec_`
    }
    for (const auto& [name, value] : settings.headers) {
        for (const std::string_view word : pieces(value.reveal(), ' ')) {
            all.emplace_back(word);
        }
    }
    std::erase_if(all, [](const std::string& one) { return one.size() < shortest_hidden; });
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
    return all;
}

bool names_this_machine(const http::url& place) {
    return place.host == "localhost" || (place.address && place.address->is_loopback());
}

outcome judge_failure(const error& why) {
    switch (why.code) {
    case errc::cancelled:
        return interrupted{};
    case errc::refused:
        return blocked(why.message + " (only public ones are, unless the sink is `internal: true`)");
    default:
        return again(why.message);
    }
}

class webhook_sink final : public sink {
public:
    webhook_sink(const config::sink& settings, http::url place, std::vector<std::string> keys,
                 std::unique_ptr<http::client> client, const clock& time)
        : name_(settings.name), settings_(settings.webhook.value()), place_(std::move(place)), keys_(std::move(keys)),
          hidden_(hidden_texts(settings_, place_)), client_(std::move(client)), time_(time) {}

    std::string_view name() const noexcept override { return name_; }

    awaitable<outcome> deliver(const delivery& what) override {
        co_await asio::this_coro::throw_if_cancelled(false);
        const bool stop = co_await cancelled();
        if (stop) {
            co_return interrupted{};
        }
        auto message = signed_post(what.id, delivery_document(what, std::nullopt));
        co_return co_await post(std::move(message));
    }

    awaitable<outcome> probe() override {
        co_await asio::this_coro::throw_if_cancelled(false);
        if (settings_.probe) {
            const std::string id = "probe_" + crypto::random_hex(16); // a new one: known ids are passed over
            auto message = signed_post(id, probe_document(id));
            co_return co_await post(std::move(message));
        }
        http::client_request question;
        question.method = "HEAD";
        question.url = settings_.url;
        const auto answered = co_await client_->send(std::move(question));
        if (!answered) {
            co_return judge_failure(answered.error());
        }
        co_return done(place_.authority() + " answers; nothing was posted, as `probe: true` is not set");
    }

private:
    http::client_request signed_post(const std::string& id, std::string body) const {
        const std::string timestamp = webhook_timestamp(time_.now());
        http::client_request message;
        message.method = "POST";
        message.url = settings_.url;
        message.fields.emplace_back("Content-Type", "application/json");
        message.fields.emplace_back("webhook-id", id);
        message.fields.emplace_back("webhook-timestamp", timestamp);
        message.fields.emplace_back("webhook-signature", webhook_signature(keys_, id, timestamp, body));
        for (const auto& [name, value] : settings_.headers) {
            message.fields.emplace_back(name, value.reveal());
        }
        message.body = std::move(body);
        return message;
    }

    // The names of sinks need no escaping.
    std::string probe_document(const std::string& id) const {
        return "{\"deliveryId\":\"" + id + "\",\"sink\":\"" + name_ + "\",\"probe\":true}\n";
    }

    awaitable<outcome> post(http::client_request message) {
        answer_reader answer;
        const auto answered = co_await client_->download(std::move(message), answer);
        if (answer.head()) {
            co_return judge(*answer.head(), answer.text());
        }
        co_return judge_failure(answered.error());
    }

    outcome judge(const http::client_response& head, const std::string& text) const {
        if (head.status / 100 == 2) {
            return done("HTTP " + std::to_string(head.status) + " from " + place_.authority());
        }
        std::string why = place_.authority() + " answered " + std::to_string(head.status);
        if (head.status / 100 == 3) {
            why += ", a redirect, which is not followed: `url` must name the place itself";
        } else if (const std::string said = shown(text); !said.empty()) {
            why += ": " + said;
        }
        if (head.status == 410) {
            return rejected(std::move(why));
        }
        return again(std::move(why), http::retry_after(head, time_.now()));
    }

    // Only now and then does an error's page tell more than its status; what it repeats of our request stays out.
    std::string shown(std::string text) const {
        for (const std::string& one : hidden_) {
            text = without_secret(text, one, "[hidden]");
        }
        return shortened(printable(text), quoted_of_an_answer);
    }

    const std::string name_;
    const config::webhook_sink settings_;
    const http::url place_;
    const std::vector<std::string> keys_;
    const std::vector<std::string> hidden_;
    const std::unique_ptr<http::client> client_;
    const clock& time_;
};

result<http::url> place_of(const config::webhook_sink& settings) {
    auto place = http::parse_url(settings.url);
    if (!place) {
        return within("url", place.error());
    }
    if (place->address && !webhook_client_settings(settings).addresses.permits(*place->address)) {
        return error(errc::refused,
                     "url: " + place->host + " is no public address: say `internal: true` if it is meant");
    }
    return place;
}

} // namespace

http::client_settings webhook_client_settings(const config::webhook_sink& settings) {
    http::client_settings c;
    c.https_only = false; // the configuration says where http is allowed
    c.addresses.public_only = !settings.internal;
    const auto place = http::parse_url(settings.url);
    if (place && names_this_machine(*place)) {
        c.addresses.allowed = {http::cidr::parse("127.0.0.0/8").value(), http::cidr::parse("::1").value()};
    }
    c.header_timeout = settings.timeout;
    c.idle_timeout = settings.timeout;
    c.total_timeout = settings.timeout;
    // A POST over a kept connection that the receiver is just closing would be lost, and videos are too rare to pay for
    // keeping one.
    c.pool_size = 0;
    return c;
}

result<std::shared_ptr<sink>> make_webhook_sink(const config::sink& settings, std::unique_ptr<http::client> client,
                                                const clock& time) {
    auto place = place_of(settings.webhook.value());
    if (!place) {
        return place.error();
    }
    std::vector<std::string> keys;
    for (const config::secret& s : settings.webhook->secrets) {
        auto key = webhook_key(s.reveal());
        if (!key) {
            return within("secret", key.error());
        }
        keys.push_back(std::move(*key));
    }
    return std::shared_ptr<sink>(
        std::make_shared<webhook_sink>(settings, std::move(*place), std::move(keys), std::move(client), time));
}

} // namespace seedhook
