// Moving the environment.
#include "cli/environment.hpp"

#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <vector>

namespace seedhook::cli {

void hide_environment() {
    // Never given back: the C library looks into it until the end.
    static std::vector<char*>& moved = *new std::vector<char*>;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        if (char* copy = ::strdup(*entry)) {
            moved.push_back(copy);
            ::explicit_bzero(*entry, std::strlen(*entry));
        } else {
            std::abort(); // out of memory before anything has begun
        }
    }
    moved.push_back(nullptr);
    environ = moved.data();
}

} // namespace seedhook::cli
