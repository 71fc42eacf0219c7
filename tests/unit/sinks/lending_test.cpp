// Videos that another user may read: nobody else may, and nothing else.
#include "sinks/exec/lending.hpp"

#include "file_text.hpp"
#include "temp_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

using namespace seedhook;
using exec::lend;
namespace fs = std::filesystem;

namespace {

constexpr uid_t guest = 65534;
constexpr uid_t stranger = 65533;

struct spool_of_one {
    spool_of_one() {
        fs::create_directories(video.parent_path());
        test::write_file(video, "content");
        test::write_file(other, "content");
        for (const fs::path& folder : {root, video.parent_path()}) {
            fs::permissions(folder, fs::perms::owner_all);
        }
        for (const fs::path& file : {video, other}) {
            fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
        }
        ::chmod(above.path().c_str(), 0711);
    }

    test::temp_folder above;
    fs::path root = above.path() / "spool";
    fs::path video = root / "main" / "req_1.mp4";
    fs::path other = root / "main" / "req_2.mp4";
};

// Whether that user may; only root can try it.
bool may(uid_t user, const fs::path& path, int how) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::_exit(::setresuid(user, user, user) == 0 && ::access(path.c_str(), how) == 0 ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

unsigned mode_of(const fs::path& path) {
    struct stat seen {};
    BOOST_REQUIRE(::stat(path.c_str(), &seen) == 0);
    return seen.st_mode & 07777;
}

} // namespace

BOOST_AUTO_TEST_SUITE(lending)

BOOST_AUTO_TEST_CASE(a_video_is_lent_to_one_user_alone_for_reading_alone) {
    const spool_of_one s;
    BOOST_REQUIRE(lend(s.video, s.root, guest) == 0);
    BOOST_TEST(mode_of(s.video) == 0640U);
    BOOST_TEST(mode_of(s.root) == 0710U);
    BOOST_TEST(mode_of(s.other) == 0600U);
    if (::geteuid() != 0) {
        return;
    }
    BOOST_TEST(may(guest, s.video, R_OK));
    BOOST_TEST(!may(guest, s.video, W_OK));
    BOOST_TEST(!may(guest, s.other, R_OK));
    BOOST_TEST(!may(guest, s.root, R_OK));
    BOOST_TEST(!may(guest, s.root, W_OK));
    BOOST_TEST(!may(stranger, s.video, F_OK));
    BOOST_REQUIRE(lend(s.video, s.root, stranger) == 0);
    BOOST_TEST((may(guest, s.video, R_OK) && may(stranger, s.video, R_OK)));
}

BOOST_AUTO_TEST_CASE(the_mode_of_a_file_that_its_group_may_read_stays) {
    const spool_of_one s;
    ::chmod(s.video.c_str(), 0640);
    BOOST_REQUIRE(lend(s.video, s.root, guest) == 0);
    BOOST_REQUIRE(lend(s.video, s.root, guest) == 0);
    BOOST_TEST(mode_of(s.video) == 0640U);
}

BOOST_AUTO_TEST_CASE(nothing_above_the_spool_is_opened) {
    const spool_of_one s;
    const unsigned before = mode_of(s.above.path());
    BOOST_REQUIRE(lend(s.video, s.root / "", guest) == 0);
    BOOST_TEST(mode_of(s.above.path()) == before);
    BOOST_TEST(lend(s.video, s.root / "elsewhere", guest) != 0);
    BOOST_TEST(lend(s.video, s.above.path() / "spool" / "main" / "req_1.mp4", guest) == ENOTDIR);
    fs::create_directories(s.above.path() / "aside");
    BOOST_TEST(lend(s.video, s.above.path() / "aside", guest) == EINVAL);
    BOOST_TEST(mode_of(s.above.path()) == before);
}

BOOST_AUTO_TEST_SUITE_END()
