"""Where a run takes place: folders, certificates, the origin, the sinks' other ends, and the daemon's address through all its lives."""
import contextlib
import random
import socket

import harness
from directory_output import DirectoryOutput
from far_ends import FarEnds
from hook_output import HookOutput
from object_output import ObjectOutput
from origin import Origin
from post_output import PostOutput


def lasting_port():
    """A free port that no outgoing connection takes while the daemon is dead."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as text:
        lowest = int(text.read().split()[0])
    while True:
        port = random.randrange(min(10_000, lowest - 1), lowest)
        with socket.socket() as s, contextlib.suppress(OSError):
            s.bind(("127.0.0.1", port))
            return port


class Life(harness.Daemon):
    """One life of the daemon. Its state, spool and output are on the place's disk; what else it has lies beside."""

    def __init__(self, place):
        self.place = place
        super().__init__(place.folder, place.authority, port=place.port, environment=place.environment)

    def default_settings(self):
        settings = super().default_settings()
        settings["store"]["path"] = str(self.place.store)
        settings["spool"]["path"] = str(self.place.spool)
        settings["sinks"] = [output.sink() for output in self.place.outputs]
        settings["fetch"]["concurrency"] = 32
        settings["shutdown_grace"] = "200ms"  # so that deliveries are interrupted, too
        return settings


class Place:
    """`environment` is for the daemon alone. Its own files are on `disk`; what its sinks' other ends know lies beside."""

    def __init__(self, folder, disk, environment=None):
        self.folder, self.disk = folder, disk
        self.environment = environment or {}
        self.store, self.spool = disk / "seedhook.db", disk / "spool"
        ends = FarEnds(folder / "far_ends")
        self.outputs = [DirectoryOutput(disk / "videos"), DirectoryOutput(disk / "copies", link=False), HookOutput(folder),
                        ObjectOutput(ends), PostOutput(ends)]
        self.authority = harness.Authority(folder)
        self.client_context = self.authority.client_context()
        self.port = lasting_port()
        self.origin = None

    def __enter__(self):
        for output in self.outputs:
            output.make()
        self.origin = Origin(*self.authority.issue("origin"))
        return self

    def __exit__(self, *_):
        for program in harness.Program.started:
            if program.running:
                program.kill()
        self.origin.stop()
        for output in self.outputs:
            output.stop()

    def start(self):
        """A new life of the daemon, which is not waited for."""
        return Life(self)

    def left_over(self):
        """What a daemon at rest has left in its spool and in the folders of its sinks."""
        files = [f"spool/{file.relative_to(self.spool)}" for file in self.spool.rglob("*") if not file.is_dir()]
        for output in self.outputs:
            files += output.left_over()
        return files
