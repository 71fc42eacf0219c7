"""One run: the daemon lives through a scene under strace, a fault strikes, and everything it promised is looked at.

A run's problems are sentences; none means that all held.
"""
import contextlib
import http.client
import shutil
import time
import zlib

import faults_judge
import faults_scene
import harness

PATIENCE = 20.0  # seconds, for what takes one or two
TRACER = ["strace", "-D", "-f", "-qq"]
QUICKLY = ["--seccomp-bpf"]  # stops at the traced calls alone; but then strace 6.1 delivers no signals


class Died(Exception):
    """The daemon has ended."""


class Failed(Exception):
    """Something that must come about did not; the message says what."""


class Run:
    def __init__(self, stage, scene, small=False):
        self.stage, self.scene = stage, faults_scene.SCENES[scene](stage, small)
        self.folder = self.scene.folder
        everything = [*self.scene.told, self.scene.last, self.scene.live]
        self.files = faults_judge.Files(self.folder, {t.request_id: t.status for t in everything})
        self.acknowledged = dict(self.scene.acknowledged)
        self.tried = dict.fromkeys(self.acknowledged, True)  # ids of callbacks that were sent, taken or not
        self.statuses = []
        self.problems = []
        self.daemon = None
        self.began = False  # it has been ready

    # -- moving the daemon

    def start(self, wrapper=(), environment=None):
        self.daemon = self.stage.daemon(self.folder, wrapper, environment)
        self._await("ready", lambda: self._asked("/readyz") == 200)
        self.began = True

    def kill(self):
        """By us; what it ended with if it had ended before."""
        before = self.daemon.process.poll()
        self.daemon.kill()
        return before

    def stop(self):
        """Asks it to end. What it ended with."""
        self.daemon.signal(15)
        with contextlib.suppress(Exception):
            return self.daemon.wait(PATIENCE)
        self.daemon.kill()
        raise Failed("it did not stop when told to")

    def _await(self, what, condition, limit=PATIENCE, pause=0.01):
        end = time.monotonic() + limit
        while True:
            if self.daemon.process.poll() is not None:
                raise Died(f"it ended with {self.daemon.wait()}\n{self.daemon.logs()}")
            value = None
            with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
                value = condition()
            if value:
                return value
            if time.monotonic() > end:
                raise Failed(f"not {what} within {limit:.0f} s")
            time.sleep(pause)

    def _asked(self, target, method="GET"):
        answer = self.daemon.ask(method, target)
        if 400 <= answer.status < 500:
            self.problems.append(f"the control API answered {answer.status} to {target}")
        return answer.status

    # -- telling and waiting

    def tell(self, told, again_of=None):
        """Sends a callback until it is acknowledged. True when it was called a duplicate."""
        body = self.stage.body(told)

        def once():
            self.tried[told.request_id] = True
            answer = self.daemon.tell(body, told.tls)
            self.statuses.append(answer.status)
            if answer.status != 200:
                time.sleep(0.03)
                return None
            self.acknowledged[told.request_id] = told.status
            return answer

        answer = self._await(f"answering 200 to {told.request_id}", once)
        if again_of is not None and not answer.json["duplicate"]:
            self.problems.append(f"acknowledged and forgotten: {told.request_id}")

    def _told(self, target):
        """A document of the control API. While it has none to give, as if it could not be reached."""
        answer = self.daemon.ask("GET", target)
        if answer.status != 200:
            raise http.client.HTTPException(f"the control API answered {answer.status} to {target}")
        return answer.json

    def tasks(self):
        return {t["requestId"]: t for t in self._told("/v1/tasks?limit=200")["tasks"]}

    def wait_done(self):
        """Until every callback that was sent and taken has come to its end; the files are looked at on the way."""
        began, helped = time.monotonic(), {}

        def all_done():
            self.look_at_files()
            tasks = self.tasks()
            for request_id in self.tried:
                stage = tasks.get(request_id, {}).get("stage")
                if stage == "stuck":
                    raise Failed(f"stuck: {self._told(f'/v1/tasks/{request_id}')}")
                # A full disk is looked at again only after ten minutes: a person asks earlier.
                if stage == "fetching" and time.monotonic() - began > 0.5 + helped.get(request_id, 0):
                    helped[request_id] = time.monotonic() - began
                    self._unblock(request_id)
            return all(tasks.get(i, {}).get("stage") == "done" for i in self.acknowledged)

        try:
            self._await("done with all tasks", all_done, limit=2 * PATIENCE, pause=0.02)
        except Failed as e:
            told = "the control API does not answer"
            with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
                told = "; ".join(f"{i} {t['stage']}" for i, t in self.tasks().items())
            raise Failed(f"{e}: {told}") from None

    def _unblock(self, request_id):
        detail = self._told(f"/v1/tasks/{request_id}")
        if any(job["state"] == "blocked" for job in detail["jobs"]):
            self._asked(f"/v1/tasks/{request_id}/redeliver", "POST")

    def look_at_files(self):
        for problem in self.files.problems():
            if problem not in self.problems:
                self.problems.append(problem)

    # -- the story

    def play(self, wrapper=(), environment=None):
        """From the start to all tasks done."""
        self.start(wrapper, environment)
        for told in self.scene.told:
            for _ in range(told.times):
                self.tell(told)
        with contextlib.suppress(OSError, http.client.HTTPException):
            self._asked("/metrics")
            self._asked(f"/v1/tasks/{self.scene.told[0].request_id}?wait=1s")
        self.wait_done()

    def end_in_the_middle(self):
        """Tells it to stop while a transfer is under way. What it ended with."""
        self.tell(self.scene.last)
        time.sleep(0.1)
        return self.stop()

    def is_alive_and_well(self):
        """The fault is gone, so a fresh callback is taken, and everything comes to its end, without a restart."""
        self.tell(self.scene.live)
        self._await("ready again", lambda: self.daemon.ask("GET", "/readyz").status == 200, pause=0.05)
        self.wait_done()

    def restart_and_judge(self):
        """What is on the disk is all there is now: nothing acknowledged may be missing, and all of it ends right."""
        self.look_at_files()
        try:
            self.start()
            tasks = {i: t["status"] for i, t in self.tasks().items()}
            self.problems += faults_judge.lost(self.acknowledged, tasks)
            for told in [*self.scene.told, self.scene.last, self.scene.live]:
                if told.request_id in self.tried:
                    self.tell(told, again_of=self.acknowledged.get(told.request_id))
            self.wait_done()
            self.files.expected = {name: i for name, i in self.files.expected.items() if i in self.acknowledged}
            self.look_at_files()
            self.problems += self.files.missing()
            self._await("clear of delivered videos in the spool", lambda: not self._left_in_spool(), limit=5)
        except Died:
            self.problems.append(f"after a restart without faults it ended with {self.daemon.process.returncode}: "
                                 f"{self.daemon.logs()[-500:]}")
        except Failed as e:
            self.problems.append(f"after a restart without faults: {e}")
        self.kill()
        self.problems += faults_judge.damage(self.folder / "seedhook.db")
        self.problems += faults_judge.wrong_answers(self.statuses)

    def _left_in_spool(self):
        return [p for p in (self.folder / "spool").rglob("*.*") if p.is_file() and not p.name.startswith(".probe")]

    def logs(self):
        return "".join(f"---- {f.name}\n{f.read_text(errors='replace')[-3000:]}" for f in sorted(self.folder.glob("*.log")))

    def close(self, keep=False):
        if self.daemon and not self.daemon.log.closed:
            self.daemon.kill()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)


