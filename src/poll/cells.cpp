// Cells of time.
#include "poll/cells.hpp"

#include <algorithm>
#include <cmath>

namespace seedhook::poll {
namespace {

constexpr double prior_median_seconds = 120;
constexpr double prior_slope = 1.2;

std::array<double, cell_count + 1> make_edges() noexcept {
    std::array<double, cell_count + 1> edges{};
    for (std::size_t i = 1; i <= cell_count; ++i) {
        edges[i] = std::pow(growth, static_cast<double>(i - 1));
    }
    return edges;
}

const std::array<double, cell_count + 1>& edges() noexcept {
    static const auto all = make_edges();
    return all;
}

cells make_prior() noexcept {
    const auto finished = [](double seconds) {
        return 1 - 1 / (1 + std::pow(seconds / prior_median_seconds, prior_slope));
    };
    cells all{};
    for (std::size_t i = 0; i < cell_count; ++i) {
        all[i] = finished(edge(i + 1)) - finished(edge(i));
    }
    all.back() += 1 - finished(edge(cell_count));
    return all;
}

double share_between(double begin, double end, double at) noexcept {
    return std::clamp((at - begin) / (end - begin), 0.0, 1.0);
}

} // namespace

double edge(std::size_t cell) noexcept { return edges()[cell]; }

std::size_t cell_at(double seconds) noexcept {
    const auto past = std::upper_bound(edges().begin() + 1, edges().end() - 1, seconds);
    return static_cast<std::size_t>(past - edges().begin()) - 1;
}

cells overlap(double after, double upto) noexcept {
    cells all{};
    const std::size_t last = cell_at(upto);
    for (std::size_t i = cell_at(after); i <= last; ++i) {
        all[i] = share_between(edge(i), edge(i + 1), upto) - share_between(edge(i), edge(i + 1), after);
    }
    return all;
}

const cells& broad_prior() noexcept {
    static const cells all = make_prior();
    return all;
}

unfinished_curve::unfinished_curve(const cells& finishing) noexcept {
    // From the end, so that the small shares of the tail are exact.
    for (std::size_t i = cell_count; i > 0; --i) {
        at_edge_[i - 1] = at_edge_[i] + finishing[i - 1];
    }
}

double unfinished_curve::at(double seconds) const noexcept {
    const std::size_t i = cell_at(seconds);
    return at_edge_[i] + (at_edge_[i + 1] - at_edge_[i]) * share_between(edge(i), edge(i + 1), seconds);
}

double unfinished_curve::falls_to(double share) const noexcept {
    const auto reached = std::partition_point(at_edge_.begin() + 1, at_edge_.end() - 1,
                                              [share](double unfinished) { return unfinished > share; });
    const auto i = static_cast<std::size_t>(reached - at_edge_.begin()) - 1;
    const double within = at_edge_[i] - at_edge_[i + 1];
    const double wanted = std::clamp(at_edge_[i] - share, 0.0, within);
    return edge(i) + (within > 0 ? wanted / within : 1) * (edge(i + 1) - edge(i));
}

} // namespace seedhook::poll
