// The chunked coding: taken off however it is cut, refused when malformed, bounded in every part.
#include "http/gate_chunks.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

using namespace seedhook::http;
using progress = chunk_reader::progress;

struct outcome {
    progress how = progress::more;
    std::string body;
    std::string rest;
    unsigned status = 0;
};

outcome read_in_pieces(const std::string& raw, std::size_t piece, std::uint64_t limit = 1000) {
    chunk_reader reader(limit);
    outcome found;
    std::string_view left = raw;
    while (!left.empty() && found.how == progress::more) {
        std::string_view next = left.substr(0, piece);
        const std::size_t size = next.size();
        found.how = reader.read(next, found.body);
        left.remove_prefix(size - next.size());
    }
    found.rest = left;
    found.status = found.how == progress::failed ? reader.why().status : 0;
    return found;
}

BOOST_AUTO_TEST_CASE(a_body_is_the_same_however_it_is_cut) {
    const std::string raw = "5;name=\"v a\";x\r\nhello\r\n1\r\n \r\n00b\r\nworld\r\n0\r\n\r\r\n0;last\r\n"
                            "Trailer: x\r\nOther:\r\n\r\nGET /next";
    for (std::size_t piece = 1; piece <= raw.size(); ++piece) {
        const outcome found = read_in_pieces(raw, piece);
        BOOST_TEST((found.how == progress::done));
        BOOST_TEST(found.body == "hello world\r\n0\r\n\r");
        BOOST_TEST(found.rest == "GET /next");
    }
}

BOOST_AUTO_TEST_CASE(a_body_without_bytes_ends_at_once) {
    const outcome found = read_in_pieces("0\r\n\r\n", 100);
    BOOST_TEST((found.how == progress::done));
    BOOST_TEST(found.body == "");
}

BOOST_AUTO_TEST_CASE(an_unfinished_body_is_neither_done_nor_wrong) {
    const std::string raw = "5\r\nhello\r\n0\r\nA: b\r\n\r\n";
    for (std::size_t size = 0; size < raw.size(); ++size) {
        BOOST_TEST((read_in_pieces(raw.substr(0, size), 7).how == progress::more));
    }
}

BOOST_AUTO_TEST_CASE(malformed_chunks_are_refused) {
    using namespace std::string_literals;
    for (const std::string& bad : {"\r\n"s,
                                   "x\r\n"s,
                                   " 5\r\n"s,
                                   "5 \r\n"s,
                                   "5 ;a\r\n"s,
                                   "+5\r\n"s,
                                   "-5\r\n"s,
                                   "0x5\r\n"s,
                                   "5\nhello"s,
                                   "5\r5"s,
                                   ";a\r\n"s,
                                   "5\r\nhello5\r\n"s,
                                   "5\r\nhello\n"s,
                                   "5\r\nhello\r0"s,
                                   "5\r\nhelloX\r\n"s,
                                   "10000000000000000\r\n"s,
                                   "0000000000000005\r\n"s,
                                   "5;a\nb\r\n"s,
                                   "5;\0\r\n"s,
                                   "5;\x7f\r\n"s,
                                   "0\r\n\n"s,
                                   "0\r\n\rX"s,
                                   "0\r\n folded"s,
                                   "0\r\nGET /smuggled HTTP/1.1\r\n"s,
                                   "0\r\n: x\r\n"s,
                                   "0\r\nA: b\n\r\n"s,
                                   "0\r\nA: \0\r\n"s,
                                   "0\r\nA\r\n"s,
                                   "0\r\nA : b\r\n"s}) {
        for (const std::size_t piece : {std::size_t(1), bad.size()}) {
            const outcome found = read_in_pieces(bad, piece);
            BOOST_TEST((found.how == progress::failed), bad);
            BOOST_TEST(found.status == 400U);
        }
    }
}

BOOST_AUTO_TEST_CASE(extensions_of_every_form_are_read_over) {
    for (const std::string extension : {"", ";a", ";a=b", ";a=\"\"", ";a=\"b;c=\\\"\t\xff\"", ";a;b=c;d=\"e\";f"}) {
        const outcome found = read_in_pieces("1" + extension + "\r\nx\r\n0" + extension + "\r\n\r\n", 1);
        BOOST_TEST((found.how == progress::done), extension);
        BOOST_TEST(found.body == "x");
    }
}

BOOST_AUTO_TEST_CASE(an_extension_in_which_readers_could_see_other_lines_is_refused) {
    for (const std::string extension :
         {";", ";;a", ";=", ";=b", ";a=", ";a=;b", ";a=\"", ";a=\"b", ";a=\"b\\\"", ";a=\"b\"c", ";a=b\"c\"", ";a=b=c",
          ";\"a\"", "; a", ";a =b", ";a= b", ";a ", ";\xc3\xa4"}) {
        const outcome found = read_in_pieces("1" + extension + "\r\nx\r\n0\r\n\r\n", 1);
        BOOST_TEST((found.how == progress::failed), extension);
        BOOST_TEST(found.status == 400U);
    }
}

BOOST_AUTO_TEST_CASE(a_body_over_the_limit_is_too_large) {
    BOOST_TEST((read_in_pieces("5\r\nhello\r\n0\r\n\r\n", 100, 5).how == progress::done));
    const outcome over = read_in_pieces("5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", 100, 5);
    BOOST_TEST(over.status == 413U);
    const outcome announced = read_in_pieces("fffffffffffffff\r\nh", 100, 5);
    BOOST_TEST(announced.status == 413U);
    BOOST_TEST(announced.body == "");
}

BOOST_AUTO_TEST_CASE(framing_without_end_is_refused) {
    const std::string endless(40 * 1024, 'a');
    BOOST_TEST(read_in_pieces("5;" + endless, 999).status == 400U);
    BOOST_TEST(read_in_pieces("0\r\nA: " + endless, 999).status == 400U);
    std::string trailers = "0\r\n";
    for (int i = 0; i < 10000; ++i) {
        trailers += "A: b\r\n";
    }
    BOOST_TEST(read_in_pieces(trailers, 999).status == 400U);
}

BOOST_AUTO_TEST_CASE(a_body_in_chunks_of_one_byte_is_allowed) {
    std::string raw;
    for (int i = 0; i < 60000; ++i) {
        raw += "1\r\nx\r\n";
    }
    const outcome found = read_in_pieces(raw + "0\r\n\r\n", 4096, 60000);
    BOOST_TEST((found.how == progress::done));
    BOOST_TEST(found.body.size() == 60000U);
}

} // namespace