class Verdict:
    def __init__(self, point, fired, problems, log=""):
        self.point, self.fired, self.problems, self.log = point, fired, problems, log


def on_files(scene, group):
    """strace's options to look at calls on a group of files alone."""
    return [word for path in scene.paths(group) for word in ("-P", str(path))]


def strike(stage, point, keep=False):
    """Plays the point's scene with its fault, and judges."""
    run = Run(stage, point.scene)
    trace = run.folder / "strace.out"
    wrapper = [*TRACER, *([] if point.kills else QUICKLY), "-o", str(trace), "-e", f"trace={point.syscall}",
               "-e", f"inject={point.inject}"]
    if point.group:
        wrapper += on_files(run.scene, point.group)
    try:
        if point.kills:
            fired = kill_at(run, wrapper)
        else:
            # One time in four it ends in good order and in the middle of a transfer; which ones follows from the point.
            err_at(run, wrapper, point, orderly=zlib.crc32(str(point).encode()) % 4 == 0)
            fired = was_injected(trace)
        if fired:
            run.restart_and_judge()
        return Verdict(point, fired, run.problems, run.logs() if run.problems else "")
    except (OSError, http.client.HTTPException, AssertionError, KeyError) as e:
        return Verdict(point, True, [*run.problems, f"the daemon could not be talked to: {e!r}"], run.logs())
    finally:
        run.close(keep)


def kill_at(run, wrapper):
    """True when the fault ended it."""
    code = None
    try:
        run.play(wrapper)
        code = run.end_in_the_middle()
    except Died:
        code = run.daemon.wait()
    except Failed as e:
        run.problems.append(str(e))
    run.kill()
    if code not in (None, 0, -9):
        run.problems.append(f"it ended with {code}")
    return code != 0


def err_at(run, wrapper, point, orderly):
    try:
        run.play(wrapper)
        run.is_alive_and_well()
        if orderly and (code := run.end_in_the_middle()) != 0:
            run.problems.append(f"told to stop, it ended with {code}")
    except Died:
        code = run.daemon.wait()
        said = run.daemon.last_words.strip()
        if run.began:
            run.problems.append(f"it ended by itself, with {code}")
        elif code <= 0 or (not said and point.syscall not in ("write", "poll")):
            run.problems.append(f"its start failed with {code} and said: {said[-300:]}")
    except Failed as e:
        run.problems.append(str(e))
    run.kill()


def was_injected(trace):
    """strace writes its last lines a moment after the daemon's end."""
    for _ in range(15):
        if trace.exists() and "(INJECTED)" in trace.read_text(errors="replace"):
            return True
        time.sleep(0.01)
    return False
