"""A failed fsync of the log: from then on no callback is acknowledged until the database was reopened and checked.

strace tells the order of events in one file; the judge reads it as a story of syncs, answers and reopening.
"""
import collections
import concurrent.futures
import re
import shutil

import faults_run
import faults_scene
import harness

CALLBACKS_AT_ONCE = 6
ROUNDS = 12


def checks(stage):
    yield "a failed fsync of the log", check(stage)


def check(stage):
    """Strikes the log's first syncs one after the other, until three have been struck while callbacks came."""
    problems, struck = [], 0
    for n in (2, 3, 4, 5, 7):
        story, statuses = listen(stage, f"fdatasync:error=EIO:when={n}")
        problems += [f"fdatasync {n}: {problem}" for problem in judge(story)]
        if any(event.kind == "failed" for event in story) and 503 in statuses:
            struck += 1
        if statuses and set(statuses[-CALLBACKS_AT_ONCE:]) != {200}:
            problems.append(f"fdatasync {n}: at the end the answers were {statuses[-CALLBACKS_AT_ONCE:]}")
        problems += [f"fdatasync {n}: a callback was answered {status}" for status in set(statuses) - {200, 503}]
    return problems if struck >= 3 else problems + [f"only {struck} failed commits held callbacks"]


def listen(stage, inject):
    """The story of callbacks to a plain listener while a sync fails, and what they were answered."""
    folder = stage.new_folder()
    trace = folder / "strace.out"
    wrapper = [*faults_run.TRACER, "-ttt", "-s", "64", "-yy", "-o", str(trace),
               "-e", "trace=fdatasync,fsync,openat,ftruncate,pread64,recvfrom,sendmsg", "-e", f"inject={inject}"]
    stage.daemon(folder).ready().stop()  # the database is there, so that start-up has nothing to sync
    daemon = stage.daemon(folder, wrapper)
    statuses = []
    try:
        daemon.ready()
        with concurrent.futures.ThreadPoolExecutor(CALLBACKS_AT_ONCE) as pool:
            def send(name):
                told = faults_scene.Told(f"req_{name}", "cancelled", tls=False)
                return daemon.tell(stage.body(told), tls=False).status

            for n in range(ROUNDS):
                statuses += pool.map(send, [f"{n}_{i}" for i in range(CALLBACKS_AT_ONCE)])
        harness.wait_until(lambda: send("last") == 200, "an acknowledged callback after the fault")
        statuses += [send(f"end_{i}") for i in range(CALLBACKS_AT_ONCE)]
        daemon.stop()
        return story_of(trace.read_text(errors="replace"), "seedhook.db", daemon.plain_port), statuses
    finally:
        if not daemon.log.closed:
            daemon.kill()
        shutil.rmtree(folder, ignore_errors=True)


Event = collections.namedtuple("Event", "kind connection line")


def story_of(trace, database, port):
    """Events in the order in which they ended: request, answer, synced, failed, opened, emptied, read."""
    events, begun = [], {}
    for line in trace.splitlines():
        match = re.match(r"(\d+) +([\d.]+) (.*)", line)
        if not match:
            continue
        thread, _, what = match.groups()
        if what.endswith("<unfinished ...>"):
            begun[thread] = what.removesuffix("<unfinished ...>").rstrip()
            continue
        if resumed := re.match(r"<\.\.\. \w+ resumed>", what):
            what = begun.pop(thread, "") + what[resumed.end():].lstrip()
        if event := event_of(what, database, port):
            events.append(event)
    return events


def event_of(what, database, port):
    here = re.search(rf"<TCP:\[127\.0\.0\.1:{port}->(127\.0\.0\.1:\d+)\]>", what)
    log = f"/{database}-wal>"
    if here and what.startswith("recvfrom(") and '"POST ' in what:
        return Event("request", here[1], what)
    if here and what.startswith("sendmsg(") and '"HTTP/1.1 200' in what:
        return Event("answer", here[1], what)
    if what.startswith("fdatasync(") and log in what:
        return Event("synced" if what.endswith("= 0") else "failed", None, what)
    # SQLite keeps descriptors of the database itself while other connections hold locks, but never one of the log.
    if what.startswith("openat(") and f'/{database}-wal"' in what and "= -1" not in what:
        return Event("opened", None, what)
    if what.startswith("ftruncate(") and f"{log}, 0)" in what and what.endswith("= 0"):
        return Event("emptied", None, what)
    if what.startswith("pread64(") and f"/{database}>" in what:
        return Event("read", None, what)
    return None


def judge(story):
    """Every 200 needs a good sync of the log between its request and itself; none is good from a failed one until the
    log was opened again and begun anew, and the database's pages were read."""
    problems, good, asked, steps = [], -1, {}, None
    for at, event in enumerate(story):
        if event.kind == "request":
            asked[event.connection] = at
        elif event.kind == "failed":
            steps = ["opened", "emptied", "read"]
        elif event.kind == "synced" and not steps:
            good = at
        elif steps and event.kind == steps[0]:
            steps.pop(0)
        elif event.kind == "answer" and good < asked.pop(event.connection, at):
            after = " after a failed sync, before the database was reopened and checked" if steps else ""
            problems.append(f"a 200 without a good sync{after}: {event.line[:120]}")
    return problems
