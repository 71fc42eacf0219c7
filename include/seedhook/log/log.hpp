// Log lines with fields, to standard error: text on a terminal, JSON lines otherwise. Writing never waits for the
// reader of standard error: when it falls a mebibyte behind, further lines are dropped and the loss is said.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <variant>

namespace seedhook::log {

enum class level { debug, info, warning, error };
enum class format { automatic, text, json };

struct field {
    std::string_view key;
    std::variant<std::string_view, std::int64_t, double, bool> value;
};

// Starts logging, or changes level and format of it. Before the first call lines go out as text at `info`.
void configure(level least, format form);

// True when a line of that level would be written: to spare building costly fields.
bool enabled(level l) noexcept;

// One line. `message` is a stable phrase (`callback settled`); what varies goes into fields. Any thread. Control
// characters in values are escaped.
void write(level l, std::string_view message, std::initializer_list<field> fields = {}) noexcept;

inline void debug(std::string_view message, std::initializer_list<field> fields = {}) noexcept {
    write(level::debug, message, fields);
}
inline void info(std::string_view message, std::initializer_list<field> fields = {}) noexcept {
    write(level::info, message, fields);
}
inline void warning(std::string_view message, std::initializer_list<field> fields = {}) noexcept {
    write(level::warning, message, fields);
}
inline void error(std::string_view message, std::initializer_list<field> fields = {}) noexcept {
    write(level::error, message, fields);
}

// Writes out what is queued and stops the logging thread. Blocks, but not for long where nobody reads standard error.
// Lines written afterwards go out at once. Harmless when repeated; exit(3) does it too, _exit(2) does not.
void flush_and_stop() noexcept;

} // namespace seedhook::log
