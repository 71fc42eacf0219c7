// The command line: `seedhook COMMAND …` (SPEC §8).
#pragma once

namespace seedhook::cli {

// Runs one command and returns the exit code: 0 done, 1 failed, 2 usage, 69 no daemon to talk to, 78 configuration.
int run(int argc, char** argv);

} // namespace seedhook::cli
