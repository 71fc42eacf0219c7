"""Fetching videos and handing them on, into a folder or to S3, beside the same job by rclone, and by curl and aws.

The job, for all: each video comes over TLS from one nginx, its SHA-256 is known, its file and folder are synced; to S3 it
then goes over TLS into a service that keeps no content. seedhook does more: it takes a callback for each video, and looks at
its boxes. It is timed from the first callback until every task is done. The service has one core, the client side the rest.

Rounds alternate between the three; figures are medians of the rounds, and ratios are taken round by round before their
median is. All files are in a folder on a disk, and go afterwards.
"""
import argparse
import concurrent.futures
import contextlib
import json
import os
import pathlib
import shutil
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import bucket  # noqa: E402
import moving  # noqa: E402
import peers  # noqa: E402
import stores  # noqa: E402
import table  # noqa: E402
import tools  # noqa: E402
import videos  # noqa: E402
from loading import SERVER_CORE  # noqa: E402
from peers import harness  # noqa: E402

MIB = 1 << 20
JOBS = {"a": (500, 2), "b": (20, 50), "c": (1, 1024)}  # videos, MiB each
SMALL_JOBS = {"a": (40, 1), "b": (4, 8), "c": (1, 64)}
PEERS = ("seedhook", "rclone", "curl")
CLIENT_CORES = sorted(os.sched_getaffinity(0) - {SERVER_CORE}) or [SERVER_CORE]
# At least so much faster than rclone, for at most that share of its processor time.
WANTED = {"directory": (1.2, 0.9), "s3": (1.3, 0.4)}
MOST_RSS, MOST_MOVING_MS, OF_COPY = 64, 5, 0.9


class Seedhook:
    """The daemon with one sink, which has as many deliveries at a time as there are fetches."""

    name = "seedhook"

    def __init__(self, folder, authority, cores, origin, to_s3):
        self.folder, self.authority, self.cores, self.origin, self.to_s3 = folder, authority, cores, origin, to_s3

    def sink(self, out):
        if not self.to_s3:
            return {"name": "library", "type": "directory", "path": str(out), "concurrency": tools.AT_A_TIME}
        credentials = {"source": "config", "access_key_id": bucket.KEY_ID, "secret_access_key": bucket.SECRET_KEY}
        return {"name": "archive", "type": "s3", "endpoint": self.origin.s3_url, "region": bucket.REGION,
                "bucket": bucket.BUCKET, "credentials": credentials, "concurrency": tools.AT_A_TIME}

    def measure(self, wanted):
        with tempfile.TemporaryDirectory(dir=self.folder) as place:
            self.out = pathlib.Path(place) / "out"
            self.out.mkdir()
            settings = {"sinks": [self.sink(self.out)], "fetch": {"allow_cidrs": ["127.0.0.0/8"],
                                                                  "concurrency": tools.AT_A_TIME}}
            with peers.Seedhook(pathlib.Path(place), self.authority, ",".join(map(str, self.cores)), settings) as peer:
                return self._measure(peer, wanted)

    def _measure(self, peer, wanted):
        store = peer.daemon.settings["store"]["path"]
        before, began = tools.cpu_seconds(peer.process.pid), time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(tools.AT_A_TIME) as senders:
            list(senders.map(lambda n: self._post(peer, wanted, wanted.ids[n::tools.AT_A_TIME]), range(tools.AT_A_TIME)))
        # The store is read beside the daemon, which so is not asked.
        harness.wait_until(lambda: stores.tasks_done(store) == wanted.count, f"{wanted.count} tasks to be done", limit=600,
                           pause=0.005)
        wall, cpu = time.monotonic() - began, tools.cpu_seconds(peer.process.pid) - before
        states = {(task["stage"], task["status"]) for task in peer.daemon.tasks()}
        assert states == {("done", "succeeded")}, states
        if not self.to_s3:
            wanted.check(self.out)
        return {"wall": wall, "cpu": cpu, "rss": tools.peak_kib(peer.process.pid) / 1024}

    def _post(self, peer, wanted, ids):
        with contextlib.closing(http_connection(peer, self.authority)) as connection:
            for request_id in ids:
                body = json.dumps(harness.callback(request_id, url=self.origin.url(wanted.name(request_id))))
                connection.request("POST", harness.HOOK, body, {"x-seedance-signature": harness.sign(body)})
                answer = harness.Answer(connection.getresponse())
                assert answer.status == 200, answer.body


def http_connection(peer, authority):
    return harness.http.client.HTTPSConnection("127.0.0.1", peer.port, timeout=60, context=authority.client_context())


KINDS = {"seedhook": Seedhook, "rclone": tools.Rclone, "curl": tools.Curl}


