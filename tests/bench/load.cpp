// `bench_load`: sends signed callbacks over TLS 1.3 and prints what came of them as one JSON line. With --idle it only
// holds its connections open, prints a line once all are, and waits for its standard input to end.
#include "client.hpp"

#include <CLI/CLI.hpp>
#include <sys/resource.h>

#include <algorithm>
#include <exception>
#include <iostream>
#include <numeric>

namespace {

using namespace seedhook::bench;

struct options {
    client_settings to;
    callback_settings callbacks;
    double seconds = 5;
    double warmup = 1;
    std::size_t requests = 300'000; // the most that are sent
    bool idle = false;
};

double cpu_seconds() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

std::uint32_t percentile(const std::vector<std::uint32_t>& sorted, double share) {
    return sorted.empty() ? 0 : sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

void print(tally counted, double seconds, double cpu) {
    auto& times = counted.microseconds;
    std::sort(times.begin(), times.end());
    std::cout << "{\"answers\":" << times.size() << ",\"wrong\":" << counted.wrong << ",\"seconds\":" << seconds
              << ",\"per_second\":" << static_cast<double>(times.size()) / seconds << ",\"p50_us\":" << percentile(times, 0.5)
              << ",\"p99_us\":" << percentile(times, 0.99) << ",\"max_us\":" << percentile(times, 1)
              << ",\"client_busy\":" << cpu / seconds << "}" << std::endl;
    if (counted.wrong > 0) {
        std::cerr << "the first wrong answer: " << counted.first_wrong << std::endl;
    }
}

void hold(client& of) {
    of.connect();
    std::cout << "{\"connected\":true}" << std::endl;
    std::cin.ignore(std::numeric_limits<std::streamsize>::max());
}

void load(client& of, const options& how) {
    const callback_pool pool(how.callbacks, 0, how.requests);
    std::size_t next = 0;
    of.connect();
    of.run(pool, next, std::chrono::duration<double>(how.warmup));
    std::cerr << "warm" << std::endl;
    const auto began = bench_clock::now();
    const double cpu = cpu_seconds();
    tally counted = of.run(pool, next, std::chrono::duration<double>(how.seconds));
    const std::chrono::duration<double> took = bench_clock::now() - began;
    print(std::move(counted), took.count(), cpu_seconds() - cpu);
}

} // namespace

int main(int argc, char** argv) {
    options how;
    CLI::App app("Sends signed callbacks over TLS 1.3, keep-alive, in a closed loop");
    app.add_option("--address", how.to.address, "Numeric IPv4 address")->default_val("127.0.0.1");
    app.add_option("--port", how.to.port)->required();
    app.add_option("--ca-file", how.to.ca_file)->required();
    app.add_option("--connections", how.to.connections)->capture_default_str();
    app.add_option("--expect", how.to.expected, "What the body of a right answer holds");
    app.add_option("--target", how.callbacks.target)->default_val("/hooks/seedance");
    app.add_option("--secret", how.callbacks.secret)->default_val("whsec_test");
    app.add_option("--prefix", how.callbacks.prefix, "Begins every requestId")->default_val("bench-");
    app.add_option("--video-url", how.callbacks.video_url)->default_val("https://127.0.0.1:1/videos/");
    app.add_option("--seconds", how.seconds)->capture_default_str();
    app.add_option("--warmup", how.warmup)->capture_default_str();
    app.add_option("--requests", how.requests, "The most that are sent")->capture_default_str();
    app.add_flag("--idle", how.idle, "Hold the connections open, send nothing");
    CLI11_PARSE(app, argc, argv);
    how.callbacks.host = "localhost:" + std::to_string(how.to.port);
    try {
        client sender(how.to);
        how.idle ? hold(sender) : load(sender, how);
    } catch (const std::exception& failure) {
        std::cerr << "bench_load: " << failure.what() << std::endl;
        return 1;
    }
}
