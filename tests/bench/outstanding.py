"""The daemon on a store with a million waiting tasks, and on one with ten million remembered ids, beside the same daemon on
an empty store. The daemon has one core, the client the other. RequestIds come in no order, as upstream's may.

Rounds alternate between the three, each on a fresh copy; figures are medians of the rounds, and ratios are taken round by
round before their median is. The files stand in a folder on a disk (about 3 GB) and go afterwards.
"""
import argparse
import itertools
import pathlib
import statistics
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import peers  # noqa: E402
import stores  # noqa: E402
import table  # noqa: E402
from loading import SERVER_CORE, load  # noqa: E402
from peers import harness  # noqa: E402

KINDS = ["empty", "waiting", "ids"]
CLAIMS = 3000
DUE_A_CLAIM = 2  # on the mean
# Numbers of requestIds that no store holds, a hundred thousand and more for each load.
fresh = itertools.count(1_000_000_000, 1_000_000)
OLD_TASKS, OLD_FIRST = 150_000, 500_000_000


def daemon(folder, authority, store, **settings):
    # Nothing listens at port 9 (discard) here; no poll falls due.
    source = {"name": stores.SOURCE, "path": harness.HOOK, "secrets": [harness.SECRET],
              "api": {"base_url": "http://127.0.0.1:9", "key": "sd2_live_bench"}}
    return peers.Seedhook(folder, authority, SERVER_CORE, {
        "store": {"type": "sqlite", "path": str(store)}, "sources": [source], **settings})


def callbacks(peer, authority, first, seconds):
    return load(peer, authority, "--scattered", "--prefix", stores.PREFIX, "--first", first, "--connections", 64,
                "--seconds", seconds, "--warmup", 1)


def measure(kind, folder, authority, filled, arguments):
    """One round on one store: its start with nothing of the file in memory, at rest, and under load."""
    with filled.copy(kind) as store:
        with daemon(folder, authority, store) as peer:
            figures = {"start": peer.seconds_to_ready, "rest_rss": peer.rss_kib() / 1024}
            if kind != "empty":
                stores.read_through(store)
            figures.update(callbacks(peer, authority, next(fresh), arguments.seconds))
            if kind == "waiting":
                figures["settling"] = callbacks(peer, authority, 0, arguments.seconds)["per_second"]
            figures["rss"] = peer.rss_kib("VmHWM") / 1024
        return figures


def claims(filled):
    with filled.copy("waiting") as store:
        stores.read_through(store)
        step = DUE_A_CLAIM * 1000 * (stores.DUE_UNTIL - stores.DUE_FROM) // filled.tasks
        return stores.fill(store, CLAIMS, "claims", "--begin-in", stores.DUE_FROM, "--step-ms", step)


def pruning(folder, authority, filled, arguments):
    """p99 in ms of the same daemon before and while it prunes, with all those ids remembered already."""
    with filled.copy("ids") as store:
        stores.fill(store, OLD_TASKS, "settled", "--first", OLD_FIRST, "--ago", 40 * 86400)
        before = stores.tasks_done(store)
        with daemon(folder, authority, store, retention={"tasks": "30d"}) as peer:
            quiet = callbacks(peer, authority, next(fresh), arguments.seconds)
            assert stores.tasks_done(store) == before, "it prunes already"
            harness.wait_until(lambda: stores.tasks_done(store) < before, "pruning to begin", limit=90)
            busy = callbacks(peer, authority, next(fresh), arguments.seconds)
            left = stores.tasks_done(store)
        assert left > before - OLD_TASKS, "pruning was over before the load was"
        return {"quiet": quiet, "busy": busy, "pruned": before - left}


