// `poll_sim`: the poll policy on virtual time beside fixed polling, judged. See docs/polling.md.
#include "best_schedule.hpp"
#include "virtual_time.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

namespace {

using namespace seedhook::sim;

constexpr std::size_t settling = 500; // tasks that a start, a shift or an outage may cost
constexpr double longer = after_shift.median_seconds / before_shift.median_seconds;

struct figures {
    double calls = 0;  // a task
    double median = 0; // seconds, of the lost ones where there are any, else of all
    double p99 = 0;
};

// The tasks from `first` to before `end`, of several runs together.
class sample {
public:
    void add(const std::vector<task>& tasks, const history& of, std::size_t first, std::size_t end) {
        for (std::size_t i = first; i < end; ++i) {
            calls_ += of.tasks[i].calls;
            (tasks[i].lost ? lost_ : others_).push_back(of.tasks[i].delay);
        }
    }

    figures measure() {
        const double tasks = static_cast<double>(lost_.size() + others_.size());
        std::vector<milliseconds>& delays = lost_.empty() ? others_ : lost_;
        std::sort(delays.begin(), delays.end());
        const auto at = [&delays](double share) {
            return static_cast<double>(
                       delays[static_cast<std::size_t>(share * static_cast<double>(delays.size() - 1))]) /
                   1000;
        };
        return {calls_ / tasks, at(0.5), at(0.99)};
    }

private:
    double calls_ = 0;
    std::vector<milliseconds> lost_;
    std::vector<milliseconds> others_;
};

struct limits {
    double calls;
    double median; // seconds; 0: not judged
};

struct phase {
    std::string name;
    std::size_t first;
    std::size_t end;
    bool judged = false;
    double slower = 1; // how much longer tasks take, and delays may
};

class report {
public:
    bool all_met() const { return missed_ == 0; }

    void head() const {
        std::printf("%-34s | %-22s | %-22s | %-22s | %s\n", "", "seedhook", "every 10 s, no budget",
                    "every 30 s, no budget", "");
        std::printf("%-34s |", "calls a task; delay: median, p99");
        for (int i = 0; i < 3; ++i) {
            std::printf(" %6s %7s %7s |", "calls", "med s", "p99 s");
        }
        std::printf(" to reach\n");
    }

    void row(const std::string& name, const std::vector<figures>& columns, const limits* wanted, double slower) {
        std::printf("%-34s |", name.c_str());
        for (const figures& f : columns) {
            std::printf(" %6.*f %7.1f %7.1f |", f.calls < 1 ? 3 : 2, f.calls, f.median, f.p99);
        }
        if (wanted != nullptr) {
            const double median = wanted->median * slower;
            const bool met = columns[0].calls <= wanted->calls && (median <= 0 || columns[0].median <= median);
            std::printf(" %g calls", wanted->calls);
            if (median > 0) {
                std::printf(", %.0f s", median);
            }
            judge(met);
        }
        std::printf("\n");
    }

