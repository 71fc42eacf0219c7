// What doctor tries on this machine: folders, files, certificates.
#include "daemon/checks.hpp"

#include "daemon/certificates.hpp"

#include "seedhook/async/unique_fd.hpp"
#include "seedhook/config/size.hpp"
#include "seedhook/fetch/spool.hpp"
#include "seedhook/store/database.hpp"
#include "seedhook/tls/certificate.hpp"
#include "seedhook/tls/server_identity.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>

namespace seedhook {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t little_room_for_a_store = std::uint64_t{256} << 20;

// A file that is written, synced and gone; `.probe-` is a name that the spool's own sweep knows.
result<void> try_writing(const fs::path& folder) {
    const fs::path file = folder / (".probe-doctor-" + std::to_string(::getpid()));
    const unique_fd probe(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!probe) {
        return errno_error("writing to " + folder.string(), errno);
    }
    const bool gone = ::unlink(file.c_str()) == 0;
    const bool written = gone && ::write(probe.get(), "x", 1) == 1 && ::fsync(probe.get()) == 0;
    return written ? result<void>() : errno_error("writing to " + folder.string(), errno);
}

// For a folder that the daemon makes when it starts.
result<void> can_be_made(fs::path folder) {
    std::error_code ignored;
    while (folder.has_relative_path() && !fs::exists(folder, ignored)) {
        folder = folder.parent_path();
    }
    if (::access(folder.c_str(), W_OK | X_OK) != 0) {
        return errno_error("making a folder in " + folder.string(), errno);
    }
    return {};
}

std::uint64_t free_bytes(const fs::path& folder) {
    struct statvfs disk {};
    return ::statvfs(folder.c_str(), &disk) == 0 ? std::uint64_t{disk.f_bavail} * disk.f_frsize : 0;
}

// What root or anybody else may do says nothing of the daemon's user.
bool is_somebody_elses(const fs::path& path) {
    struct stat seen {};
    return ::stat(path.c_str(), &seen) == 0 && seen.st_uid != ::geteuid();
}

remark with_owner(std::string says, const fs::path& of) {
    return is_somebody_elses(of) ? warning(says + "; but it belongs to another user: run doctor as the daemon's user")
                                 : remark(std::move(says));
}

std::string room_text(std::uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB free"; }

std::string joined(const std::vector<std::string>& texts) {
    std::string out;
    for (const std::string& text : texts) {
        out += (out.empty() ? "" : ", ") + text;
    }
    return out;
}

} // namespace

result<remark> check_store(const config::store& settings, duration limit) {
    const fs::path folder = fs::path(settings.path).parent_path();
    if (auto written = try_writing(folder); !written) {
        return written.error();
    }
    const std::string room = room_text(free_bytes(folder));
    const auto seen = inspect_sqlite({settings.path}, limit);
    if (!seen && seen.error().code == errc::not_found) {
        return with_owner(settings.path + " is not there yet and will be made; " + room, folder);
    }
    if (!seen && seen.error().code == errc::conflict) {
        return warning(seen.error().message + ", though none answers on the control socket");
    }
    if (!seen) {
        return seen.error();
    }
    if (free_bytes(folder) < little_room_for_a_store) {
        return warning(settings.path + " is sound, but its disk has only " + room);
    }
    return with_owner(settings.path + (seen->complete ? " is sound; " : " opens (too large to look at every page); ") +
                          room,
                      settings.path);
}

result<remark> check_spool(const config::spool& settings) {
    std::error_code ignored;
    if (!fs::exists(settings.path, ignored)) {
        auto possible = can_be_made(settings.path);
        return possible ? result<remark>(remark(settings.path + " is not there yet and will be made"))
                        : possible.error();
    }
    const auto videos = open_spool({settings.path, settings.max_bytes, settings.min_free});
    if (!videos) {
        return videos.error();
    }
    if (auto written = try_writing(settings.path); !written) {
        return written.error();
    }
    if (auto room = (*videos)->room_for(1); !room) {
        return within("fetching waits", room.error());
    }
    return with_owner(settings.path + " takes files; " + room_text(free_bytes(settings.path)) + ", " +
                          config::size_text(settings.min_free) + " of it is kept free",
                      settings.path);
}

result<remark> check_certificate(const config::tls_files& files, time_point now) {
    const auto identity = tls::server_identity::load(files.certificate, files.key);
    if (!identity) {
        return identity.error();
    }
    const tls::certificate_facts facts = (*identity)->certificates().front().facts;
    const std::string trouble = trouble_with(facts, now);
    if (now < facts.begins_at || now >= facts.ends_at) {
        return error(errc::invalid, files.certificate + " " + trouble);
    }
    if (facts.names.empty()) {
        return warning(files.certificate + " names no host (subjectAltName): no client will take it");
    }
    const std::string names = "for " + joined(facts.names) + "; ";
    return trouble.empty() ? remark(names + end_text(facts, now)) : warning(names + trouble);
}

result<remark> check_client_ca(const std::string& file, time_point now) {
    const auto authorities = tls::read_certificates(file);
    if (!authorities) {
        return authorities.error();
    }
    std::size_t valid = 0;
    std::string first_trouble;
    for (const tls::certificate_facts& one : *authorities) {
        const std::string trouble = trouble_with(one, now);
        first_trouble = first_trouble.empty() ? trouble : first_trouble;
        valid += now >= one.begins_at && now < one.ends_at ? 1 : 0;
    }
    if (valid == 0) {
        return error(errc::invalid,
                     file + ": no authority in it is valid, so no client is let in; one " + first_trouble);
    }
    const std::string says = file + " has " + std::to_string(authorities->size()) + " authorities";
    return first_trouble.empty() ? remark(says) : warning(says + "; one " + first_trouble);
}

} // namespace seedhook
