"""What a process holds, looked at again and again, and whether it grows: the median of the second quarter of the looks
beside that of the last quarter. What comes before is warming up."""
import dataclasses
import os
import pathlib
import statistics

MIB = 1 << 20
ID_BYTES = 36  # of a remembered id in a file that grows; ids go by the day, so they gather in a soak


@dataclasses.dataclass
class Figure:
    """`allowed`: how much more the last quarter may have than the second, as a share and in all."""
    name: str
    unit: int
    share: float
    beside: float
    looks: list = dataclasses.field(default_factory=list)

    def quarter(self, number):
        size = len(self.looks) / 4
        return self.looks[int(size * number):max(int(size * (number + 1)), int(size * number) + 1)]

    @property
    def early(self):
        return statistics.median(self.quarter(1))

    @property
    def late(self):
        return statistics.median(self.quarter(3))

    @property
    def limit(self):
        return self.early * (1 + self.share) + self.beside

    @property
    def grows(self):
        return self.late > self.limit

    def row(self, seconds):
        """Start, peak, end, both medians, the limit, and the slope between the medians in an hour."""
        slope = (self.late - self.early) / (seconds / 2) * 3600 if seconds else 0
        values = [self.looks[0], max(self.looks), self.looks[-1], self.early, self.late, self.limit, slope]
        digits = 1 if self.unit > 1 else 0
        return [self.name, *(f"{v / self.unit:,.{digits}f}" for v in values), "GROWS" if self.grows else "flat"]


HEAD = ["", "start", "peak", "end", "2nd quarter", "last quarter", "limit", "slope/hour", ""]


def figures():
    """Descriptors and memory go up and down with what is in hand; the store, without remembered ids, is as large as what
    retention keeps."""
    return {figure.name: figure for figure in (
        Figure("descriptors", 1, 0.10, 8), Figure("threads", 1, 0, 0), Figure("RSS MiB", MIB, 0.05, 2 * MIB),
        Figure("WAL MiB", MIB, 0.10, 4 * MIB), Figure("store MiB", MIB, 0.10, 4 * MIB),
        Figure("spool MiB", MIB, 0.10, 2 * MIB), Figure("jobs", 1, 0.50, 200))}


def size(path):
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


def look(daemon, metrics):
    pid = daemon.process.pid
    status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
    store = daemon.settings["store"]["path"]
    ids = ID_BYTES * metrics.total("seedhook_settled_total")
    return {"descriptors": len(os.listdir(f"/proc/{pid}/fd")), "threads": int(status["Threads"]),
            "RSS MiB": int(status["VmRSS"].split()[0]) * 1024, "WAL MiB": size(store + "-wal"), "store MiB": max(0, size(store) - ids),
            "spool MiB": metrics.value("seedhook_spool_bytes"), "jobs": metrics.total("seedhook_jobs")}
