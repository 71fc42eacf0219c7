// The gate: bytes of a connection get the same verdict however they come in; what it accepts is plain and means the
// same to Beast's own parser; a chunked body ends where Beast's ends and is the same.
#include "fuzz.hpp"

#include "http/gate.hpp"
#include "http/gate_chunks.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <limits>
#include <optional>
#include <set>

namespace {

namespace beast_http = boost::beast::http;
using namespace seedhook;
using namespace seedhook::http;
using beast_parser = beast_http::request_parser<beast_http::string_body>;
using progress = chunk_reader::progress;

constexpr std::uint64_t body_limit = 2000;

std::string_view std_view(boost::beast::string_view text) { return {text.data(), text.size()}; }

// As the connection does it: the end of an accepted head, 0 for a refused one, nothing for one that is not whole.
std::optional<std::size_t> receive(std::string_view bytes, const std::vector<std::size_t>& ends) {
    std::size_t searched = 0;
    for (const std::size_t end : ends) {
        const std::string_view here = bytes.substr(0, end);
        if (const auto head_end = end_of_head(here, searched)) {
            request into;
            return read_head(here.substr(0, *head_end), into) ? *head_end : 0;
        }
        if (const auto wrong = check_partial_head(here, searched)) {
            fuzz::must(wrong->status >= 400 && wrong->status < 500, "what is refused early is the peer's fault");
            return 0;
        }
        searched = end;
    }
    return std::nullopt;
}

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
    const std::size_t end = text.find_last_not_of(" \t") + 1;
    return text.substr(begin, end - std::min(begin, end));
}

// Takes the part before `separator`, which must be there, off the front of `rest`.
std::string_view take(std::string_view& rest, std::string_view separator) {
    const std::size_t end = rest.find(separator);
    fuzz::must(end != std::string_view::npos, "a head is lines that end with CRLF", rest);
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(end + separator.size());
    return part;
}

void must_point_into(std::string_view whole, std::string_view view) {
    fuzz::must(view.data() >= whole.data() && view.data() + view.size() <= whole.data() + whole.size(),
               "views point into the head");
}

// An accepted head, read once more in the plainest way.
void check_plainly(std::string_view head, const request& into) {
    for (const char c : head) {
        fuzz::must(static_cast<unsigned char>(c) >= ' ' || c == '\t' || c == '\r' || c == '\n', "no control character");
        fuzz::must(c != '\x7f', "no DEL");
    }
    std::string_view rest = head;
    std::string_view line = take(rest, "\r\n");
    fuzz::must(take(line, " ") == into.method, "the method is as sent");
    fuzz::must(take(line, " ") == into.target, "the target is as sent");
    fuzz::must(line == "HTTP/1.1" || line == "HTTP/1.0", "the version is one of two");
    const std::string again = std::string(into.path) + (into.target.size() > into.path.size() ? "?" : "");
    fuzz::must(into.path.starts_with('/') && again + std::string(into.query) == into.target, "path ? query = target");
    for (const std::string_view view : {into.method, into.target, into.path}) {
        must_point_into(head, view);
    }
    for (const field_view& field : into.fields) {
        line = take(rest, "\r\n");
        fuzz::must(take(line, ":") == field.name && trimmed(line) == field.value, "fields are as sent", head);
        must_point_into(head, field.name);
        must_point_into(head, field.value);
    }
    fuzz::must(rest == "\r\n", "all fields are read", head);
}

void check_framing(std::string_view head, const framing& found, const request& into) {
    const std::size_t hosts = into.count("host");
    fuzz::must(hosts == 1 || (hosts == 0 && found.http_1_0), "exactly one Host", head);
    fuzz::must(hosts == 0 || !into.find("Host")->empty(), "the Host is not empty", head);
    const std::size_t codings = into.count("transfer-encoding");
    const std::size_t lengths = into.count("content-length");
    fuzz::must(!(found.chunked && found.length), "never both chunked and a length", head);
    fuzz::must(codings + lengths <= 1, "framing is said once", head);
    fuzz::must(found.chunked == (codings == 1) && found.length.has_value() == (lengths == 1), "framing is as sent");
    fuzz::must(!(found.chunked && found.http_1_0), "no coding in HTTP/1.0", head);
    if (found.length) {
        const std::string digits = std::to_string(*found.length);
        const std::string_view sent = *into.find("content-length");
        const std::size_t zeros = sent.size() - std::min(sent.size(), digits.size());
        fuzz::must(sent == std::string(zeros, '0') + digits, "the length is as sent", head);
    }
    fuzz::must(!found.expects_continue || (found.has_body() && !found.http_1_0), "100 is for a body to come", head);
    fuzz::must(found.has_body() == (found.chunked || found.length.value_or(0) > 0), "has_body says what follows");
}

void make_patient(beast_parser& parser) {
    parser.header_limit(std::numeric_limits<std::uint32_t>::max());
    parser.body_limit(boost::none);
}

