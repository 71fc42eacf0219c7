// One log line as text or JSON: pure functions from what is to be said to the bytes of the line.
#pragma once

#include "seedhook/log/log.hpp"

#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

namespace seedhook::log {

using line_time = std::chrono::sys_time<std::chrono::milliseconds>;

// `2026-11-22T10:00:00.123Z INFO callback settled source=main`, without a newline. A value that is empty or holds
// anything but plain characters stands in quotes. Nothing that a terminal would obey or that would end the line comes
// out unescaped: control characters, bidirectional overrides, line separators and invalid UTF-8 are written as escapes.
// Texts longer than 4 KiB are cut.
std::string text_line(line_time at, level l, std::string_view message, std::initializer_list<field> fields);

// What stands in a text line behind its level: `callback settled source=main`, with the first `count` of the fields.
std::string line_text(std::string_view message, std::initializer_list<field> fields, std::size_t count);

// `{"time":"…","level":"info","message":"…","source":"main"}`, without a newline: always valid JSON in valid UTF-8, the
// same characters escaped, each byte of invalid UTF-8 as U+FFFD. A number that JSON does not have is null.
std::string json_line(line_time at, level l, std::string_view message, std::initializer_list<field> fields);

} // namespace seedhook::log
