"""What the daemon is doing when a fault strikes: where it begins, what it is told, and what all of it must come to.

`fresh` begins with nothing. `resume` begins with what crashes leave behind: half a transfer, a whole video that no row
knows of, a delivery that was made and not recorded, strays in the spool and in the sinks' staging folder.
"""
import contextlib
import hashlib
import http.client
import itertools
import json
import os
import pathlib
import random
import shutil
import socket
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
import faults_judge  # noqa: E402  pylint: disable=wrong-import-position
import harness  # noqa: E402  pylint: disable=wrong-import-position
import origin  # noqa: E402  pylint: disable=wrong-import-position


SMALL, LARGE, LONG = (0, 100_000), (750_000, 1_500_000), (1_350_000, 1_500_000)  # LONG: more than one piece for the disk


def pick_id(prefix, size, mood):
    """An id whose video has a size between these; its first transfer goes as told, and none of those after it breaks."""
    for n in itertools.count():
        name = f"{prefix}{n}"
        moods = [origin.mood(name, attempt) for attempt in range(1, 7)]
        if size[0] <= origin.size_of(name) <= size[1] and moods[0] == mood and "breaks" not in moods:
            return name
    return None


def own_port(but=None):
    """Not one that the system might give to somebody's outgoing connection meanwhile."""
    while True:
        port = random.randrange(11000, 32000)
        if port == but:
            continue
        with contextlib.suppress(OSError), socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(("127.0.0.1", port))
            return port