class Rounds:
    """What was measured, by sink, job and peer, a figure a round."""

    def __init__(self, arguments, jobs):
        self.jobs, self.sinks, self.peers = jobs, arguments.only, arguments.peers
        self.of = {(sink, job, peer): [] for sink in self.sinks for job in jobs for peer in self.peers}

    def run(self, number, folder, authority):
        for job, (count, mib) in self.jobs.items():
            with videos.Videos(folder / "origin", count, mib * MIB) as wanted, \
                    bucket.Bucket(folder, authority, SERVER_CORE, wanted.folder) as origin:
                for sink in self.sinks:
                    turn = number % len(self.peers)
                    for peer in self.peers[turn:] + self.peers[:turn]:
                        self.of[sink, job, peer].append(self._one(sink, peer, folder, authority, origin, wanted))
                    print(f"round {number + 1}: {sink} {job}: " + ", ".join(
                        f"{peer} {self.of[sink, job, peer][-1]['wall']:.2f} s" for peer in self.peers), file=sys.stderr)

    @staticmethod
    def _one(sink, peer, folder, authority, origin, wanted):
        os.sync()  # what the last one has left to be written is not this one's
        origin.forget()
        before, began = tools.cpu_seconds(origin.pids()[-1]), time.monotonic()
        figures = KINDS[peer](folder, authority, CLIENT_CORES, origin, sink == "s3").measure(wanted)
        figures["service"] = (tools.cpu_seconds(origin.pids()[-1]) - before) / figures["wall"]
        figures["cpu_mib"] = figures["cpu"] / wanted.mib * 1000
        if sink == "s3":
            sizes = origin.sizes(wanted.names)
            assert sizes == [wanted.size] * wanted.count, f"{peer}: wrong objects: {sizes}"
        return figures

    def median(self, sink, job, peer, figure):
        return statistics.median(r[figure] for r in self.of[sink, job, peer])

    def ratio(self, sink, job, figure):
        """rclone's over ours."""
        return statistics.median(theirs[figure] / ours[figure] for ours, theirs
                                 in zip(self.of[sink, job, "seedhook"], self.of[sink, job, "rclone"]))

    def show(self):
        head = ["to, videos", "by", "wall s", "MiB/s", "CPU ms/MiB", "peak RSS MiB", "service busy"]
        rows = []
        for sink, job, peer in self.of:
            count, mib = self.jobs[job]
            wall = self.median(sink, job, peer, "wall")
            rows.append([f"{sink}, {count} of {mib} MiB", peer, f"{wall:.2f}", f"{count * mib / wall:.0f}",
                         f"{self.median(sink, job, peer, 'cpu_mib'):.2f}", f"{self.median(sink, job, peer, 'rss'):.0f}",
                         f"{self.median(sink, job, peer, 'service'):.0%}"])
        table.show(head, rows)

    def targets(self):
        if not {"seedhook", "rclone"} <= set(self.peers):
            return
        for sink in self.sinks:
            faster, share = WANTED[sink]
            for job, (count, mib) in self.jobs.items():
                what = f"{sink}, {count} of {mib} MiB: "
                yield table.at_least(what + "times as fast as rclone", self.ratio(sink, job, "wall"), faster)
                yield table.at_most(what + "processor time, of rclone's", 1 / self.ratio(sink, job, "cpu"), share)
        yield table.at_most("peak RSS of all runs, MiB", max(r["rss"] for (_, _, peer), rounds in self.of.items()
                                                             if peer == "seedhook" for r in rounds), MOST_RSS)


def parse():
    parser = argparse.ArgumentParser(prog="scripts/bench deliver", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)

    def some_of(known):
        def parsed(text):
            chosen = text.split(",")
            if unknown := set(chosen) - set(known):
                raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: not among {', '.join(known)}")
            return chosen
        return parsed

    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--jobs", type=some_of(JOBS), default=list(JOBS), help="a: 500 of 2 MiB, b: 20 of 50 MiB, c: 1 GiB")
    parser.add_argument("--only", type=some_of(WANTED), default=list(WANTED), help="directory, s3")
    parser.add_argument("--peers", type=some_of(PEERS), default=list(PEERS), help="seedhook,rclone,curl")
    parser.add_argument("--small", action="store_true", help="fewer and smaller videos")
    parser.add_argument("--folder", default="/var/tmp", help="for the files; on a disk")
    parser.add_argument("--no-targets", action="store_true", help="print the figures, judge nothing")
    return parser.parse_args()


def main():
    arguments = parse()
    sizes = SMALL_JOBS if arguments.small else JOBS
    rounds = Rounds(arguments, {job: sizes[job] for job in arguments.jobs})
    largest = max(count * mib for count, mib in sizes.values()) * MIB
    if shutil.disk_usage(arguments.folder).free < 4 * largest + 1024 * MIB:
        raise SystemExit(f"{arguments.folder} has not {4 * largest // MIB + 1024} MiB free")
    os.sched_setaffinity(0, {SERVER_CORE})  # of this program and what it starts, unless said otherwise
    with tempfile.TemporaryDirectory(prefix="seedhook-bench-", dir=arguments.folder) as folder:
        authority = harness.Authority(folder)
        for number in range(arguments.rounds):
            rounds.run(number, pathlib.Path(folder), authority)
        moved = moving.measure(pathlib.Path(folder), sizes["c"][1] * MIB, arguments.rounds, CLIENT_CORES) \
            if "directory" in arguments.only and "seedhook" in arguments.peers else None
    rounds.show()
    targets = list(rounds.targets())
    if moved:
        moved.show()
        targets += moved.targets(MOST_MOVING_MS, OF_COPY)
    table.finish("bench deliver", targets, judge=not arguments.no_targets)


if __name__ == "__main__":
    main()
