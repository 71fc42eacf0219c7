// A service that speaks S3, in memory and behind the interface of the HTTP client: what was asked of it, and what it
// holds. It takes any signature, but a body must have the hash that it was signed with.
#pragma once

#include "seedhook/async/time_limit.hpp"
#include "seedhook/crypto/encoding.hpp"
#include "seedhook/crypto/hash.hpp"
#include "seedhook/http/client.hpp"
#include "seedhook/http/message.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace seedhook::test {

class fake_bucket final : public http::client {
public:
    struct object {
        std::string body;
        http::field_list fields;
    };
    struct upload {
        std::string key;
        http::field_list fields;
        std::map<unsigned, std::string> parts;
    };
    // One request as it came.
    struct asked {
        std::string method;
        std::string host;
        std::string key; // decoded, of `/bucket/key`; empty: the bucket's
        std::string query;
        http::field_list fields;
        std::string body;

        std::string field(std::string_view name) const {
            for (const auto& [n, v] : fields) {
                if (http::same_name(n, name)) {
                    return v;
                }
            }
            return {};
        }
        bool is(std::string_view m, std::string_view query_begin = {}) const {
            return method == m && (query_begin.empty() ? query.empty() : query.starts_with(query_begin));
        }
    };

    std::map<std::string, object> objects;
    std::map<std::string, upload> uploads;
    std::vector<asked> requests;
    std::size_t most_uploading = 0; // bodies read at the same time
    duration linger{0};             // before each is read
    // An answer, or a failure, instead of ours; looked at before anything is done (`before`) or after it (`after`).
    std::function<std::optional<result<http::client_response>>(const asked&)> before;
    std::function<std::optional<result<http::client_response>>(const asked&)> after;

    std::size_t count(std::string_view method, std::string_view query_begin = {}) const {
        std::size_t n = 0;
        for (const asked& a : requests) {
            n += a.is(method, query_begin) ? 1 : 0;
        }
        return n;
    }

    static http::client_response answer(unsigned status, std::string body = {}) {
        http::client_response out;
        out.status = status;
        out.body = std::move(body);
        return out;
    }
    static http::client_response trouble(unsigned status, const std::string& code) {
        return answer(status, "<?xml version=\"1.0\"?><Error><Code>" + code + "</Code><Message>told so</Message></Error>");
    }

    awaitable<result<http::client_response>> send(http::client_request what) override {
        co_await asio::this_coro::throw_if_cancelled(false);
        const bool stop = co_await pause();
        if (stop) {
            co_return error(errc::cancelled, "cancelled");
        }
        asked a = read(what);
        if (what.upload) {
            most_uploading = std::max(most_uploading, ++uploading_);
            co_await sleep_for(linger);
            std::string piece(256 * 1024, '\0');
            while (a.body.size() < what.upload->size()) {
                const auto got = co_await what.upload->read_at(a.body.size(), piece);
                if (!got) {
                    --uploading_;
                    co_return got.error();
                }
                a.body.append(piece, 0, *got);
            }
            const bool stopped = co_await pause();
            --uploading_;
            if (stopped) {
                co_return error(errc::cancelled, "cancelled");
            }
        }
        requests.push_back(a);
        if (auto other = before ? before(a) : std::nullopt) {
            co_return std::move(*other);
        }
        if (a.field("x-amz-content-sha256") != crypto::to_hex(crypto::sha256_of(a.body))) {
            co_return trouble(400, "XAmzContentSHA256Mismatch");
        }
        auto done = act(a);
        if (auto other = after ? after(a) : std::nullopt) {
            co_return std::move(*other);
        }
        co_return done;
    }

    awaitable<result<http::client_response>> download(http::client_request, http::byte_sink&) override {
        co_return error(errc::invalid, "not asked of a bucket");
    }
    void close() override {}

private:
    static awaitable<bool> pause() {
        const auto executor = co_await asio::this_coro::executor;
        co_await asio::post(executor, asio::use_awaitable);
        co_return co_await cancelled();
    }