class Stage:
    """What all runs share: certificates and the place where videos come from."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.authority = harness.Authority(folder)
        self.trust = self.authority.client_context()
        self.server = self.authority.issue("server")
        self.videos = origin.Origin(*self.authority.issue("origin"))
        self.snapshot = None  # of the scene `resume`, made when first asked for

    def new_folder(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="run-", dir=self.folder))
        for name in ("library", "archive"):
            (folder / name).mkdir()
        return folder

    def daemon(self, folder, wrapper=(), environment=None, **settings):
        certificate, key = self.server
        if not (folder / "server.pem").exists():
            shutil.copy(certificate, folder / "server.pem")
            shutil.copy(key, folder / "server.key")
        return FaultyDaemon(folder, self, wrapper, environment, settings)

    def body(self, told):
        return json.dumps(harness.callback(told.request_id, told.status, url=self.videos.url(told.request_id))).encode()

    def stop(self):
        self.videos.stop()


class FaultyDaemon(harness.Daemon):
    """The daemon with a TLS and a plain listener and two sinks, one of them with manifests in folders of its own
    and with copies, not links."""

    def __init__(self, folder, stage, wrapper, environment, settings):
        self.plain_port, self.trust = own_port(), stage.trust
        super().__init__(folder, stage.authority, settings, own_port(but=self.plain_port), environment, wrapper=wrapper)

    def default_settings(self):
        retry = {"min_delay": "20ms", "max_delay": "200ms"}
        return super().default_settings() | {
            "listeners": super().default_settings()["listeners"] + [{"address": f"127.0.0.1:{self.plain_port}"}],
            "sinks": [
                {"name": "library", "type": "directory", "path": str(self.folder / "library"),
                 "file": "{requestId}.{ext}", "retry": retry, "concurrency": 1},
                {"name": "archive", "type": "directory", "path": str(self.folder / "archive"), "manifest": True,
                 "link": False, "file": "{status}/{requestId}.{ext}", "on": ["succeeded", "failed"], "retry": retry, "concurrency": 1}],
            "shutdown_grace": "100ms",
            "log": {"level": "info", "format": "json"},
        }

    def tell(self, body, tls, limit=5):
        """One callback over a connection of its own."""
        headers = {"x-seedance-signature": harness.sign(body), "Content-Type": "application/json"}
        if tls:
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=limit, context=self.trust)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.plain_port, timeout=limit)
        return harness.exchange(connection, "POST", harness.HOOK, body, headers)

    def ask(self, method, target, limit=5):
        """One request to the control API."""
        return harness.exchange(harness.UnixConnection(self.control, limit), method, target)


class Told:
    """One callback that is to be sent, `times` over."""

    def __init__(self, request_id, status="succeeded", tls=True, times=1):
        self.request_id, self.status, self.tls, self.times = request_id, status, tls, times


class Fresh:
    name = "fresh"

    def __init__(self, stage, small=False):
        """`small`: no large videos."""
        draw = f"req_{random.randrange(10**9)}"
        self.stage, self.folder = stage, stage.new_folder()
        self.told = [Told(pick_id(f"{draw}_large", SMALL if small else LONG, "quick"), tls=False),
                     Told(pick_id(f"{draw}_small", SMALL, "quick"), times=2),
                     Told(f"{draw}_failed", "failed", tls=False, times=2),
                     Told(pick_id(f"{draw}_more", SMALL, "quick"), tls=False)]
        # Its transfer is under way when the daemon is told to stop.
        self.last = Told(pick_id(f"{draw}_last", SMALL if small else LARGE, "slow"))
        self.live = Told(pick_id(f"{draw}_live", SMALL, "quick"))  # once the fault is gone
        self.acknowledged = {}  # {id: status}

    def paths(self, group):
        """The names and folders that the daemon's calls are given: the `store`'s, or those that `videos` come by."""
        if group == "store":
            yield from (self.folder / f"seedhook.db{suffix}" for suffix in ("", "-wal", "-shm", ".lock"))
            return
        for name in ("seedhook-1.log", "spool", "spool/main", "library", "archive", "archive/succeeded", "archive/failed",
                     "library/.seedhook-staging", "archive/.seedhook-staging"):
            yield self.folder / name
        for told in [*self.told, self.last, self.live]:
            for suffix in ("mp4", "part", "part.json"):
                yield self.folder / f"spool/main/{told.request_id}.{suffix}"
            for sink in ("library", "archive"):
                parts = "".join(f"{len(part)}:{part}" for part in ("main", told.request_id, sink))
                delivery = f"dlv_{hashlib.sha256(parts.encode()).hexdigest()[:32]}"
                yield self.folder / sink / ".seedhook-staging" / delivery
                yield self.folder / sink / ".seedhook-staging" / f"{delivery}.json"
            for name in faults_judge.files_of(told.request_id, told.status):
                yield self.folder / name


class Resume(Fresh):
    """On a copy of a snapshot that is made once."""

    name = "resume"

    def __init__(self, stage, small=False):
        super().__init__(stage, small)
        if stage.snapshot is None:
            stage.snapshot = Snapshot(stage)
        stage.snapshot.copy_to(self.folder)
        self.before = [Told(stage.snapshot.half, tls=False), Told(stage.snapshot.whole), Told(stage.snapshot.delivered)]
        self.told = self.before + [self.told[1], self.told[2]]
        self.acknowledged = {t.request_id: t.status for t in self.before}


class Snapshot:
    """A folder as crashes leave it."""

    def __init__(self, stage):
        self.stage, self.folder = stage, stage.new_folder()
        self.half = pick_id("req_half", LONG, "slow")
        self.whole = pick_id("req_whole", SMALL, "quick")
        self.delivered = pick_id("req_delivered", SMALL, "quick")
        self.manifest = f"archive/succeeded/{self.delivered}.mp4.json"
        for sink in ("library", "archive"):
            (self.folder / sink).rmdir()
        self._stop_in_the_middle()
        self._learn_of_one_more()
        for sink in ("library", "archive"):
            (self.folder / sink).mkdir()
        self._deliver_unrecorded()
        (self.folder / f"spool/main/{self.whole}.mp4").write_bytes(origin.content(self.whole))
        (self.folder / "spool/main/req_stray.mp4").write_bytes(b"of a task that was done long ago")
        (self.folder / "library/.seedhook-staging").mkdir()
        (self.folder / "library/.seedhook-staging/dlv_stray").write_bytes(b"of a delivery that crashed long ago")

    def copy_to(self, folder):
        shutil.copytree(self.folder, folder, dirs_exist_ok=True,
                        ignore=shutil.ignore_patterns("*.log", "*.sock", "*.yaml", "*.lock"))
        manifest = folder / self.manifest
        manifest.write_text(manifest.read_text().replace(str(self.folder), str(folder)))
        os.utime(folder / "library/.seedhook-staging/dlv_stray", (1e9, 1e9))

    def _tell(self, daemon, request_id):
        assert daemon.tell(self.stage.body(Told(request_id)), tls=False).status == 200

    def _stop_in_the_middle(self):
        """One video fetched, whose sinks are not there; one half fetched."""
        daemon = self.stage.daemon(self.folder).ready()
        self._tell(daemon, self.delivered)
        harness.wait_until(lambda: daemon.task(self.delivered).json["stage"] == "delivering", "a fetched video")
        self._tell(daemon, self.half)
        part = self.folder / f"spool/main/{self.half}.part"
        harness.wait_until(lambda: part.exists() and part.stat().st_size > 0, "half a video", pause=0.002)
        daemon.kill()

    def _learn_of_one_more(self):
        """A task whose fetch cannot be, as the daemon trusts nobody."""
        daemon = self.stage.daemon(self.folder, outbound={"ca_file": self.stage.server[0], "proxy": "none"}).ready()
        self._tell(daemon, self.whole)
        daemon.kill()

    def _deliver_unrecorded(self):
        """Has the fetched video delivered on a copy, and takes the files but not the database."""
        copy = self.stage.new_folder()
        shutil.copytree(self.folder, copy, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.sock"))
        daemon = self.stage.daemon(copy).ready()
        daemon.finished(self.delivered)
        daemon.kill()
        (self.folder / "archive/succeeded").mkdir()
        for name in (f"library/{self.delivered}.mp4", f"archive/succeeded/{self.delivered}.mp4", self.manifest):
            shutil.copy(copy / name, self.folder / name)
        manifest = self.folder / self.manifest
        manifest.write_text(manifest.read_text().replace(str(copy), str(self.folder)))
        shutil.rmtree(copy)


SCENES = {kind.name: kind for kind in (Fresh, Resume)}
