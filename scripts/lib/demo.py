"""What scripts/demo shows once the programs are built. Exits 1 if anything is not as it must be.

The parts (a private certificate authority, the sandbox, the daemon) are those of the integration tests.
"""
import datetime
import json
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "integration"))
import harness  # noqa: E402  pylint: disable=wrong-import-position

TASKS = 20
LOSE = 0.3
SEED = 13
PATIENCE = 30
COLOURS = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
PROMPTS = ["A river through an autumn forest", "Snow falling on a harbour at night", "A paper boat in the rain",
           "Morning fog over rice terraces", "A lighthouse in a storm", "City lights from a night train",
           "A kite above the dunes", "Bees in a field of lavender", "The first frost on a window",
           "A market street after the rain"]


def styled(code, text):
    return f"\033[{code}m{text}\033[0m" if COLOURS else text


def bold(text):
    return styled("1", text)


def faint(text):
    return styled("2", text)


def say(line=""):
    print(line, flush=True)


def size_of(count):
    return f"{count / 1024:.1f} KiB" if count < 2**20 else f"{count / 2**20:.1f} MiB"


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


class Verdict:
    """Keeps whether everything was as it must be."""

    def __init__(self):
        self.good = True

    def mark(self, holds):
        self.good = self.good and bool(holds)
        return styled("32", "✓") if holds else styled("31;1", "✗")


def start(folder, authority):
    """(upstream, daemon, the gateway's base URL)"""
    box = harness.Sandbox(folder, authority, "--seed", SEED, "--duration-ms", 2200, "--spread", 0.6, "--lose", LOSE)
    say(f"  upstream       {box.base_url}   {faint(f'seedance-sandbox; loses {LOSE:.0%} of its callbacks')}")
    port, gateway = harness.free_port(), f"127.0.0.1:{harness.free_port()}"
    source = {"name": "main", "path": harness.HOOK, "secrets": [harness.SECRET],
              "api": {"base_url": box.base_url, "key": box.key}, "callback_url": f"https://127.0.0.1:{port}{harness.HOOK}"}
    settings = {"sources": [source], "gateway": {"address": gateway}, "log": {"level": "info", "format": "json"},
                "poll": {"first_after": "3s", "max_interval": "1s", "requests_per_minute": 600}}
    d = harness.Daemon(folder, authority, settings=settings, port=port)
    d.ready()
    say(f"  seedhook       {d.hook_url}   {faint('one source, one sink: a folder')}")
    say(f"  its gateway    http://{gateway}   {faint('what apps take for upstream')}")
    return box, d, f"http://{gateway}"


