// Makes a test program its own hooks' runner, as `seedhook` is: to be included by one of its files. Before main(),
// since that is Boost.Test's.
#pragma once

#include "seedhook/sinks/exec.hpp"

#include <unistd.h>

namespace seedhook::test {

__attribute__((constructor)) inline void run_hook_if_asked(int argc, char** argv, char**) {
    if (is_hook_runner(argc, argv)) {
        ::_exit(run_hook());
    }
}

} // namespace seedhook::test
