"""Injects faults into the real daemon's system calls, one point at a time, and looks at everything it promised.

    faults.py [--kills N] [--errors N] [--only SYSCALL] [--jobs N] [--seed S] [--keep]
    faults.py --point 'fresh/store/pwrite64:error=EIO:when=17..20'      one point again, as a violation names it
    faults.py --self-test                                         the judges find what is planted
"""
import argparse
import collections
import concurrent.futures
import contextlib
import itertools
import pathlib
import shutil
import signal
import sys
import tempfile
import threading
import time

import faults_fsync
import faults_points
import faults_run
import faults_scene
import faults_self_test
import faults_short
import harness


def say(line=""):
    print(line, flush=True)


class Tally:
    """What has been tried, by kind and system call."""

    def __init__(self):
        self.tried, self.fired, self.broken = (collections.Counter() for _ in range(3))
        self.violations = 0
        self.lock = threading.Lock()

    def note(self, verdict):
        with self.lock:
            point = verdict.point
            name = f"{point.syscall} ({point.group})" if point.group else point.syscall
            row = (point.fault.replace("signal=KILL", "kill").replace("error=", ""), name)
            self.tried[row] += 1
            self.fired[row] += verdict.fired
            if verdict.problems:
                self.broken[row] += 1
                self.violations += 1
                say(f"VIOLATION {verdict.point}")
                for problem in verdict.problems:
                    say(f"    {problem}")
                say(f"    again: scripts/faults --point '{verdict.point}'")
                say(verdict.log)

    def table(self):
        say(f"{'system call':<22}{'fault':<14}{'tried':>6}{'fired':>7}{'violations':>12}")
        for row in sorted(self.tried, key=lambda r: (r[0] != "kill", r[1], r[0])):
            say(f"{row[1]:<22}{row[0]:<14}{self.tried[row]:>6}{self.fired[row]:>7}{self.broken[row]:>12}")

    def count(self, kill):
        return sum(n for row, n in self.fired.items() if (row[0] == "kill") == kill)


def count_calls(stage):
    """Runs of each scene under strace without a fault, one for each group of files and one for all else."""
    calls = {}
    everything = {*faults_points.KILLS, *faults_points.ERRORS}
    for scene, group in itertools.product(faults_scene.SCENES, ("", *faults_points.GROUPS)):
        names = faults_points.ON_FILES if group else everything - faults_points.ON_FILES
        run = faults_run.Run(stage, scene)
        trace = run.folder / "strace.out"
        # `openat` shows where the program's loading ends.
        wrapper = [*faults_run.TRACER, *faults_run.QUICKLY, "-o", str(trace), "-e",
                   "trace=" + ",".join("?" + name for name in sorted({*names, "openat"}))]
        try:
            run.play(wrapper + (faults_run.on_files(run.scene, group) if group else []))
            code = run.end_in_the_middle()
            if code != 0 or run.problems:
                raise AssertionError(f"without a fault it ended with {code}: {run.problems}\n{run.daemon.logs()}")
            calls[scene, group] = faults_points.count_calls(trace, run.daemon.config_file.name, names)
        finally:
            run.close()
    return calls


def end_programs():
    for program in list(harness.Program.started):
        with contextlib.suppress(OSError):
            if program.running:
                program.signal(signal.SIGKILL)


def strike_all(stage, points, wanted, tally, jobs, stopping):
    """Strikes point after point until `wanted` have fired."""
    lock, fired = threading.Lock(), itertools.count(1)
    enough = threading.Event()
    if wanted == 0:
        return

    def work():
        while not enough.is_set() and not stopping.is_set():
            with lock:
                point = next(points, None)
            if point is None:
                return
            verdict = faults_run.strike(stage, point)
            if stopping.is_set():
                return
            tally.note(verdict)
            if verdict.fired and next(fired) >= wanted:
                enough.set()

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        try:
            for job in [pool.submit(work) for _ in range(jobs)]:
                job.result()
        except BaseException:  # told to end: the pool waits for runs under way, so their daemons go now
            stopping.set()
            end_programs()
            raise


def run_everything(stage, arguments, stopping):
    tally, began = Tally(), time.monotonic()
    calls = count_calls(stage)
    say(f"{sum(last - first + 1 for scene in calls.values() for first, last in scene.values())} calls to strike in "
        f"{len(faults_scene.SCENES)} scenes; seed {arguments.seed}")
    for kind, wanted in (("kill", arguments.kills), ("error", arguments.errors)):
        points = faults_points.choose(calls, kind, arguments.only, arguments.seed)
        strike_all(stage, points, wanted, tally, arguments.jobs, stopping)
        say(f"{kind}s: {time.monotonic() - began:.0f} s")
    short_runs, violations = 0, tally.violations
    if not arguments.only and not stopping.is_set():
        for name, problems in itertools.chain(faults_fsync.checks(stage), faults_short.runs(stage)):
            short_runs += name.startswith("short")
            violations += bool(problems)
            say(f"{name}: {'; '.join(problems) or 'good'}")
    tally.table()
    kills, errors = tally.count(kill=True), tally.count(kill=False)
    say(f"faults: {kills} kill points, {errors} errors, {short_runs} short-write runs, {violations} violations "
        f"({time.monotonic() - began:.0f} s)")
    enough = arguments.only or (kills >= arguments.kills and errors >= arguments.errors)
    return violations == 0 and bool(enough)


def repeat(stage, point, keep):
    verdict = faults_run.strike(stage, point, keep)
    say(f"{point}: {'fired' if verdict.fired else 'did not fire'}, {'; '.join(verdict.problems) or 'good'}")
    say(verdict.log)
    return verdict.fired and not verdict.problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--errors", type=int, default=300)
    parser.add_argument("--only", metavar="SYSCALL")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--point", type=faults_points.Point.parse)
    parser.add_argument("--keep", action="store_true", help="leave the folders of the runs")
    parser.add_argument("--self-test", action="store_true")
    arguments = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(143))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="seedhook-faults-"))
    stopping, stage, good = threading.Event(), None, False
    try:
        if arguments.self_test:
            good = faults_self_test.passes(folder)
        else:
            stage = faults_scene.Stage(folder)
            good = repeat(stage, arguments.point, arguments.keep) if arguments.point else \
                run_everything(stage, arguments, stopping)
    except KeyboardInterrupt:
        say("interrupted")
    finally:
        stopping.set()
        end_programs()
        if stage:
            stage.stop()
        if arguments.keep:
            say(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
