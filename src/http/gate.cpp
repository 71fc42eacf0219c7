// The framing gate: first the raw bytes, then Beast's reading of them, then what the fields say together.
#include "http/gate.hpp"

#include "http/gate_bytes.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/throw_exception.hpp>

#include <limits>
#include <stdexcept>
#include <string>

namespace seedhook::http {
namespace {

namespace beast = boost::beast;

std::string_view to_std(beast::string_view text) noexcept { return {text.data(), text.size()}; }

// Beast's parser, keeping views of what it reads instead of copies.
class head_parser final : public beast::http::basic_parser<true> {
public:
    explicit head_parser(request& into) : into_(into) {
        header_limit(std::numeric_limits<std::uint32_t>::max()); // the connection has counted
        body_limit(boost::none);
    }

    int version() const noexcept { return version_; }

private:
    using error_code = beast::error_code;

    void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target, int version,
                         error_code& ec) override {
        into_.method = to_std(method);
        into_.target = to_std(target);
        version_ = version;
        ec = {};
    }
    void on_response_impl(int, beast::string_view, int, error_code& ec) override { ec = {}; }
    void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value, error_code& ec) override {
        into_.fields.push_back({to_std(name), to_std(value)});
        ec = {};
    }
    void on_header_impl(error_code& ec) override { ec = {}; }
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code& ec) override { ec = {}; }
    std::size_t on_body_impl(beast::string_view, error_code& ec) override {
        ec = {};
        return 0;
    }
    void on_chunk_header_impl(std::uint64_t, beast::string_view, error_code& ec) override { ec = {}; }
    std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view, error_code& ec) override {
        ec = {};
        return 0;
    }
    void on_finish_impl(error_code& ec) override { ec = {}; }

    request& into_;
    int version_ = 11;
};

// The fields that decide where this request ends and how the connection goes on, counted in one pass.
struct framing_fields {
    unsigned hosts = 0;
    unsigned lengths = 0;
    unsigned codings = 0;
    unsigned expectations = 0;
    std::string_view host;
    std::string_view length;
    std::string_view coding;
    std::string_view expectation;
    bool says_close = false;
    bool says_keep_alive = false;
};

framing_fields collect(const std::vector<field_view>& fields) noexcept {
    framing_fields found;
    for (const field_view& field : fields) {
        if (same_name(field.name, "Host")) {
            ++found.hosts;
            found.host = field.value;
        } else if (same_name(field.name, "Content-Length")) {
            ++found.lengths;
            found.length = field.value;
        } else if (same_name(field.name, "Transfer-Encoding")) {
            ++found.codings;
            found.coding = field.value;
        } else if (same_name(field.name, "Expect")) {
            ++found.expectations;
            found.expectation = field.value;
        } else if (same_name(field.name, "Connection")) {
            found.says_close |= bytes::list_has(field.value, "close");
            found.says_keep_alive |= bytes::list_has(field.value, "keep-alive");
        }
    }
    return found;
}

boost::system::result<framing, refusal> judge(const framing_fields& fields, bool http_1_0) {
    framing found;
    found.http_1_0 = http_1_0;
    found.keep_alive = !fields.says_close && (!http_1_0 || fields.says_keep_alive);
    if (fields.hosts > 1 || (fields.hosts == 0 && !http_1_0)) {
        return bad_request("exactly one Host field is needed");
    }
    if (fields.hosts == 1 && !bytes::is_host(fields.host)) {
        return bad_request("the Host field is not valid");
    }
    if (fields.codings > 0) {
        if (http_1_0) {
            return bad_request("Transfer-Encoding in HTTP/1.0");
        }
        if (fields.lengths > 0) {
            return bad_request("Transfer-Encoding beside Content-Length");
        }
        if (fields.codings > 1 || !same_name(fields.coding, "chunked")) {
            return bad_request("Transfer-Encoding other than chunked");
        }
        found.chunked = true;
    }
    if (fields.lengths > 1) {
        return bad_request("more than one Content-Length");
    }
    if (fields.lengths == 1) {
        found.length = bytes::decimal(fields.length);
        if (!found.length) {
            return bad_request("the Content-Length is not a number");
        }
    }
    if (fields.expectations > 0 && !http_1_0) {
        if (fields.expectations > 1 || !same_name(fields.expectation, "100-continue")) {
            return refusal{417, "expectation_failed", "the expectation cannot be met"};
        }
        found.expects_continue = found.has_body();
    }
    return found;
}

} // namespace

void throw_exception_from_error(const refusal& why, const boost::source_location& where) {
    boost::throw_exception(std::runtime_error(std::string(why.reason)), where);
}

boost::system::result<framing, refusal> read_head(std::string_view head, request& into) {
    const bytes::head_check checked = bytes::check_head(head);
    if (checked.wrong) {
        return *checked.wrong;
    }
    into.fields.clear();
    head_parser parser(into);
    beast::error_code failure;
    const std::size_t read = parser.put(boost::asio::buffer(head.data(), head.size()), failure);
    if (failure || !parser.is_header_done() || read != head.size() || into.fields.size() != checked.fields) {
        return bad_request("the request's head is malformed");
    }
    const std::size_t question = into.target.find('?');
    into.path = into.target.substr(0, question);
    into.query = question == std::string_view::npos ? std::string_view{} : into.target.substr(question + 1);
    return judge(collect(into.fields), parser.version() == 10);
}

} // namespace seedhook::http
