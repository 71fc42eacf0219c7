// Preloaded into a program under test: fsync, fdatasync and accept4 hang for as long as a file of their name lies in
// the folder HANGING_CALLS (sync stands for the first two). accept4 hangs for internet sockets alone.
#include <dlfcn.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace {

void hang_while_there_is(const char* name) {
    static const char* const folder = std::getenv("HANGING_CALLS");
    if (folder == nullptr) {
        return;
    }
    const std::string file = std::string(folder) + "/" + name;
    while (::access(file.c_str(), F_OK) == 0) {
        ::usleep(10000);
    }
}

bool is_unix(int socket) {
    int domain = 0;
    socklen_t size = sizeof domain;
    return ::getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

template <class Function>
Function next(const char* name) {
    return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

} // namespace

extern "C" int fsync(int descriptor) {
    static const auto real = next<int (*)(int)>("fsync");
    hang_while_there_is("sync");
    return real(descriptor);
}

extern "C" int fdatasync(int descriptor) {
    static const auto real = next<int (*)(int)>("fdatasync");
    hang_while_there_is("sync");
    return real(descriptor);
}

extern "C" int accept4(int socket, sockaddr* peer, socklen_t* size, int flags) {
    static const auto real = next<int (*)(int, sockaddr*, socklen_t*, int)>("accept4");
    if (!is_unix(socket)) {
        hang_while_there_is("accept4");
    }
    return real(socket, peer, size, flags);
}
