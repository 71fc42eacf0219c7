// Moving the environment.
#include "cli/environment.hpp"

#include <unistd.h>

#include <cstring>
#include <string>
#include <vector>

namespace seedhook::cli {

void hide_environment() {
    // Never given back: the C library looks into both until the end. The texts are held apart, as unsetenv drops a
    // pointer.
    static std::vector<std::string>& texts = *new std::vector<std::string>;
    static std::vector<char*>& moved = *new std::vector<char*>;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        texts.emplace_back(*entry);
        ::explicit_bzero(*entry, std::strlen(*entry));
    }
    for (std::string& text : texts) {
        moved.push_back(text.data());
    }
    moved.push_back(nullptr);
    environ = moved.data();
}

} // namespace seedhook::cli
