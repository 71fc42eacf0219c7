// seedhook: the daemon and its commands.
#include "seedhook/cli/cli.hpp"
#include "seedhook/sinks/exec.hpp"

int main(int argc, char** argv) {
    if (seedhook::is_hook_runner(argc, argv)) {
        return seedhook::run_hook();
    }
    return seedhook::cli::run(argc, argv);
}
