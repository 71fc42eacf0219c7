// Tables for people, in fixed-width text.
#pragma once

#include <string>
#include <vector>

namespace seedhook::cli {

// Columns as wide as their widest cell, two spaces between them, nothing behind the last one. Every cell is made
// printable: what others wrote cannot drive the terminal or begin a line of its own.
class text_table {
public:
    explicit text_table(std::vector<std::string> heads); // none: no line of heads
    void add_row(std::vector<std::string> cells);        // missing cells are empty
    std::string to_string() const;                       // each row ends with a newline

private:
    std::vector<std::vector<std::string>> rows_;
};

} // namespace seedhook::cli
