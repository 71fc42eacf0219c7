// Last words of a command that is interrupted while it waits.
#pragma once

#include <csignal>
#include <string>

namespace seedhook::cli {

// While it lives, SIGINT and SIGTERM write `words` to standard error and end the process at once with exit_failed. One
// at a time; a signal that is ignored stays so.
class farewell {
public:
    explicit farewell(std::string words);
    ~farewell();
    farewell(const farewell&) = delete;
    farewell& operator=(const farewell&) = delete;

private:
    struct sigaction interrupt_before_ {};
    struct sigaction terminate_before_ {};
};

} // namespace seedhook::cli
