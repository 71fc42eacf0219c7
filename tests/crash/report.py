"""What a run shows: where it is, and one table at its end."""
import sys
import time


class Progress:
    """A line that is written over on a terminal; else one line for each tenth of the way."""

    def __init__(self, name, cycles):
        self.name, self.cycles, self.shown, self.began = name, cycles, 0, time.monotonic()

    def show(self, run):
        text = f"  {self.name}: cycle {run.cycles} of {self.cycles}, {len(run.ledger.acknowledged())} acknowledged, " \
               f"{run.findings.total} violations, {time.monotonic() - self.began:.0f} s"
        if sys.stdout.isatty():
            print(f"\r{text}\033[K", end="" if run.cycles < self.cycles else "\n", flush=True)
        elif run.cycles * 10 // self.cycles > self.shown:
            self.shown = run.cycles * 10 // self.cycles
            print(text, flush=True)


def _rows(run, seconds):
    ledger, posts = run.ledger, run.ledger.posts
    yield "cycles", run.cycles, f"{seconds:.0f} s"
    for moment in run.ending.moments:
        more = f"{run.stopped_first} had ended well by themselves" if moment == "stop" else ""
        yield f"  struck at {moment}", run.strikes[moment], more
    yield "callbacks posted", sum(posts[kind] for kind in ("new", "again", "duplicates")), \
        f"{posts['new']} new, {posts['again']} again, {posts['duplicates']} duplicates"
    yield "  without a 2xx", posts["no 2xx"], ""
    doubtful = f", {posts['doubtful']} of them not counted" if posts["doubtful"] else ""
    yield "callbacks acknowledged", len(ledger.acknowledged()), f"{run.heard_afterwards} heard during strikes{doubtful}"
    for output in run.place.outputs:
        yield from output.rows()
    for what, count in run.findings.rows():
        yield what, count, ""
    yield "slowest restart", f"{max(run.starts):.2f} s", f"of {len(run.starts) - 1}"


def show_table(run, seconds):
    print()
    for what, value, more in _rows(run, seconds):
        print(f"  {what:<42}{value:>10}   {more}".rstrip())
    print()