// Beast must read the same request.
void check_with_beast(std::string_view head, const framing& found, const request& into) {
    beast_parser parser;
    make_patient(parser);
    boost::beast::error_code failed;
    parser.put(boost::asio::buffer(head.data(), head.size()), failed);
    fuzz::must(!failed && parser.is_header_done(), "Beast accepts what we accept", failed.message());
    const auto& message = parser.get();
    fuzz::must(std_view(message.method_string()) == into.method, "Beast reads the same method", head);
    fuzz::must(std_view(message.target()) == into.target, "Beast reads the same target", head);
    fuzz::must((message.version() == 10) == found.http_1_0, "Beast reads the same version", head);
    std::multiset<std::pair<std::string_view, std::string_view>> theirs; // Beast groups fields of one name
    std::multiset<std::pair<std::string_view, std::string_view>> ours;
    for (const auto& field : message) {
        theirs.emplace(std_view(field.name_string()), std_view(field.value()));
    }
    for (const field_view& field : into.fields) {
        ours.emplace(field.name, field.value);
    }
    fuzz::must(theirs == ours, "Beast reads the same fields", head);
    fuzz::must(parser.chunked() == found.chunked, "Beast sees the same coding", head);
    const auto length = parser.content_length();
    fuzz::must(length ? found.length == *length : !found.length, "Beast sees the same length", head);
    // Beast also obeys Proxy-Connection, which is no field of HTTP.
    if (found.keep_alive && into.count("Proxy-Connection") == 0) {
        fuzz::must(parser.keep_alive(), "Beast would keep the connection too", head);
    }
}

struct decoded {
    progress how = progress::more;
    std::string body;
    std::size_t used = 0;
    std::string why;

    bool operator==(const decoded&) const = default;
};

decoded decode(std::string_view raw, const std::vector<std::size_t>& ends) {
    chunk_reader reader(body_limit);
    decoded out;
    fuzz::feed(raw, ends, [&](std::string_view piece) {
        const std::size_t size = piece.size();
        out.how = reader.read(piece, out.body);
        out.used += size - piece.size();
        if (fuzz::planted && out.body.size() == 7) { // a reader that loses a byte when a piece ends just there
            out.body.pop_back();
        }
        fuzz::must(out.how == progress::done || out.how == progress::failed || piece.empty(), "all is read");
        return out.how == progress::more;
    });
    fuzz::must(out.body.size() <= body_limit, "a body is not longer than its limit");
    if (out.how == progress::done) {
        std::string_view next = "0\r\n";
        fuzz::must(reader.read(next, out.body) == progress::done && next.size() == 3, "what follows is not touched");
    }
    if (out.how == progress::failed) {
        out.why = reader.why().reason;
        fuzz::must(reader.why().status == 400 || reader.why().status == 413, "a refusal is the peer's fault");
    }
    return out;
}

// We read over trailers (SPEC §2), of which Beast refuses those that would frame a message. It sees no other body.
bool is_about_trailers(const boost::beast::error_code& failed) {
    using beast_http::error;
    return failed == error::bad_content_length || failed == error::multiple_content_length ||
           failed == error::bad_transfer_encoding || failed == error::bad_value;
}

void check_body_with_beast(std::string_view head, std::string_view raw, const decoded& ours) {
    beast_parser parser;
    make_patient(parser);
    parser.eager(true);
    const std::string all = std::string(head) + std::string(raw);
    boost::beast::error_code failed;
    std::size_t used = 0;
    while (!failed && !parser.is_done() && used < all.size()) {
        used += parser.put(boost::asio::buffer(all.data() + used, all.size() - used), failed);
    }
    if (ours.how == progress::done) {
        fuzz::must(parser.is_done() || is_about_trailers(failed), "Beast ends the body too", failed.message());
    }
    if (parser.is_done() && ours.how != progress::failed) {
        fuzz::must(ours.how == progress::done, "Beast does not end the body earlier", raw);
        fuzz::must(used == head.size() + ours.used, "Beast ends the body at the same place", raw);
        fuzz::must(parser.get().body() == ours.body, "Beast reads the same body", raw);
    }
}

void check_chunks(std::string_view head, std::string_view raw) {
    std::optional<decoded> first;
    for (const auto& ends : fuzz::cuts_of(raw)) {
        const decoded found = decode(raw, ends);
        fuzz::must(found == first.value_or(found), "a body does not depend on how it comes", raw);
        first = found;
    }
    check_body_with_beast(head, raw, *first);
}

constexpr std::string_view lines[] = {"GET / HTTP/1.1\r\n",
                                      "POST /a?b=%20 HTTP/1.1\r\n",
                                      "POST / HTTP/1.0\r\n",
                                      "Host: a\r\n",
                                      "Host: [::1]:8443\r\n",
                                      "Content-Length: 5\r\n",
                                      "Transfer-Encoding: chunked\r\n",
                                      "Expect: 100-continue\r\n",
                                      "Connection: close\r\n",
                                      "Connection: keep-alive, x\r\n",
                                      " folded\r\n",
                                      "A: \x80\t\r\n",
                                      "\r\n",
                                      "5\r\nhello\r\n",
                                      "1;a=\"b\"\r\nx\r\n",
                                      "00002\r\n\r\n\r\n",
                                      "0\r\n\r\n",
                                      "0;x\r\nA: b\r\n\r\n",
                                      "7ff\r\n"};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes = fuzz::text_of(data, size);
    std::optional<std::size_t> verdict;
    bool first = true;
    for (const auto& ends : fuzz::cuts_of(bytes)) {
        const auto found = receive(bytes, ends);
        fuzz::must(first || found == verdict, "the verdict does not depend on how the bytes come", bytes);
        verdict = found;
        first = false;
    }
    if (const std::size_t end = verdict.value_or(0); end > 0) {
        const std::string head(bytes.substr(0, end));
        request into;
        const framing found = *read_head(head, into);
        check_plainly(head, into);
        check_framing(head, found, into);
        check_with_beast(head, found, into);
        if (found.chunked) {
            check_chunks(head, bytes.substr(end));
        }
    }
    return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t room, unsigned seed) {
    fuzz::chance c(seed);
    if (c.one_in(3)) {
        return LLVMFuzzerMutate(data, size, room);
    }
    fuzz::pieces parts = fuzz::cut_after(fuzz::text_of(data, size), "\n");
    fuzz::shuffle(parts, lines, c);
    return fuzz::put(fuzz::joined(parts), data, room);
}