    void judge(bool met) {
        std::printf(": %s", met ? "met" : "MISSED");
        missed_ += met ? 0 : 1;
    }

private:
    int missed_ = 0;
};

struct trial {
    scenario of;
    limits wanted;
};

std::vector<phase> phases_of(const scenario& of, const std::vector<task>& tasks) {
    const std::size_t half = of.tasks / 2;
    if (of.outage_at == 0) {
        return {{"the first 500", 0, settling},
                {"until the shift", settling, half, true},
                {"the 500 after it", half, half + settling},
                {"from then on", half + settling, of.tasks, true, longer}};
    }
    const milliseconds over = tasks[of.outage_at].submitted + outage_length;
    const auto first_after =
        std::find_if(tasks.begin(), tasks.end(), [over](const task& t) { return t.submitted >= over; });
    const auto end = static_cast<std::size_t>(first_after - tasks.begin());
    // From a little before: callbacks of tasks under way are lost too.
    return {{"before it", settling, of.outage_at - 200, true},
            {"tasks of the outage", of.outage_at - 200, end},
            {"the 500 after it", end, end + settling},
            {"from then on", end + settling, half, true}};
}

void show(report& out, const trial& t, std::uint64_t seed) {
    const std::vector<task> tasks = draw_tasks(t.of, seed);
    const history ours = run_policy(tasks, seed);
    const history every_10 = run_fixed(tasks, 10'000);
    const history every_30 = run_fixed(tasks, 30'000);
    std::printf("%s\n", t.of.name);
    for (const phase& p : phases_of(t.of, tasks)) {
        std::vector<figures> columns;
        for (const history* h : {&ours, &every_10, &every_30}) {
            sample s;
            s.add(tasks, *h, p.first, p.end);
            columns.push_back(s.measure());
        }
        out.row("  " + p.name, columns, p.judged ? &t.wanted : nullptr, p.slower);
    }
    const std::size_t most = most_calls_a_minute(ours);
    std::printf("  most calls in any 60 s: %zu of %u", most, calls_a_minute);
    out.judge(most <= calls_a_minute);
    std::printf("\n");
}

// How quickly a shift is followed, from many short runs, as one run has but 25 lost callbacks in 500 tasks.
void show_recovery(report& out, std::uint64_t seed) {
    constexpr std::size_t shift = 3000;
    constexpr std::uint64_t runs = 20;
    scenario shorter{"", 2 * shift, 0.05};
    std::vector<sample> after(5);
    for (std::uint64_t run = 0; run < runs; ++run) {
        const std::vector<task> tasks = draw_tasks(shorter, seed + run);
        const history ours = run_policy(tasks, seed + run);
        for (std::size_t i = 0; i < after.size(); ++i) {
            after[i].add(tasks, ours, shift + i * settling, shift + (i + 1) * settling);
        }
    }
    std::printf("5 %% lost, after a shift at task 3,000: 20 runs together\n");
    for (std::size_t i = 0; i < after.size(); ++i) {
        const std::string from = std::to_string(i * settling);
        out.row("  tasks " + from + " to " + std::to_string((i + 1) * settling), {after[i].measure()}, nullptr, 1);
    }
}

void show_bound(const char* name, double lost, const limits& within) {
    const double least = least_median_delay(before_shift, lost, within.calls);
    std::printf("%s: no schedule of %g calls a task has a median delay below %.1f s; below %.1f s after the shift\n",
                name, within.calls, least, least * longer);
}

} // namespace

int main(int argc, char** argv) {
    CLI::App app("The poll policy on virtual time, beside fixed polling");
    std::uint64_t seed = 1;
    std::size_t tasks = 100'000;
    app.add_option("--seed", seed, "Repeats a run")->capture_default_str();
    app.add_option("--tasks", tasks, "For how many tasks")
        ->capture_default_str()
        ->check(CLI::Range(20'000, 10'000'000));
    CLI11_PARSE(app, argc, argv);

    const std::vector<trial> trials{{{"no callback lost", tasks, 0}, {0.05, 0}},
                                    {{"5 % lost", tasks, 0.05}, {0.15, 120}},
                                    {{"all lost", tasks, 1}, {4, 20}},
                                    {{"all lost for an hour, else none", tasks, 0, tasks / 4}, {0.05, 0}}};
    report out;
    out.head();
    for (const trial& t : trials) {
        show(out, t, seed);
    }
    show_recovery(out, seed);
    std::printf("\nDelays grow with settle times, and so do their limits after the shift: by 240 / 90.\n");
    show_bound(trials[1].of.name, 0.05, trials[1].wanted);
    show_bound(trials[2].of.name, 1, trials[2].wanted);
    std::printf("sim poll: %s\n", out.all_met() ? "all limits met" : "limits MISSED");
    return out.all_met() ? 0 : 1;
}
