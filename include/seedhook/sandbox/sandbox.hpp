// seedance-sandbox: a stand-in for the Seedance Open API, for development and tests (SPEC §8).
#pragma once

namespace seedhook::sandbox {

// Serves as the command line says until SIGTERM or SIGINT. Once it listens it prints one line of JSON to standard
// output: {"baseUrl":"https://127.0.0.1:40123","port":40123,"pid":4711}. Returns the exit code: 0 done, 1 failed,
// 2 usage.
int run(int argc, char** argv);

} // namespace seedhook::sandbox
