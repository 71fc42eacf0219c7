"""The daemon under a steady load for a long time, in which one thing in a hundred goes wrong: what it holds must not grow,
and nothing that it has acknowledged may be missing at the end.

Callbacks come at --rate, one in a hundred forged; a tenth of the tasks bring a tiny video into a folder, a tenth are told
to a webhook; some tasks more are only tracked, and found by polling. The folder is emptied meanwhile, and the store
pruned, so that all that is left to grow is what should not.
"""
import argparse
import random
import threading
import time

import figures
import harness
import prometheus
import run
import table
from steady_senders import Senders
from upstream_peer import Peer, video

LOOK_EVERY = 2
TRACKED_EVERY = 5  # seconds
TRACKED_AT_ONCE = 10


def settings_for(peer, folder, arguments):
    quickly = {"min_delay": "200ms", "max_delay": "5s"}
    return {
        "sources": [{"name": "main", "path": harness.HOOK, "secrets": [harness.SECRET],
                     "api": {"base_url": peer.url, "key": harness.API_KEY}}],
        "poll": {"first_after": "2s", "max_interval": "5s", "requests_per_minute": 60000},
        "sinks": [{"name": "library", "type": "directory", "path": str(folder / "videos"), "retry": quickly},
                  {"name": "app", "type": "webhook", "url": f"{peer.url}/hook", "secret": "soak", "internal": True,
                   "on": ["failed"], "match": {"model": "posted"}, "retry": quickly}],
        "retention": {"tasks": f"{arguments.keep_tasks}s", "ids": f"{2 * arguments.keep_tasks}s"},
        "log": {"level": "warning", "format": "json"},
    }


class Collector:
    """Takes the videos away that were delivered, and tracks tasks whose callback never comes."""

    def __init__(self, daemon):
        self.daemon, self.over = daemon, threading.Event()
        self.taken, self.tracked, self.wrong = 0, 0, []
        self.threads = [threading.Thread(target=self._repeat, args=(what, pause), daemon=True)
                        for what, pause in ((self.take, 1), (self._track, TRACKED_EVERY))]

    def start(self):
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def _repeat(self, what, pause):
        while not self.over.wait(pause):
            what()

    def take(self):
        for file in list(self.daemon.videos.glob("*.mp4")):
            if file.read_bytes() != video(file.stem):
                self.wrong.append(file.name)
            file.unlink()
            self.taken += 1

    def _track(self):
        ids = [f"t{self.tracked + n}" for n in range(TRACKED_AT_ONCE)]
        answer = self.daemon.api("POST", "/v1/tasks", {"source": "main", "requestIds": ids})
        assert answer.status == 200, answer.body
        self.tracked += len(ids)


class Soak:
    def __init__(self, daemon, peer, arguments):
        self.daemon, self.arguments = daemon, arguments
        self.senders = Senders(daemon, peer, arguments.rate, arguments.faults, arguments.seed)
        self.collector = Collector(daemon)
        self.figures = figures.figures()
        self.judged = 0.0

    def run(self):
        self.senders.start()
        self.collector.start()
        began, warm, end = time.monotonic(), self.arguments.warmup, 60 * self.arguments.minutes
        shown = began
        while (now := time.monotonic()) < began + end:
            if now >= began + warm:
                self._look()
            if now >= shown + 30:
                shown = now
                print(f"  {now - began:.0f} s: {self.senders.total()} callbacks, {self.collector.taken} videos, "
                      f"{self.collector.tracked} tracked", flush=True)
            time.sleep(LOOK_EVERY)
        self.judged = end - warm
        self.senders.stop()
        self.collector.stop()

    def _look(self):
        assert self.daemon.running, self.daemon.logs()
        for name, value in figures.look(self.daemon, prometheus.scrape(self.daemon)).items():
            self.figures[name].looks.append(value)

    def settle(self):
        """Until nothing is left to be done; the last metrics."""
        def look():
            self.collector.take()
            metrics = prometheus.scrape(self.daemon)
            return metrics.total("seedhook_jobs") == 0 and metrics

        metrics = harness.wait_until(look, "the work to end", limit=300, pause=0.5)
        self.collector.take()
        return metrics

    def targets(self, metrics):
        accepted, answers = self.senders.accepted, self.senders.answers
        videos = accepted["video"] + self.collector.tracked
        surprises = sum(n for (kind, status), n in answers.items() if status != (401 if kind == "forged" else 200))
        yield table.at_least("callbacks a second", self.senders.total() / self.senders.seconds, 0.95 * self.arguments.rate)
        yield table.at_most("answers that should be others", surprises, 0)
        yield table.at_least("videos of those acknowledged or tracked", self.collector.taken, videos)
        yield table.at_most("videos twice or unasked", self.collector.taken - videos, 0)
        yield table.at_most("videos that are wrong", len(self.collector.wrong), 0)
        yield table.at_least("posts of those acknowledged",
                             metrics.value("seedhook_deliveries_total", sink="app", result="delivered"), accepted["posted"])
        yield table.at_most("tasks stuck", metrics.value("seedhook_tasks", stage="stuck"), 0)
        for figure in self.figures.values():
            yield table.at_most(f"{figure.name} in the last quarter", figure.late / figure.unit, figure.limit / figure.unit)


def arguments_of():
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=float, default=500, help="callbacks a second")
    parser.add_argument("--faults", type=float, default=0.01, help="the share of signatures and answers that are wrong")
    parser.add_argument("--warmup", type=float, help="seconds in which nothing is judged (three times --keep-tasks and 30)")
    parser.add_argument("--keep-tasks", type=int, default=30, help="seconds that the store keeps a task; ids twice that")
    parser.add_argument("--seed", type=int, default=random.randrange(2**31))
    parser.add_argument("--keep", action="store_true", help="leave the folder to look at")
    arguments = parser.parse_args()
    arguments.warmup = arguments.warmup if arguments.warmup is not None else 3 * arguments.keep_tasks + 30
    if arguments.warmup + 30 > 60 * arguments.minutes:
        parser.error("too short: nothing would be judged after the warm-up")
    return arguments


def main():
    arguments = arguments_of()
    print(f"soak: {arguments.minutes:g} minutes at {arguments.rate:g} callbacks a second, seed {arguments.seed}", flush=True)
    with run.workplace(arguments.keep) as folder:
        authority = harness.Authority(folder)
        peer = Peer(*authority.issue("peer"), arguments.faults, arguments.seed)
        daemon = harness.Daemon(folder, authority, settings=settings_for(peer, folder, arguments))
        try:
            soak = Soak(daemon.ready(), peer, arguments)
            soak.run()
            metrics = soak.settle()
            daemon.stop()
        finally:
            if daemon.running:
                daemon.kill()
            done = peer.stop()
    table.show(figures.HEAD, [figure.row(soak.judged) for figure in soak.figures.values()])
    faults = sum(n for what, n in done.items() if ":" in what)
    print(f"{soak.senders.total()} callbacks, {sum(n for (kind, _), n in soak.senders.answers.items() if kind == 'forged')} of "
          f"them forged; {faults} of {sum(done.values()) - faults} answers of API, videos and receiver wrong; "
          f"{metrics.value('process_cpu_seconds_total'):.0f} s of processor")
    table.finish("soak", list(soak.targets(metrics)))


if __name__ == "__main__":
    main()
