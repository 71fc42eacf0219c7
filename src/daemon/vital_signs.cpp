// Asking the vital parts, and judging by their answers.
#include "daemon/vital_signs.hpp"

#include <algorithm>
#include <utility>

namespace seedhook {
namespace {

constexpr int looks_in_a_limit = 4;
constexpr int limits_for_a_disk = 6;
constexpr duration shortest_pause(10);
constexpr duration longest_pause(10000);

} // namespace

watch_plan plan_watch(std::chrono::microseconds limit) {
    const auto whole = std::chrono::duration_cast<duration>(limit);
    watch_plan plan;
    plan.between_looks = std::clamp(whole / looks_in_a_limit, shortest_pause, longest_pause);
    plan.patience = whole / 2;
    plan.patience_with_disk = whole * limits_for_a_disk;
    return plan;
}

vital_signs::vital_signs(std::vector<vital_part> parts, watch_plan plan) {
    for (vital_part& p : parts) {
        const duration patience = p.waits_for_disk ? plan.patience_with_disk : plan.patience;
        all_.push_back({std::move(p), patience, std::make_shared<std::atomic<bool>>(false), {}});
    }
}

std::vector<std::string_view> vital_signs::look(time now) {
    std::vector<std::string_view> silent;
    for (watched& w : all_) {
        if (!w.owes->load(std::memory_order_acquire)) {
            w.asked = now;
            w.owes->store(true, std::memory_order_relaxed);
            w.part.ask([owes = w.owes] { owes->store(false, std::memory_order_release); });
        } else if (now - w.asked > w.patience) {
            silent.push_back(w.part.name);
        }
    }
    return silent;
}

} // namespace seedhook
