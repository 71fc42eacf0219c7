// `seedhook version`: ours, and what we run on. SEEDHOOK_VERSION comes from the project's version.
#include "cli/command.hpp"

#include <CLI/CLI.hpp>
#include <boost/version.hpp>
#include <openssl/crypto.h>
#include <sqlite3.h>

#include <iostream>

namespace seedhook::cli {
namespace {

int print_version() {
    std::cout << "seedhook " << version() << '\n'
              << "Boost " << BOOST_VERSION / 100000 << '.' << BOOST_VERSION / 100 % 1000 << '.' << BOOST_VERSION % 100
              << '\n'
              << OpenSSL_version(OPENSSL_VERSION) << '\n'
              << "SQLite " << sqlite3_libversion() << '\n';
    return exit_done;
}

} // namespace

std::string_view version() noexcept { return SEEDHOOK_VERSION; }

command add_version(CLI::App& to) {
    return {to.add_subcommand("version", "Print the version, and those of the libraries"), print_version};
}

} // namespace seedhook::cli
