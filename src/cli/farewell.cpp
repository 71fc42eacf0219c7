// See farewell.hpp. The handler does nothing that is not async-signal-safe (signal-safety(7)).
#include "cli/farewell.hpp"

#include "cli/command.hpp"

#include <unistd.h>

#include <utility>

namespace seedhook::cli {
namespace {

std::string last_words; // not touched while a handler may run

extern "C" void say_and_go(int) {
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, last_words.data(), last_words.size());
    ::_exit(exit_failed);
}

void handle(int signal, struct sigaction& before) {
    struct sigaction wanted {};
    wanted.sa_handler = say_and_go;
    ::sigaction(signal, nullptr, &before);
    if (before.sa_handler != SIG_IGN) {
        ::sigaction(signal, &wanted, nullptr);
    }
}

} // namespace

farewell::farewell(std::string words) {
    last_words = std::move(words);
    handle(SIGINT, interrupt_before_);
    handle(SIGTERM, terminate_before_);
}

farewell::~farewell() {
    ::sigaction(SIGINT, &interrupt_before_, nullptr);
    ::sigaction(SIGTERM, &terminate_before_, nullptr);
}

} // namespace seedhook::cli
