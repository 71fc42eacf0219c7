// A delivery whose system calls fail: what could not be looked at is not taken for somebody else's.
#include "file_text.hpp"
#include "seedhook/crypto/encoding.hpp"
#include "seedhook/crypto/hash.hpp"
#include "sinks/placement.hpp"
#include "temp_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <memory>

using namespace seedhook;
using test::read_file;
using test::write_file;

namespace {

// The number that the next descriptor would have.
int next_descriptor() {
    const int number = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    BOOST_REQUIRE(number >= 0);
    ::close(number);
    return number;
}

// While it lives no descriptor of that number or a higher one can be opened.
class no_descriptors {
public:
    explicit no_descriptors(int from) {
        BOOST_REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
        const rlimit now{static_cast<rlim_t>(from), before_.rlim_max};
        BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &now) == 0);
    }
    ~no_descriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
    rlimit before_{};
};

// A delivery that was made by an attempt which could not tell of it.
struct made_before {
    explicit made_before(bool manifest) {
        std::filesystem::create_directory(folder.path() / "videos");
        write_file(spooled, "content");
        auto made = std::make_shared<directory_rules>();
        made->root = folder.path() / "videos";
        made->file = *path_template::parse("{requestId}.{ext}");
        made->manifest = manifest;
        rules = made;
        what.sink = "library";
        what.id = delivery_id("main", "req_1", "library");
        what.video = spooled;
        what.of.source = "main";
        what.of.request_id = "req_1";
        what.of.status = task_status::succeeded;
        what.of.video.emplace();
        what.of.video->size = 7;
        what.of.video->sha256 = crypto::to_hex(crypto::sha256_of("content"));
        what.of.video->content_type = "video/mp4";
        placement first(rules, what);
        BOOST_REQUIRE(finish(first));
    }

    static bool finish(placement& p) {
        std::optional<outcome> end;
        while (!end) {
            end = p.step();
        }
        return std::holds_alternative<done>(*end);
    }

    std::size_t files() const {
        std::size_t count = 0;
        for (const auto& entry : std::filesystem::directory_iterator(folder.path() / "videos")) {
            count += entry.is_regular_file() ? 1 : 0;
        }
        return count;
    }

    test::temp_folder folder;
    std::filesystem::path spooled = folder.path() / "spool/main/req_1.mp4";
    std::shared_ptr<const directory_rules> rules;
    delivery what;
};

} // namespace

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_opened_for_now_is_looked_at_again_later) {
    made_before b(false);
    placement second(b.rules, b.what);
    BOOST_TEST(!second.step().has_value()); // the folders are open
    {
        const no_descriptors left(next_descriptor());
        const auto end = second.step();
        BOOST_REQUIRE(end.has_value());
        BOOST_TEST(std::holds_alternative<again>(*end));
    }
    placement third(b.rules, b.what);
    BOOST_TEST(made_before::finish(third));
    BOOST_TEST(b.files() == 1);
}

BOOST_AUTO_TEST_CASE(a_manifest_that_cannot_be_opened_for_now_is_looked_at_again_later) {
    made_before b(true);
    placement second(b.rules, b.what);
    BOOST_TEST(!second.step().has_value());
    const int taken_by_video = next_descriptor();
    BOOST_TEST(!second.step().has_value()); // what bears the video's name is open; it is closed before the manifest is
    {
        const no_descriptors left(taken_by_video);
        const auto end = second.step();
        BOOST_REQUIRE(end.has_value());
        BOOST_TEST(std::holds_alternative<again>(*end));
    }
    placement third(b.rules, b.what);
    BOOST_TEST(made_before::finish(third));
    BOOST_TEST(b.files() == 2);
}
