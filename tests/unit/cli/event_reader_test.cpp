// Server-sent events in pieces.
#include "cli/event_reader.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using seedhook::cli::event_reader;

BOOST_AUTO_TEST_CASE(events_come_whole_however_they_are_cut) {
    const std::string stream =
        "retry: 2000\nid: 4\n\n:\n\nid: 5\ndata: one\n\nid: 6\r\ndata:two\r\ndata: more\r\n\r\nid: 7\n\n";
    for (std::size_t cut = 1; cut < stream.size(); ++cut) {
        std::vector<std::string> got;
        event_reader reader([&](const std::string& data) { got.push_back(data); });
        for (std::size_t at = 0; at < stream.size(); at += cut) {
            reader.read(std::string_view(stream).substr(at, cut));
        }
        BOOST_TEST((got == std::vector<std::string>{"one", "two\nmore"}), cut);
        BOOST_TEST(reader.last_id() == "7");
    }
}

BOOST_AUTO_TEST_CASE(an_event_that_is_cut_off_is_asked_for_again) {
    std::vector<std::string> got;
    event_reader reader([&](const std::string& data) { got.push_back(data); });
    reader.read("id: 1\ndata: a\n\nid: 2\ndata: b");
    BOOST_TEST(reader.last_id() == "1");
    reader.restart();
    reader.read("id: 2\ndata: b\n\n");
    BOOST_TEST((got == std::vector<std::string>{"a", "b"}));
    BOOST_TEST(reader.last_id() == "2");
}
