"""Durable acknowledgements per second, beside nginx answering a static 200 to the same POST and beside Debian's `webhook`
checking the same HMAC. The server has one core, the client the other. Every requestId is new.

Rounds alternate between the three, so that what else the machine does meets all of them; figures are medians of the
rounds, and ratios are taken round by round before their median is.
"""
import argparse
import contextlib
import itertools
import json
import os
import pathlib
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import peers  # noqa: E402
import table  # noqa: E402
from peers import harness  # noqa: E402

LOAD = os.environ.get("BENCH_LOAD", "bench_load")
SERVER_CORE, CLIENT_CORE = 0, 1
KINDS = {"seedhook": peers.Seedhook, "nginx": peers.Nginx, "webhook": peers.Webhook}
prefixes = (f"b{os.getpid()}-{n}-" for n in itertools.count())


def load(peer, authority, *more):
    command = ["taskset", "-c", str(CLIENT_CORE), LOAD, "--port", peer.port, "--ca-file", authority.ca, "--expect",
               peer.expected, "--prefix", next(prefixes), *more]
    if hasattr(peer, "video_url"):
        command += ["--video-url", peer.video_url]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{peer.name}: {done.stderr}")
    result = json.loads(done.stdout)
    if result["wrong"]:
        raise SystemExit(f"{peer.name}: {result['wrong']} wrong answers\n{done.stderr}")
    return result


def fdatasync_microseconds(folder, count=300):
    """The median of one fdatasync after 4 KiB were overwritten in place: the least that a durable answer can wait for."""
    import time
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
    with contextlib.closing(Closing(KINDS[name](folder, authority, SERVER_CORE))) as closing:
        peer = closing.peer
        figures = {"idle_rss": peer.rss_kib() / 1024}
        if name != "nginx":
            peers.check_signatures(peer, authority)
        cpu = peer.cpu_seconds()
        loaded = load(peer, authority, "--connections", 64, "--seconds", arguments.seconds, "--warmup", 1)
        figures.update(loaded, rss=peer.rss_kib("VmHWM") / 1024)
        figures["server_busy"] = (peer.cpu_seconds() - cpu) / (arguments.seconds + 1)
        alone = load(peer, authority, "--connections", 1, "--seconds", arguments.seconds / 2, "--warmup", 0.5)
        figures["alone_p50"], figures["alone_p99"] = alone["p50_us"], alone["p99_us"]
        return figures


class Closing:
    def __init__(self, peer):
        self.peer = peer

    def close(self):
        self.peer.stop()


def idle_connection_kib(folder, authority, count=1000):
    """What 1,000 idle TLS connections add to the daemon's memory, for each."""
    with contextlib.closing(Closing(peers.Seedhook(folder, authority, SERVER_CORE))) as closing:
        peer = closing.peer
        before = peer.rss_kib()
        holder = subprocess.Popen([LOAD, "--port", str(peer.port), "--ca-file", authority.ca, "--connections", str(count),
                                   "--idle"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert holder.stdout.readline(), "the idle connections were not taken"
        after = peer.rss_kib()
        holder.communicate()
        return (after - before) / count


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench receive", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5, help="of load in each round")
    parser.add_argument("--no-targets", action="store_true", help="print the figures, judge nothing")
    arguments = parser.parse_args()
    rounds = {name: [] for name in KINDS}
    fdatasync = []
    with harness.workplace() as folder:
        authority = harness.Authority(folder)
        for number in range(arguments.rounds):
            order = list(KINDS)
            for name in order[number % 3:] + order[:number % 3]:
                rounds[name].append(measure(name, folder, authority, arguments))
            fdatasync.append(fdatasync_microseconds(folder))
            print(f"round {number + 1}: " + ", ".join(f"{n} {r[-1]['per_second']:.0f}/s" for n, r in rounds.items()),
                  file=sys.stderr)
        idle_kib = idle_connection_kib(folder, authority)

    def median(name, figure):
        return statistics.median(r[figure] for r in rounds[name])

    def ratio(figure, over):
        return statistics.median(a[figure] / b[figure] for a, b in zip(rounds["seedhook"], rounds[over]))

    alone_limit = statistics.median(
        ours["alone_p50"] / (sync + theirs["alone_p50"])
        for ours, theirs, sync in zip(rounds["seedhook"], rounds["nginx"], fdatasync))
    table.show(["64 connections", "a second", "p50 ms", "p99 ms", "one alone p50 µs", "p99 µs", "peak RSS MiB", "server busy",
                "client busy"],
               [[name, f"{median(name, 'per_second'):.0f}", f"{median(name, 'p50_us') / 1000:.2f}",
                 f"{median(name, 'p99_us') / 1000:.2f}", f"{median(name, 'alone_p50'):.0f}", f"{median(name, 'alone_p99'):.0f}",
                 f"{median(name, 'rss'):.1f}", f"{median(name, 'server_busy'):.0%}", f"{median(name, 'client_busy'):.0%}"]
                for name in KINDS])
    print(f"one fdatasync: {statistics.median(fdatasync):.0f} µs")
    targets = [
        table.at_least("of nginx's answers a second", ratio("per_second", "nginx"), 0.35),
        table.at_least("of webhook's answers a second", ratio("per_second", "webhook"), 1.5),
        table.at_most("p99 under load, ms", median("seedhook", "p99_us") / 1000, 10),
        table.at_most("one alone, p50 over (fdatasync + nginx's)", alone_limit, 1.3),
        table.at_most("peak RSS under load, MiB", median("seedhook", "rss"), 40),
        table.at_most("RSS idle, MiB", median("seedhook", "idle_rss"), 15),
        table.at_most("an idle TLS connection, KiB", idle_kib, 40),
    ]
    table.finish("bench receive", targets, judge=not arguments.no_targets)


if __name__ == "__main__":
    main()
