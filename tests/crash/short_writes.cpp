// A preload library that makes reads and writes shorter than asked for, as the kernel may at any time: of every n-th call
// on a file or a socket only a part is done. SHORT_EVERY: the n. SHORT_TO: `1` byte, or `half`. SHORT_REPORT: a file that
// tells, at exit, how many calls of each name were shortened.
//
// Sending is shortened on accepted sockets alone. Asio takes a short send for a full buffer, as epoll(7) allows it to, and
// waits for the edge that tells of room; on the sockets that it sends with, there would be none.
#include <dlfcn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

unsigned long every() {
    static const char* text = std::getenv("SHORT_EVERY");
    static const unsigned long value = text ? std::strtoul(text, nullptr, 10) : 0;
    return value;
}

bool to_one_byte() {
    static const char* text = std::getenv("SHORT_TO");
    static const bool one = text && std::strcmp(text, "1") == 0;
    return one;
}

// One a function: its turns, and how many of them were shortened.
struct counter {
    explicit counter(const char* of) : name(of) {}

    const char* name;
    std::atomic<unsigned long> calls{0};
    std::atomic<unsigned long> shortened{0};
};

std::array counters{counter("write"),  counter("pwrite"),  counter("pwrite64"),        counter("writev"),
                    counter("send"),   counter("sendto"),  counter("sendmsg"),         counter("copy_file_range"),
                    counter("read"),   counter("pread"),   counter("pread64"),         counter("recv"),
                    counter("recvfrom"), counter("recvmsg"), counter("readv")};

enum index { of_write, of_pwrite, of_pwrite64, of_writev, of_send, of_sendto, of_sendmsg, of_copy, of_read, of_pread,
             of_pread64, of_recv, of_recvfrom, of_recvmsg, of_readv };

constexpr std::size_t most_descriptors = 65536;
std::array<std::atomic<bool>, most_descriptors> accepted;

int remember(int fd, bool was_accepted) {
    if (fd >= 0 && static_cast<std::size_t>(fd) < most_descriptors) {
        accepted[static_cast<std::size_t>(fd)] = was_accepted;
    }
    return fd;
}

bool sends(index which) { return which == of_send || which == of_sendto || which == of_sendmsg || which == of_writev; }

// Pipes, event and timer descriptors take and give their few bytes whole or not at all.
bool may_be_short(index which, int fd) {
    if (fd < 0 || static_cast<std::size_t>(fd) >= most_descriptors) {
        return false;
    }
    struct stat seen {};
    const int before = errno;
    const bool fits = ::fstat(fd, &seen) == 0 &&
                      (S_ISREG(seen.st_mode) ||
                       (S_ISSOCK(seen.st_mode) && (!sends(which) || accepted[static_cast<std::size_t>(fd)])));
    errno = before;
    return fits;
}

// How much of `size` is to be done this time.
std::size_t cut(index which, int fd, std::size_t size) {
    if (size < 2 || every() == 0 || !may_be_short(which, fd)) {
        return size;
    }
    counter& c = counters[which];
    if ((c.calls.fetch_add(1) + 1) % every() != 0) {
        return size;
    }
    c.shortened.fetch_add(1);
    return to_one_byte() ? 1 : size / 2;
}

template <class Function>
Function* next(const char* name) {
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

// The front of a list of buffers.
struct cut_list {
    cut_list(index which, int fd, const iovec* from, std::size_t number) : count(std::min(number, parts.size())) {
        std::size_t size = 0;
        for (std::size_t i = 0; i < count; ++i) {
            parts[i] = from[i];
            size += from[i].iov_len;
        }
        std::size_t left = cut(which, fd, size);
        for (std::size_t i = 0; i < count; ++i) {
            parts[i].iov_len = std::min(parts[i].iov_len, left);
            left -= parts[i].iov_len;
        }
    }

    std::array<iovec, 64> parts{};
    std::size_t count;
};

[[gnu::destructor]] void report() {
    const char* file = std::getenv("SHORT_REPORT");
    std::FILE* out = file ? std::fopen(file, "w") : nullptr;
    if (out == nullptr) {
        return;
    }
    for (const counter& c : counters) {
        std::fprintf(out, "%s %lu\n", c.name, c.shortened.load());
    }
    std::fclose(out);
}

} // namespace

