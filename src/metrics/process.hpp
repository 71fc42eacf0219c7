// What the system says of this process: the figures that Prometheus's users expect under `process_…`.
#pragma once

namespace seedhook {

// Doubles, as the metrics are. 0 where the system does not say.
struct process_facts {
    double cpu_seconds = 0; // user and system
    double resident_bytes = 0;
    double virtual_bytes = 0;
    double open_fds = 0;
    double max_fds = 0;
    double threads = 0;
    double start_time = 0; // seconds since 1970
};

// Reads /proc (proc(5)). Any thread.
process_facts read_process();

} // namespace seedhook