class Rounds:
    def __init__(self):
        self.of = {kind: [] for kind in KINDS}
        self.claims = []
        self.pruning = []

    def run(self, number, folder, authority, filled, arguments):
        for kind in KINDS[number % 3:] + KINDS[:number % 3]:
            self.of[kind].append(measure(kind, folder, authority, filled, arguments))
        self.claims.append(claims(filled))
        print(f"round {number + 1}: " + ", ".join(f"{kind} {rounds[-1]['per_second']:.0f}/s"
                                                  for kind, rounds in self.of.items()), file=sys.stderr)

    def median(self, kind, figure):
        return statistics.median(r[figure] for r in self.of[kind])

    def ratio(self, kind, figure="per_second"):
        return statistics.median(a[figure] / b["per_second"] for a, b in zip(self.of[kind], self.of["empty"]))

    def claim(self, figure):
        return statistics.median(c[figure] for c in self.claims)

    def show(self, filled):
        head = ["store", "start s", "RSS MiB", "peak RSS MiB", "a second", "of empty", "p50 ms", "p99 ms", "server µs each"]
        names = {"empty": "empty", "waiting": f"{filled.tasks:,} waiting tasks", "ids": f"{filled.ids:,} remembered ids"}
        table.show(head, [[names[kind], f"{self.median(kind, 'start'):.2f}", f"{self.median(kind, 'rest_rss'):.1f}",
                           f"{self.median(kind, 'rss'):.1f}", f"{self.median(kind, 'per_second'):.0f}",
                           f"{self.ratio(kind):.2f}", f"{self.median(kind, 'p50_us') / 1000:.2f}",
                           f"{self.median(kind, 'p99_us') / 1000:.2f}", f"{self.median(kind, 'server_us'):.1f}"]
                          for kind in KINDS])
        rates = [r["per_second"] for r in self.of["empty"]]
        print(f"callbacks of tasks that wait: {self.median('waiting', 'settling'):.0f} a second, "
              f"{self.ratio('waiting', 'settling'):.2f} of new ones in an empty store")
        print(f"a claim: p50 {self.claim('p50_us') / 1000:.2f} ms, p99 {self.claim('p99_us') / 1000:.2f} ms, "
              f"{self.claims[0]['jobs'] / self.claims[0]['claims']:.1f} jobs each; a waiting task: "
              f"{filled.bytes_each('waiting'):.0f} bytes; the empty store's rounds: {min(rates):.0f} to {max(rates):.0f}")
        for p in self.pruning:
            print(f"while pruning: p99 {p['busy']['p99_us'] / 1000:.2f} ms for {p['quiet']['p99_us'] / 1000:.2f}, "
                  f"{p['busy']['per_second'] / p['quiet']['per_second']:.2f} of the rate; {p['pruned']} tasks pruned")


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench outstanding", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5, help="of load in each round")
    parser.add_argument("--tasks", type=int, default=1_000_000, help="that wait")
    parser.add_argument("--ids", type=int, default=10_000_000, help="that are remembered")
    parser.add_argument("--pruning-rounds", type=int, default=2, help="of receiving while pruning, two minutes each")
    parser.add_argument("--folder", default="/var/tmp", help="for the files; on a disk")
    parser.add_argument("--no-targets", action="store_true", help="print the figures, judge nothing")
    arguments = parser.parse_args()
    rounds = Rounds()
    with harness.workplace() as folder, tempfile.TemporaryDirectory(prefix="seedhook-bench-", dir=arguments.folder) as disk:
        authority = harness.Authority(folder)
        filled = stores.Stores(disk, arguments.tasks, arguments.ids)
        for number in range(arguments.rounds):
            rounds.run(number, folder, authority, filled, arguments)
        for _ in range(arguments.pruning_rounds):
            rounds.pruning.append(pruning(folder, authority, filled, arguments))
        rounds.show(filled)
        bytes_an_id = filled.bytes_each("ids")
    table.finish("bench outstanding", [
        table.at_most("waiting tasks: peak RSS, MiB", rounds.median("waiting", "rss"), 100),
        table.at_most("waiting tasks: start to ready, s", rounds.median("waiting", "start"), 2),
        table.at_most("waiting tasks: claim, p99 ms", rounds.claim("p99_us") / 1000, 5),
        table.at_least("waiting tasks: answers a second, of empty", rounds.ratio("waiting"), 0.8),
        table.at_least("remembered ids: answers a second, of empty", rounds.ratio("ids"), 0.7),
        table.at_most("remembered ids: bytes each", bytes_an_id, 60),
    ], judge=not arguments.no_targets)


if __name__ == "__main__":
    main()