    static asked read(const http::client_request& what) {
        asked a;
        a.method = what.method;
        a.fields = what.fields;
        a.body = what.body;
        std::string_view rest = std::string_view(what.url).substr(what.url.find("://") + 3);
        const std::size_t slash = rest.find('/');
        a.host = rest.substr(0, slash);
        rest.remove_prefix(slash + 1);
        const std::size_t mark = rest.find('?');
        a.query = mark == std::string_view::npos ? "" : rest.substr(mark + 1);
        rest = rest.substr(0, mark);
        const std::size_t key = rest.find('/');
        a.key = key == std::string_view::npos ? "" : http::percent_decode(rest.substr(key + 1)).value();
        return a;
    }

    result<http::client_response> act(const asked& a) {
        const std::string id = http::query_value(a.query, "uploadId").value_or("");
        if (a.is("PUT")) {
            if (a.field("If-None-Match") == "*" && objects.contains(a.key)) {
                return trouble(412, "PreconditionFailed");
            }
            objects[a.key] = {a.body, a.fields};
            return tagged(answer(200), a.body);
        }
        if (a.is("HEAD")) {
            return head(a.key);
        }
        if (a.is("DELETE")) {
            objects.erase(a.key);
            return answer(204);
        }
        if (a.is("POST", "uploads=")) {
            const std::string fresh = "upload-" + std::to_string(++last_upload_);
            uploads[fresh] = {a.key, a.fields, {}};
            return answer(200, "<InitiateMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Key>x</Key>"
                               "<UploadId>" + fresh + "</UploadId></InitiateMultipartUploadResult>");
        }
        if (a.is("GET", "prefix=")) {
            std::string list = "<ListMultipartUploadsResult>";
            for (const auto& [name, u] : uploads) {
                list += "<Upload><Key>" + u.key + "</Key><UploadId>" + name + "</UploadId></Upload>";
            }
            return answer(200, list + "</ListMultipartUploadsResult>");
        }
        if (!uploads.contains(id)) {
            return trouble(404, "NoSuchUpload");
        }
        if (a.is("PUT", "partNumber=")) {
            const auto number = static_cast<unsigned>(std::stoul(http::query_value(a.query, "partNumber").value()));
            uploads[id].parts[number] = a.body;
            return tagged(answer(200), a.body);
        }
        if (a.is("DELETE", "uploadId=")) {
            uploads.erase(id);
            return answer(204);
        }
        return complete(id, a);
    }

    result<http::client_response> complete(const std::string& id, const asked& a) {
        if (a.field("If-None-Match") == "*" && objects.contains(a.key)) {
            return trouble(412, "PreconditionFailed");
        }
        object whole;
        whole.fields = uploads[id].fields;
        for (const auto& [number, part] : uploads[id].parts) {
            const std::string named = "<PartNumber>" + std::to_string(number) + "</PartNumber><ETag>&quot;" + tag(part) +
                                      "&quot;</ETag>";
            if (a.body.find(named) == std::string::npos) {
                return trouble(400, "InvalidPart");
            }
            whole.body += part;
        }
        objects[a.key] = std::move(whole);
        uploads.erase(id);
        return answer(200, "<CompleteMultipartUploadResult><ETag>\"x-1\"</ETag></CompleteMultipartUploadResult>");
    }

    result<http::client_response> head(const std::string& key) const {
        const auto found = objects.find(key);
        if (found == objects.end()) {
            return answer(404);
        }
        http::client_response out = answer(200);
        out.fields = found->second.fields;
        out.fields.emplace_back("Content-Length", std::to_string(found->second.body.size()));
        return out;
    }

    static std::string tag(std::string_view body) { return crypto::to_hex(crypto::sha256_of(body)).substr(0, 32); }
    static http::client_response tagged(http::client_response to, std::string_view body) {
        to.fields.emplace_back("ETag", "\"" + tag(body) + "\"");
        return to;
    }

    unsigned last_upload_ = 0;
    std::size_t uploading_ = 0;
};

} // namespace seedhook::test
