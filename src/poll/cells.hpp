// Time since submission cut into cells, each a twentieth longer than the one before: up to a second, then to a week.
#pragma once

#include <array>
#include <cstddef>

namespace seedhook::poll {

inline constexpr double growth = 1.05;
inline constexpr double longest_seconds = 7 * 86400.0;
inline constexpr std::size_t cell_count = 274; // the last one ends past `longest_seconds`

using cells = std::array<double, cell_count>; // a figure for each

// Where a cell begins, in seconds; `cell_count` for the end of the last.
double edge(std::size_t cell) noexcept;
// The cell that holds a time. Those before the first and past the last belong to these.
std::size_t cell_at(double seconds) noexcept;

// How much of each cell lies between two times, from 0 to 1.
cells overlap(double after, double upto) noexcept;

// What is taken to be known when nothing is: half of all tasks are finished in two minutes, and a few take hours
// (log-logistic). Adds up to 1.
const cells& broad_prior() noexcept;

// The share of tasks not finished by a time, from the shares that finish in each cell.
class unfinished_curve {
public:
    explicit unfinished_curve(const cells& finishing) noexcept;

    double at(double seconds) const noexcept;
    // The time at which no more than `share` are unfinished.
    double falls_to(double share) const noexcept;

private:
    std::array<double, cell_count + 1> at_edge_{};
};

} // namespace seedhook::poll
