// Store files as they are after long use, made through the engine's own code where that is fast enough.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace seedhook::bench {

// Every requestId is `request_prefix` and a number scattered (callbacks.hpp), from 0 on unless said otherwise.
inline constexpr const char* request_prefix = "req_";
inline constexpr const char* source_name = "main";

// All throw std::runtime_error for what a benchmark cannot go on after.

// `count` tasks that were submitted and have not settled: the first poll of each is due in `due_from` to `due_until`.
void fill_waiting(const std::string& path, std::size_t count, std::chrono::seconds due_from,
                  std::chrono::seconds due_until);

// `count` tasks, numbered from `first` on, that failed `ago`, with nothing left to be done: what pruning takes away.
void fill_settled(const std::string& path, std::size_t first, std::size_t count, std::chrono::seconds ago);

// The remembered ids of `count` tasks. The first thousand are settled and pruned by the store. The others go straight
// into its table, in one transaction: pruning ten million tasks would take an hour. Their names are hashes, so they
// come in the same random order, and the tree has the same shape; that the store knows them is looked at afterwards.
void fill_ids(const std::string& path, std::size_t count);

} // namespace seedhook::bench
