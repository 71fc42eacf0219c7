"""Durable acknowledgements per second, beside nginx answering a static 200 to the same POST and beside Debian's `webhook`
checking the same HMAC. The server has one core, the client the other. Every requestId is new.

Rounds alternate between the three, so that what else the machine does meets all of them; figures are medians of the
rounds, and ratios are taken round by round before their median is.
"""
import argparse
import itertools
import os
import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import peers  # noqa: E402
import table  # noqa: E402
from loading import LOAD, SERVER_CORE, load  # noqa: E402
from peers import harness  # noqa: E402

KINDS = {"seedhook": peers.Seedhook, "nginx": peers.Nginx, "webhook": peers.Webhook}
prefixes = (f"b{os.getpid()}-{n}-" for n in itertools.count())


def fdatasync_microseconds(folder, count=300):
    """The median of one fdatasync after 4 KiB were overwritten in place: the least that a durable answer can wait for."""
    path = folder / "fdatasync"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        os.pwrite(descriptor, bytes(4096 * count), 0)
        os.fsync(descriptor)
        times = []
        for i in range(count):
            os.pwrite(descriptor, b"x" * 4096, 4096 * i)
            began = time.perf_counter()
            os.fdatasync(descriptor)
            times.append(time.perf_counter() - began)
        return statistics.median(times) * 1e6
    finally:
        os.close(descriptor)
        path.unlink()


def measure(name, folder, authority, arguments):
    """One round of one peer: under load, and one connection alone."""
    with KINDS[name](folder, authority, SERVER_CORE) as peer:
        figures = {"idle_rss": peer.rss_kib() / 1024}
        if name != "nginx":
            peers.check_signatures(peer, authority)
        figures.update(load(peer, authority, "--prefix", next(prefixes), "--connections", 64, "--seconds",
                            arguments.seconds, "--warmup", 1))
        figures["rss"] = peer.rss_kib("VmHWM") / 1024
        alone = load(peer, authority, "--prefix", next(prefixes), "--connections", 1, "--seconds",
                     arguments.seconds / 2, "--warmup", 0.5)
        figures["alone_p50"], figures["alone_p99"] = alone["p50_us"], alone["p99_us"]
        return figures


def idle_connection_kib(folder, authority, count=1000):
    """What 1,000 idle TLS connections add to the daemon's memory, for each."""
    with peers.Seedhook(folder, authority, SERVER_CORE) as peer:
        before = peer.rss_kib()
        holder = subprocess.Popen([LOAD, "--port", str(peer.port), "--ca-file", authority.ca, "--connections", str(count),
                                   "--idle"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert holder.stdout.readline(), "the idle connections were not taken"
        after = peer.rss_kib()
        holder.communicate()
        return (after - before) / count


class Rounds:
    """What was measured, by peer, a figure a round."""

    def __init__(self):
        self.of = {name: [] for name in KINDS}
        self.fdatasync = []

    def run(self, number, folder, authority, arguments):
        order = list(KINDS)
        for name in order[number % 3:] + order[:number % 3]:
            self.of[name].append(measure(name, folder, authority, arguments))
        self.fdatasync.append(fdatasync_microseconds(folder))
        print(f"round {number + 1}: " + ", ".join(f"{name} {rounds[-1]['per_second']:.0f}/s"
                                                  for name, rounds in self.of.items()), file=sys.stderr)

    def median(self, name, figure):
        return statistics.median(r[figure] for r in self.of[name])

    def ratio(self, figure, over):
        return statistics.median(a[figure] / b[figure] for a, b in zip(self.of["seedhook"], self.of[over]))

    def alone_ratio(self):
        """One connection alone: our median answer over one fdatasync and nginx's median answer."""
        return statistics.median(ours["alone_p50"] / (sync + theirs["alone_p50"]) for ours, theirs, sync
                                 in zip(self.of["seedhook"], self.of["nginx"], self.fdatasync))

    def show(self):
        head = ["64 connections", "a second", "p50 ms", "p99 ms", "server µs each", "client busy", "peak RSS MiB",
                "alone p50 µs", "p99 µs"]
        table.show(head, [[name, f"{self.median(name, 'per_second'):.0f}", f"{self.median(name, 'p50_us') / 1000:.2f}",
                           f"{self.median(name, 'p99_us') / 1000:.2f}", f"{self.median(name, 'server_us'):.1f}",
                           f"{self.median(name, 'client_busy'):.0%}", f"{self.median(name, 'rss'):.1f}",
                           f"{self.median(name, 'alone_p50'):.0f}", f"{self.median(name, 'alone_p99'):.0f}"]
                          for name in KINDS])
        print(f"one fdatasync: {statistics.median(self.fdatasync):.0f} µs")


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench receive", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5, help="of load in each round")
    parser.add_argument("--no-targets", action="store_true", help="print the figures, judge nothing")
    arguments = parser.parse_args()
    rounds = Rounds()
    with harness.workplace() as folder:
        authority = harness.Authority(folder)
        for number in range(arguments.rounds):
            rounds.run(number, folder, authority, arguments)
        idle_kib = idle_connection_kib(folder, authority)
    rounds.show()
    table.finish("bench receive", [
        table.at_least("of nginx's answers a second", rounds.ratio("per_second", "nginx"), 0.35),
        table.at_least("of webhook's answers a second", rounds.ratio("per_second", "webhook"), 1.5),
        table.at_most("p99 under load, ms", rounds.median("seedhook", "p99_us") / 1000, 10),
        table.at_most("one alone, p50 over (fdatasync + nginx's)", rounds.alone_ratio(), 1.3),
        table.at_most("peak RSS under load, MiB", rounds.median("seedhook", "rss"), 40),
        table.at_most("RSS idle, MiB", rounds.median("seedhook", "idle_rss"), 15),
        table.at_most("an idle TLS connection, KiB", idle_kib, 40),
    ], judge=not arguments.no_targets)


if __name__ == "__main__":
    main()
