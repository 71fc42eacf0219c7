// `bench_load`: sends signed callbacks over TLS 1.3 and prints what came of them as one JSON line. With --idle it only
// holds its connections open, prints a line once all are, and waits for its standard input to end.
#include "client.hpp"

#include <CLI/CLI.hpp>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <limits>
#include <sstream>

namespace {

using namespace seedhook::bench;

struct options {
    client_settings to;
    callback_settings callbacks;
    double seconds = 5;
    double warmup = 1;
    std::size_t first = 0;          // the number of the first id
    std::size_t requests = 300'000; // the most that are sent
    bool idle = false;
    std::vector<int> watched; // processes whose processor time is reported
};

double cpu_seconds() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

// Of other processes, user and system time together (proc_pid_stat(5)).
double cpu_seconds_of(const std::vector<int>& processes) {
    double ticks = 0;
    for (const int process : processes) {
        std::ifstream file("/proc/" + std::to_string(process) + "/stat");
        const std::string text(std::istreambuf_iterator<char>(file), {});
        std::istringstream fields(text.substr(std::min(text.size(), text.rfind(')') + 1)));
        std::string skipped;
        for (int field = 3; field < 14; ++field) {
            fields >> skipped;
        }
        double user = 0;
        double system = 0;
        fields >> user >> system;
        ticks += user + system;
    }
    return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::uint32_t percentile(const std::vector<std::uint32_t>& sorted, double share) {
    return sorted.empty() ? 0 : sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

void print(tally counted, double seconds, double client_cpu, double server_cpu) {
    auto& times = counted.microseconds;
    std::sort(times.begin(), times.end());
    std::cout << "{\"answers\":" << times.size() << ",\"wrong\":" << counted.wrong << ",\"seconds\":" << seconds
              << ",\"per_second\":" << static_cast<double>(times.size()) / seconds << ",\"p50_us\":" << percentile(times, 0.5)
              << ",\"p99_us\":" << percentile(times, 0.99) << ",\"max_us\":" << percentile(times, 1)
              << ",\"client_busy\":" << client_cpu / seconds
              << ",\"server_us\":" << server_cpu * 1e6 / static_cast<double>(std::max<std::size_t>(times.size(), 1))
              << "}" << std::endl;
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
    const callback_pool pool(how.callbacks, how.first, how.requests);
    std::size_t next = 0;
    of.connect();
    of.run(pool, next, std::chrono::duration<double>(how.warmup));
    const auto began = bench_clock::now();
    const double client_before = cpu_seconds();
    const double server_before = cpu_seconds_of(how.watched);
    tally counted = of.run(pool, next, std::chrono::duration<double>(how.seconds));
    const std::chrono::duration<double> took = bench_clock::now() - began;
    print(std::move(counted), took.count(), cpu_seconds() - client_before, cpu_seconds_of(how.watched) - server_before);
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
    app.add_option("--first", how.first, "The number of the first id")->capture_default_str();
    app.add_flag("--scattered", how.callbacks.scattered, "Ids in no order, as upstream's may be");
    app.add_option("--video-url", how.callbacks.video_url)->default_val("https://127.0.0.1:1/videos/");
    app.add_option("--seconds", how.seconds)->capture_default_str();
    app.add_option("--warmup", how.warmup)->capture_default_str();
    app.add_option("--requests", how.requests, "The most that are sent")->capture_default_str();
    app.add_option("--watch", how.watched, "Processes whose processor time for an answer is reported");
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
