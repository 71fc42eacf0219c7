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

TASKS = 10
SEED = 7
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


def submit(box, d, number):
    """One generation request, by curl, as an app would send it."""
    document = {"model": "seedance-2.0", "prompt": PROMPTS[number % len(PROMPTS)], "webhookUrl": d.hook_url}
    command = ["curl", "--silent", "--show-error", "--fail-with-body", "--cacert", box.authority.ca,
               "-H", f"Authorization: Bearer {box.key}", "-H", "Content-Type: application/json",
               "-d", json.dumps(document), f"{box.base_url}/api/open/v1/video/generations"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise AssertionError(f"curl: {answer.stderr}{answer.stdout}")
    if number == 0:
        say(faint(f"  $ curl --cacert ca.pem {command[-1]} \\"))
        say(faint(f"      -H 'Authorization: Bearer {box.key}' -H 'Content-Type: application/json' \\"))
        say(faint(f"      -d {shlex.quote(json.dumps(document))}"))
        say(faint(f"  {answer.stdout.strip()}"))
    return json.loads(answer.stdout)["requestId"]


def watch(d, ids):
    """Prints a line whenever something has moved, until every task is done or stuck."""
    begin, shown, marks = time.monotonic(), None, {"waiting": "·", "fetching": "▒", "delivering": "▓", "done": "█", "stuck": "✗"}
    say()
    say(f"  {marks['waiting']} with upstream   {marks['fetching']} fetching   {marks['delivering']} delivering   "
        f"{marks['done']} delivered")
    while True:
        stages = {t["requestId"]: t["stage"] for t in d.tasks()}
        bar = "".join(sorted((marks[stages.get(i, "waiting")] for i in ids), key="█▓▒✗·".index))
        done = bar.count(marks["done"])
        if bar != shown:
            say(f"  {time.monotonic() - begin:4.1f} s  {bar}  {done:2} of {len(ids)} delivered")
            shown = bar
        if done + bar.count(marks["stuck"]) == len(ids):
            return
        if time.monotonic() - begin > PATIENCE:
            raise AssertionError("the tasks did not finish in time")
        time.sleep(0.05)


def show_table(box, d, ids, verdict):
    say()
    say(bold(f"  {'requestId':<22}{'size':>10}  {'sha256':<14}{'submit → file':>13}   as upstream made it"))
    for request_id in ids:
        task, truth = d.task(request_id).json, box.task(request_id)
        file = d.videos / f"{request_id}.mp4"
        whole = file.exists() and harness.sha256_file(file) == truth["video"]["sha256"]
        delivered = [x for x in task["deliveries"] if x["state"] == "done"]
        seconds = (moment(delivered[0]["updatedAt"]) - moment(truth["submittedAt"])).total_seconds() if delivered else 0
        size = size_of(file.stat().st_size) if file.exists() else "missing"
        sha = harness.sha256_file(file)[:12] if file.exists() else "–"
        say(f"  {request_id:<22}{size:>10}  {sha:<14}{seconds:>11.2f} s   {verdict.mark(whole)}")


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
    say(bold("seedhook") + ": a signed callback becomes a file, once")
    say()
    (folder / "tls").mkdir()
    authority = harness.Authority(folder / "tls")
    say(f"  build          release, {os.environ.get('BUILD_SECONDS', '?')} s")
    say("  certificates   a private authority, made for this run")
    box = harness.Sandbox(folder, authority, "--seed", SEED, "--duration-ms", 2200, "--spread", 0.6)
    say(f"  upstream       {box.base_url}   {faint('seedance-sandbox, standing in for the Seedance API')}")
    d = harness.Daemon(folder, authority, settings={"log": {"level": "info", "format": "json"}})
    d.ready()
    say(f"  seedhook       {d.hook_url}   {faint('one source, one sink: a folder')}")
    say()
    say(f"Submitting {TASKS} tasks")
    ids = [submit(box, d, n) for n in range(TASKS)]
    watch(d, ids)
    show_table(box, d, ids, verdict)
    say()
    show_duplicate(box, d, ids[0], verdict)
    show_forgery(box, d, verdict)
    for program in reversed(harness.Program.started):
        program.stop()
    files = sorted(p.name for p in d.videos.rglob("*") if p.is_file())
    say()
    say(f"  {verdict.mark(files == sorted(f'{i}.mp4' for i in ids))} {len(files)} files for {TASKS} tasks, "
        "and both programs ended in good order")
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
