// `bench_fill`: prepares store files for scripts/bench outstanding, and times claims over them.
#include "claims.hpp"
#include "filling.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <exception>
#include <iostream>

namespace {

using namespace seedhook::bench;

std::uint32_t percentile(const std::vector<std::uint32_t>& sorted, double share) {
    return sorted.empty() ? 0 : sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

void print(claims_told told) {
    std::sort(told.claim_us.begin(), told.claim_us.end());
    std::sort(told.finish_us.begin(), told.finish_us.end());
    std::cout << "{\"claims\":" << told.claim_us.size() << ",\"jobs\":" << told.jobs
              << ",\"p50_us\":" << percentile(told.claim_us, 0.5) << ",\"p99_us\":" << percentile(told.claim_us, 0.99)
              << ",\"max_us\":" << percentile(told.claim_us, 1)
              << ",\"finish_p50_us\":" << percentile(told.finish_us, 0.5)
              << ",\"finish_p99_us\":" << percentile(told.finish_us, 0.99) << "}" << std::endl;
}

} // namespace

int main(int argc, char** argv) {
    std::string store;
    std::size_t first = 0;
    std::size_t count = 0;
    std::chrono::seconds begin{0};
    std::chrono::seconds end{0};
    std::chrono::milliseconds step{0};
    CLI::App app("Prepares store files as they are after long use, and times claims over them");
    app.require_subcommand(1);
    app.add_option("--store", store, "The file")->required();
    app.add_option("--count", count)->required();
    CLI::App* waiting = app.add_subcommand("waiting", "Tasks that were submitted and have not settled");
    waiting->add_option_function<long>("--due-from", [&](long s) { begin = std::chrono::seconds(s); })->required();
    waiting->add_option_function<long>("--due-until", [&](long s) { end = std::chrono::seconds(s); })->required();
    CLI::App* settled = app.add_subcommand("settled", "Tasks that settled long ago");
    settled->add_option_function<long>("--ago", [&](long s) { begin = std::chrono::seconds(s); })->required();
    settled->add_option("--first", first, "The number of the first");
    CLI::App* ids = app.add_subcommand("ids", "Remembered ids of tasks that were pruned");
    CLI::App* claims = app.add_subcommand("claims", "Claims and finishes polls, and prints what it took");
    claims->add_option_function<long>("--begin-in", [&](long s) { begin = std::chrono::seconds(s); })->required();
    claims->add_option_function<long>("--step-ms", [&](long s) { step = std::chrono::milliseconds(s); })->required();
    CLI11_PARSE(app, argc, argv);
    try {
        if (waiting->parsed()) {
            fill_waiting(store, count, begin, end);
        } else if (settled->parsed()) {
            fill_settled(store, first, count, begin);
        } else if (ids->parsed()) {
            fill_ids(store, count);
        } else if (claims->parsed()) {
            print(time_claims(store, count, step, begin));
        }
    } catch (const std::exception& failure) {
        std::cerr << "bench_fill: " << failure.what() << std::endl;
        return 1;
    }
}