def submit(gateway, number):
    """One generation request, by curl, as an app would send it."""
    document = {"model": "seedance-2.0", "prompt": PROMPTS[number % len(PROMPTS)]}
    command = ["curl", "--silent", "--show-error", "--fail-with-body", "--noproxy", "*", "-H", "Content-Type: application/json",
               "-d", json.dumps(document), f"{gateway}/api/open/v1/video/generations"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise AssertionError(f"curl: {answer.stderr}{answer.stdout}")
    if number == 0:
        say(faint(f"  $ curl {command[-1]} -H 'Content-Type: application/json' \\"))
        say(faint(f"      -d {shlex.quote(json.dumps(document))}"))
        say(faint(f"  {answer.stdout.strip()}"))
    return json.loads(answer.stdout)["requestId"]


def end_otherwise(box, d, to_fail, to_cancel):
    """Lets one task fail upstream, unheard, and cancels another."""
    box.hook(f"tasks/{to_fail}/settle", {"status": "failed", "callback": False})
    say(faint(f"  upstream fails {to_fail}, and its callback is lost"))
    cancelled = d.command("cancel", to_cancel)
    if cancelled.returncode != 0:
        raise AssertionError(f"seedhook cancel: {cancelled.stderr}")
    say(faint(f"  $ seedhook cancel {to_cancel}"))


def watch(d, ids):
    """Prints a line whenever something has moved, until every task is done or stuck."""
    begin, shown, marks = time.monotonic(), None, {"waiting": "·", "fetching": "▒", "delivering": "▓", "done": "█", "stuck": "✗"}
    say()
    say(f"  {marks['waiting']} with upstream   {marks['fetching']} fetching   {marks['delivering']} delivering   "
        f"{marks['done']} done")
    while True:
        stages = {t["requestId"]: t["stage"] for t in d.tasks()}
        bar = "".join(sorted((marks[stages.get(i, "waiting")] for i in ids), key="█▓▒✗·".index))
        done = bar.count(marks["done"])
        if bar != shown:
            say(f"  {time.monotonic() - begin:4.1f} s  {bar}  {done:2} of {len(ids)} done")
            shown = bar
        if done + bar.count(marks["stuck"]) == len(ids):
            return
        if time.monotonic() - begin > PATIENCE:
            raise AssertionError("the tasks did not finish in time")
        time.sleep(0.05)


def show_table(box, d, ids, verdict):
    say()
    say(bold(f"  {'requestId':<22}{'status':<11}{'known by':<10}{'callback':<10}{'file':>10}   as upstream has it"))
    for request_id in ids:
        task, truth = d.task(request_id).json, box.task(request_id)
        file = d.videos / f"{request_id}.mp4"
        if truth["status"] == "succeeded":
            right = file.exists() and harness.sha256_file(file) == truth["video"]["sha256"]
        else:
            right = not file.exists()
        right = right and (task["status"], task["stage"]) == (truth["status"], "done")
        size = size_of(file.stat().st_size) if file.exists() else "–"
        came = "came" if truth["callbacks"] else "lost"
        say(f"  {request_id:<22}{task['status']:<11}{task['settledBy']:<10}{came:<10}{size:>10}   {verdict.mark(right)}")


def show_polls(box, d, ids, verdict):
    """What asking cost, and that it was asked about those whose callback was lost."""
    unheard = [i for i in ids if not box.task(i)["callbacks"]]
    by_poll = [i for i in ids if d.task(i).json["settledBy"] == "poll"]
    calls = box.hook("calls?kind=status&limit=100000")["counts"]["status"]
    say(f"  {verdict.mark(unheard and set(unheard) <= set(by_poll))} {len(unheard)} callbacks of {len(ids)} never came; "
        f"seedhook found those tasks by asking ({calls} calls in all)")


def show_duplicate(box, d, request_id, verdict):
    """Sends a callback again whose file has been delivered."""
    before = (d.videos / f"{request_id}.mp4").stat()
    sent = box.call("POST", f"/sandbox/tasks/{request_id}/callback").json
    time.sleep(0.3)
    task, after = d.task(request_id).json, (d.videos / f"{request_id}.mp4").stat()
    deliveries = [x["attempts"] for x in task["deliveries"]]
    once = deliveries == [1] and (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    told = sent["status"] == 200 and json.loads(sent["answer"])["duplicate"] is True
    say(f"  {bold('sent twice')}   {request_id:<22}{verdict.mark(told)} answered {sent['status']} {sent['answer']}")
    say(f"  {'':<35}{verdict.mark(once)} still one delivery, the file untouched")


def show_forgery(box, d, verdict):
    """Sends a callback that is signed with a wrong secret."""
    request_id = "req_forged0000000000"
    files = sorted(p.name for p in d.videos.iterdir())
    sent = box.call("POST", "/sandbox/forge", {"requestId": request_id, "webhookUrl": d.hook_url}).json
    time.sleep(0.3)
    nothing = d.task(request_id).status == 404 and sorted(p.name for p in d.videos.iterdir()) == files
    code = json.loads(sent["answer"])["error"]["code"]
    refused = (sent["status"], code) == (401, "unauthorized")
    say(f"  {bold('forged')}       {request_id:<22}{verdict.mark(refused)} answered {sent['status']} {code}")
    say(f"  {'':<35}{verdict.mark(nothing)} nothing stored, nothing fetched")


def show(folder):
    verdict = Verdict()
    say(bold("seedhook") + ": every finished task becomes a file, once, also when its callback is lost")
    say()
    (folder / "tls").mkdir()
    authority = harness.Authority(folder / "tls")
    say(f"  build          release, {os.environ.get('BUILD_SECONDS', '?')} s")
    say("  certificates   a private authority, made for this run")
    box, d, gateway = start(folder, authority)
    say()
    say(f"Submitting {TASKS} tasks, as an app does that takes the gateway for upstream")
    ids = [submit(gateway, n) for n in range(TASKS)]
    end_otherwise(box, d, ids[-1], ids[-2])
    watch(d, ids)
    show_table(box, d, ids, verdict)
    say()
    show_polls(box, d, ids, verdict)
    heard = next(i for i in ids if box.task(i)["callbacks"] and d.task(i).json["status"] == "succeeded")
    show_duplicate(box, d, heard, verdict)
    show_forgery(box, d, verdict)
    ends = {i: box.task(i)["status"] for i in ids}
    for program in reversed(harness.Program.started):
        program.stop()
    files = sorted(p.name for p in d.videos.rglob("*") if p.is_file())
    say()
    right = files == sorted(f"{i}.mp4" for i, end in ends.items() if end == "succeeded")
    say(f"  {verdict.mark(right)} {TASKS} tasks: {len(files)} files, one failed, one cancelled; "
        "both programs ended in good order")
    return verdict.good


def main():
    # However we are ended, the programs go first.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(143))
    keep = "--keep" in sys.argv[1:]
    folder = pathlib.Path(tempfile.mkdtemp(prefix="seedhook-demo-"))
    begin, good = time.monotonic(), False
    try:
        good = show(folder)
    except (AssertionError, OSError, KeyError, ValueError) as e:
        say(f"\n{styled('31;1', 'It went wrong:')} {e}")
        for program in harness.Program.started:
            say(program.logs())
    except KeyboardInterrupt:
        say()
    finally:
        for program in harness.Program.started:
            if program.running:
                program.kill()
        if keep:
            say(f"  kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    say(f"  {'All is as it must be' if good else styled('31;1', 'Not all is as it must be')} "
        f"({time.monotonic() - begin:.1f} s)")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