#pragma GCC diagnostic ignored "-Wmissing-declarations"

extern "C" {

int accept4(int fd, sockaddr* from, socklen_t* length, int flags) {
    static auto* const real = next<decltype(accept4)>("accept4");
    return remember(real(fd, from, length, flags), true);
}

int socket(int domain, int type, int protocol) {
    static auto* const real = next<decltype(socket)>("socket");
    return remember(real(domain, type, protocol), false);
}

ssize_t write(int fd, const void* data, size_t size) {
    static auto* const real = next<decltype(write)>("write");
    return real(fd, data, cut(of_write, fd, size));
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t at) {
    static auto* const real = next<decltype(pwrite)>("pwrite");
    return real(fd, data, cut(of_pwrite, fd, size), at);
}

ssize_t pwrite64(int fd, const void* data, size_t size, off64_t at) {
    static auto* const real = next<decltype(pwrite64)>("pwrite64");
    return real(fd, data, cut(of_pwrite64, fd, size), at);
}

ssize_t writev(int fd, const iovec* parts, int count) {
    static auto* const real = next<decltype(writev)>("writev");
    const cut_list less(of_writev, fd, parts, static_cast<std::size_t>(count));
    return real(fd, less.parts.data(), static_cast<int>(less.count));
}

ssize_t readv(int fd, const iovec* parts, int count) {
    static auto* const real = next<decltype(readv)>("readv");
    const cut_list less(of_readv, fd, parts, static_cast<std::size_t>(count));
    return real(fd, less.parts.data(), static_cast<int>(less.count));
}

ssize_t send(int fd, const void* data, size_t size, int flags) {
    static auto* const real = next<decltype(send)>("send");
    return real(fd, data, cut(of_send, fd, size), flags);
}

ssize_t sendto(int fd, const void* data, size_t size, int flags, const sockaddr* to, socklen_t length) {
    static auto* const real = next<decltype(sendto)>("sendto");
    return real(fd, data, cut(of_sendto, fd, size), flags, to, length);
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
    static auto* const real = next<decltype(sendmsg)>("sendmsg");
    cut_list less(of_sendmsg, fd, message->msg_iov, message->msg_iovlen);
    msghdr shorter = *message;
    shorter.msg_iov = less.parts.data();
    shorter.msg_iovlen = less.count;
    return real(fd, &shorter, flags);
}

ssize_t copy_file_range(int from, off64_t* from_at, int to, off64_t* to_at, size_t size, unsigned flags) {
    static auto* const real = next<decltype(copy_file_range)>("copy_file_range");
    return real(from, from_at, to, to_at, cut(of_copy, to, size), flags);
}

ssize_t read(int fd, void* into, size_t size) {
    static auto* const real = next<decltype(read)>("read");
    return real(fd, into, cut(of_read, fd, size));
}

ssize_t pread(int fd, void* into, size_t size, off_t at) {
    static auto* const real = next<decltype(pread)>("pread");
    return real(fd, into, cut(of_pread, fd, size), at);
}

ssize_t pread64(int fd, void* into, size_t size, off64_t at) {
    static auto* const real = next<decltype(pread64)>("pread64");
    return real(fd, into, cut(of_pread64, fd, size), at);
}

ssize_t recv(int fd, void* into, size_t size, int flags) {
    static auto* const real = next<decltype(recv)>("recv");
    return real(fd, into, cut(of_recv, fd, size), flags);
}

ssize_t recvfrom(int fd, void* into, size_t size, int flags, sockaddr* from, socklen_t* length) {
    static auto* const real = next<decltype(recvfrom)>("recvfrom");
    return real(fd, into, cut(of_recvfrom, fd, size), flags, from, length);
}

ssize_t recvmsg(int fd, msghdr* message, int flags) {
    static auto* const real = next<decltype(recvmsg)>("recvmsg");
    cut_list less(of_recvmsg, fd, message->msg_iov, message->msg_iovlen);
    msghdr shorter = *message;
    shorter.msg_iov = less.parts.data();
    shorter.msg_iovlen = less.count;
    const ssize_t got = real(fd, &shorter, flags);
    shorter.msg_iov = message->msg_iov;
    shorter.msg_iovlen = message->msg_iovlen;
    *message = shorter;
    return got;
}

} // extern "C"
