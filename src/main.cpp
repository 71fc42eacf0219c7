// seedhook: the daemon and its commands.
#include "seedhook/cli/cli.hpp"

int main(int argc, char** argv) { return seedhook::cli::run(argc, argv); }
